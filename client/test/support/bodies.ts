// Answers of a daemon in trouble, for the golden files: every state, long names, hostile text. Data only.
import type {
  Backend,
  ConfigReload,
  Frontend,
  HealthCheck,
  LbCounters,
  LbState,
  MaglevEvent,
  Override,
  VppInfo,
} from '../../src/api/shapes.ts';

/** "Now" of all golden files. */
export const nowMs: number = Date.parse('2026-11-23T12:00:00Z');
const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString();

function backend(name: string, state: Backend['state'], more: Partial<Backend> = {}): Backend {
  return {
    name,
    address: '192.0.2.10',
    healthcheck: 'http-ok',
    enabled: state !== 'disabled',
    state,
    code: 'L7OK',
    detail: 'HTTP 200',
    since: ago(630),
    counter: { value: 4, rise: 2, fall: 3 },
    lastProbe: { at: ago(1), ok: true, code: 'L7OK', detail: 'HTTP 200', duration: '0.001234s' },
    transitions: [{ from: 'unknown', to: 'up', at: ago(630), code: 'L7OK', detail: 'HTTP 200' }],
    frontends: ['www-v4', 'www-v6'],
    ...more,
  };
}
const refused = { at: ago(3), ok: false, code: 'L4CON', detail: 'connection refused', duration: '0.000210s' };

export const backends: readonly Backend[] = [
  backend('nginx0-ams', 'up', { since: ago(190_000) }),
  backend('nginx1-ams', 'down', {
    address: '192.0.2.11',
    counter: { value: 0, rise: 2, fall: 3 },
    lastProbe: refused,
    transitions: [
      { from: 'unknown', to: 'up', at: ago(7_300), code: 'L7OK', detail: 'HTTP 200' },
      { from: 'up', to: 'down', at: ago(630), code: 'L7STS', detail: 'HTTP 503' },
    ],
  }),
  backend('nginx2-ams', 'paused', { code: 'paused', detail: 'kernel upgrade', since: ago(59) }),
  backend('nginx3-ams-with-a-name-that-goes-on-and-on', 'disabled', {
    address: '2001:db8:1234:5678:9abc:def0:1234:5678',
    code: 'disabled',
    detail: 'by alice',
  }),
  backend('nginx4-ams', 'unknown', { since: ago(0) }),
  backend('evil', 'up', {
    lastProbe: { ...refused, ok: true, detail: 'HTTP 200 \x1b[2J\x1b]0;owned\x07 \u202egnp.exe' },
  }),
  // A static backend has no health check, no probe and no code.
  ((): Backend => {
    const { healthcheck, lastProbe, code, detail, ...rest } = backend('static0', 'up', { transitions: [] });
    assertKnown(healthcheck, lastProbe, code, detail);
    return { ...rest, frontends: [] };
  })(),
];

/** What a static backend leaves out is what the others have. */
function assertKnown(...values: readonly unknown[]): void {
  if (values.includes(undefined)) throw new Error('the sample has lost a field');
}

export const frontend: Frontend = {
  name: 'www-v4',
  description: 'public web 網站, served from Amsterdam and, when all of it is down, from Zürich',
  address: '198.51.100.80',
  protocol: 'tcp',
  port: 80,
  state: 'up',
  since: ago(7_300),
  activePool: 'primary',
  srcIpSticky: false,
  flushOnDown: true,
  encap: 'gre4',
  newFlowsTableLength: 16_384,
  weightSteps: 10,
  pools: [
    {
      name: 'primary',
      backends: [
        {
          name: 'nginx0-ams',
          state: 'up',
          weight: 100,
          effectiveWeight: 100,
          programmedWeight: 10,
          buckets: 16_384,
        },
        {
          name: 'nginx1-ams',
          state: 'down',
          weight: 50,
          fileWeight: 100,
          effectiveWeight: 0,
          programmedWeight: 0,
          buckets: 0,
        },
        { name: 'nginx2-ams', state: 'paused', weight: 100, effectiveWeight: 0, programmedWeight: 0 },
      ],
    },
    {
      name: 'fallback',
      backends: [
        { name: 'evil', state: 'up', weight: 100, effectiveWeight: 0, programmedWeight: 0, buckets: 0 },
        {
          name: 'nginx3-ams-with-a-name-that-goes-on-and-on',
          state: 'disabled',
          weight: 100,
          effectiveWeight: 0,
          programmedWeight: 0,
        },
      ],
    },
  ],
};

export const frontends: readonly Frontend[] = [
  frontend,
  { ...frontend, name: 'dns-any', address: '2001:db8::53', protocol: 'any', state: 'down', pools: [] },
];

/** The same after the weight of nginx0-ams was set to 20. */
export const weighted: Frontend = {
  ...frontend,
  pools: frontend.pools.map((pool) => ({
    ...pool,
    backends: pool.backends.map((each) =>
      each.name === 'nginx0-ams'
        ? { ...each, weight: 20, fileWeight: 100, effectiveWeight: 20, programmedWeight: 2 }
        : each,
    ),
  })),
};

/** The same after nginx0-ams was disabled and the fallback took over. */
export const failedOver: Frontend = {
  ...frontend,
  activePool: 'fallback',
  pools: frontend.pools.map((pool) => ({
    ...pool,
    backends: pool.backends.map((each) => {
      if (each.name === 'nginx0-ams') {
        return { ...each, state: 'disabled' as const, effectiveWeight: 0, programmedWeight: 0 };
      }
      return each.name === 'evil' ? { ...each, effectiveWeight: 100, programmedWeight: 10 } : each;
    }),
  })),
};

export const healthChecks: readonly HealthCheck[] = [
  {
    name: 'http-ok',
    type: 'http',
    port: 80,
    interval: '2s',
    fastInterval: '0.500s',
    downInterval: '90s',
    timeout: '1s',
    rise: 2,
    fall: 3,
    params: { method: 'GET', path: '/healthz', headers: { 'X-Check': 'maglev' }, responseCode: '200-299' },
  },
  {
    name: 'ping',
    type: 'icmp',
    interval: '2s',
    fastInterval: '2s',
    downInterval: '2s',
    timeout: '1s',
    rise: 2,
    fall: 3,
    probeIpv4Src: '192.0.2.9',
  },
];

export const overrides: readonly Override[] = [
  { backend: 'nginx2-ams', admin: 'paused', by: 'alice', at: ago(59), reason: 'kernel upgrade' },
  { backend: 'nginx0-ams', frontend: 'www-v4', pool: 'primary', weight: 20, by: '192.0.2.7', at: ago(7_300) },
];

export const vppInfo: VppInfo = {
  connection: 'incompatible',
  reason: 'VPP lacks messages that are needed',
  version: '26.06-release',
  buildDate: '2026-06-24T12:00:00',
  buildDirectory: '/build/vpp',
  pid: 4711,
  bootTime: ago(190_000),
  connectTime: ago(630),
  apiSent: 1_017,
  apiReceived: 1_016,
  missingCapabilities: ['lb_as_set_weight_8a9c2b1d'],
};

const vip = { prefix: '198.51.100.80/32', protocol: 'tcp', port: 80, frontend: 'www-v4' };
export const lbState: LbState = {
  at: ago(0),
  conf: {
    ipv4SrcAddress: '192.0.2.1',
    ipv6SrcAddress: '2001:db8::1',
    stickyBucketsPerCore: 65_536,
    flowTimeout: '40s',
  },
  vips: [
    {
      ...vip,
      encap: 'gre4',
      srcIpSticky: false,
      newFlowsTableLength: 16_384,
      inSync: false,
      applicationServers: [
        {
          address: '192.0.2.10',
          backend: 'nginx0-ams',
          weight: 10,
          buckets: 16_000,
          predictedBuckets: 16_384,
        },
        { address: '192.0.2.11', backend: 'nginx1-ams', weight: 0, buckets: 0, predictedBuckets: 0 },
      ],
    },
    {
      prefix: '2001:db8::53/128',
      protocol: 'any',
      encap: 'gre6',
      srcIpSticky: true,
      newFlowsTableLength: 1_024,
      applicationServers: [],
    },
  ],
  missingFrontends: ['www-v6'],
};
export const lbCounters: LbCounters = {
  at: ago(0),
  vips: [
    {
      ...vip,
      next: 9_007_199_254_740_991,
      first: 12,
      untracked: 1,
      noServer: 2,
      routePackets: 15,
      routeBytes: 1_500,
    },
    { prefix: '2001:db8::53/128', protocol: 'any', next: 0, first: 0, untracked: 0, noServer: 0 },
  ],
};

const problem = { kind: 'semantic', line: 12, column: 5 } as const;
export const refusedReload: ConfigReload = {
  ok: false,
  errors: [
    { ...problem, path: 'maglev.backends.nginx0-ams.healthcheck', message: 'no such health check: http-okk' },
    { kind: 'structural', line: 0, column: 0, path: '', message: 'the file is not UTF-8' },
  ],
  warnings: [{ ...problem, path: 'maglev.backends.static0', message: 'no frontend uses it' }],
};
export const reload: ConfigReload = {
  ok: true,
  errors: [],
  warnings: [],
  changes: {
    healthchecks: { added: [], removed: [], changed: ['http-ok'] },
    backends: { added: ['nginx5-ams', 'nginx6-ams'], removed: ['nginx9-ams'], changed: [] },
    frontends: { added: [], removed: [], changed: [] },
    settings: ['sync-interval'],
  },
};

const at = '2026-11-23T12:00:00.123Z';
export const events: readonly MaglevEvent[] = [
  {
    id: 'mf3k2-17',
    at,
    kind: 'backend',
    backend: {
      backend: 'nginx1-ams',
      transition: { from: 'up', to: 'down', at, code: 'L7STS', detail: 'HTTP 503' },
    },
  },
  {
    at,
    kind: 'frontend',
    snapshot: true,
    frontend: { frontend: 'www-v4', from: 'up', to: 'up', at },
  },
  {
    at,
    kind: 'frontend',
    frontend: {
      frontend: 'www-v4',
      from: 'up',
      to: 'down',
      at,
      cause: { backend: 'nginx0-ams', state: 'down', code: 'L4CON' },
    },
  },
  {
    at,
    kind: 'log',
    log: { level: 'warn', message: 'vpp-disconnected', attributes: { why: 'closed\x1b[2J' } },
  },
  { at, kind: 'vpp', vpp: { what: 'drift', message: 'VPP held something else', frontend: 'www-v4' } },
  { at, kind: 'config', config: { outcome: 'override-set', message: 'pause nginx2-ams by alice' } },
  { at, kind: 'resync', resync: { reason: 'event mf3k2-1 is older than what is kept' } },
];
