// Any valid configuration, written as a file, is read back as it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Config, Frontend, HealthCheck, HttpParams, TlsParams } from '../src/config/config.ts';
import { diffConfig } from '../src/config/diff.ts';
import { parseConfig } from '../src/config/parse.ts';
import { reportLines } from '../src/config/report.ts';
import { type Address, parseAddress } from '../src/lib/address.ts';
import { formatProtoDuration } from '../src/lib/duration.ts';

const name = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,12}$/),
  fc.constantFrom('0', '10', '9', 'constructor', 'toString', 'null', 'true', 'x'.repeat(63)),
);
const names = (maxLength: number) => fc.uniqueArray(name, { maxLength });
const interval = fc.integer({ min: 10, max: 86_400_000 });
const port = fc.integer({ min: 1, max: 65_535 });
const code = fc
  .tuple(fc.integer({ min: 100, max: 599 }), fc.integer({ min: 100, max: 599 }))
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));

const ipv4 = fc.integer({ min: 0, max: 0xffff }).map((low) => `10.1.${low >> 8}.${low & 255}`);
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 6, maxLength: 6 })
  .map((groups) => address(`2001:db8:${groups.map((group) => group.toString(16)).join(':')}`).text);

function address(text: string): Address {
  const result = parseAddress(text);
  assert.ok(result.ok);
  return result.address;
}

const tls = fc.record(
  {
    serverName: fc.constantFrom('www.example.org', '192.0.2.1'),
    insecureSkipVerify: fc.boolean(),
    caFile: fc.constant('/etc/ssl/internal.pem'),
  },
  { requiredKeys: ['insecureSkipVerify'], noNullPrototype: true },
);
const printable = fc.stringMatching(/^[\x20-\x7e]{0,20}$/);
const http = fc.record(
  {
    method: fc.constantFrom('GET' as const, 'HEAD' as const),
    path: fc.stringMatching(/^[!-"$-~]{0,20}$/).map((text) => `/${text}`),
    host: fc.constantFrom('www.example.org', '[2001:db8::1]:8080'),
    headers: fc.uniqueArray(fc.tuple(fc.stringMatching(/^X-[!#$%&'*+.^_`|~0-9A-Za-z-]{1,9}$/), printable), {
      maxLength: 4,
      selector: ([header]) => header,
    }),
    responseCode: fc.array(code, { minLength: 1, maxLength: 5 }),
    responseRegexp: printable.map((text) => text.replace(/[^ A-Za-z0-9]/g, '\\$&')),
  },
  { requiredKeys: ['method', 'path', 'headers', 'responseCode'], noNullPrototype: true },
);
const variant: fc.Arbitrary<object> = fc.oneof(
  fc.constant({ type: 'icmp' }),
  fc.record(
    { type: fc.constant('tcp'), port, tls },
    { requiredKeys: ['type', 'port'], noNullPrototype: true },
  ),
  fc.record({ type: fc.constant('http'), port, http }, { noNullPrototype: true }),
  fc.record({ type: fc.constant('https'), port, http, tls }, { noNullPrototype: true }),
);
const common = fc.record(
  {
    intervalMs: interval,
    fastIntervalMs: interval,
    downIntervalMs: interval,
    timeoutMs: fc.integer({ min: 1, max: 600_000 }),
    rise: fc.integer({ min: 1, max: 1000 }),
    fall: fc.integer({ min: 1, max: 1000 }),
    probeIpv4Src: ipv4,
    probeIpv6Src: ipv6,
  },
  {
    requiredKeys: ['intervalMs', 'fastIntervalMs', 'downIntervalMs', 'timeoutMs', 'rise', 'fall'],
    noNullPrototype: true,
  },
);
const byName = <T extends { readonly name: string }>(list: readonly T[]) =>
  new Map(list.map((each) => [each.name, each]));

const config: fc.Arbitrary<Config> = fc.gen().map((g) => {
  const healthchecks = g(names, 5).map(
    (each) => ({ name: each, ...g(() => common), ...g(() => variant) }) as HealthCheck,
  );
  const backends = g(names, 8).map((each) => {
    const { text, family } = address(g(() => fc.oneof(ipv4, ipv6)));
    const healthcheck = healthchecks[g(fc.nat, { max: 9 })]?.name;
    const enabled = g(fc.boolean);
    return { name: each, address: text, family, ...(healthcheck !== undefined && { healthcheck }), enabled };
  });
  const frontends = g(names, 5).flatMap((each, index) => {
    const family = g(() => fc.constantFrom(4, 6));
    const usable = [
      ...new Map(backends.filter((b) => b.family === family).map((b) => [b.address, b.name])).values(),
    ];
    if (usable.length === 0) return [];
    const pools = g(() => fc.uniqueArray(name, { minLength: 1, maxLength: 3 })).map((pool) => ({
      name: pool,
      backends: g(() => fc.shuffledSubarray(usable, { minLength: 1 })).map((backend) => ({
        name: backend,
        weight: g(fc.nat, { max: 100 }),
      })),
    }));
    const service = g(() =>
      fc.oneof(
        fc.constant({ protocol: 'any' as const }),
        fc.record({ protocol: fc.constantFrom('tcp' as const, 'udp' as const), port }),
      ),
    );
    const description = g(() => fc.option(fc.stringMatching(/^[ -~\n\t\u00e9]{1,30}$/)));
    const vip = address(g(fc.boolean) ? `198.51.100.${index}` : `2001:db8:1::${index}`);
    return [
      {
        ...{ name: each, address: vip.text, family: vip.family, ...service, pools },
        ...(description !== null && { description }),
        srcIpSticky: g(fc.boolean),
        flushOnDown: g(fc.boolean),
        newFlowsTableLength: 2 ** g(fc.nat, { max: 20 }),
        weightSteps: 1 + g(fc.nat, { max: 99 }),
      },
    ];
  });
  const startupMinDelayMs = g(fc.nat, { max: 1_800_000 });
  const netns = g(() => fc.option(fc.constantFrom('dataplane', '1')));
  return {
    healthchecker: { transitionHistory: 1 + g(fc.nat, { max: 999 }), ...(netns !== null && { netns }) },
    lb: {
      ipv4SrcAddress: '192.0.2.1',
      ipv6SrcAddress: '2001:db8::1',
      syncIntervalMs: g(() => fc.integer({ min: 100, max: 86_400_000 })),
      stickyBucketsPerCore: 2 ** g(fc.nat, { max: 20 }),
      flowTimeoutMs: 1000 * (1 + g(fc.nat, { max: 119 })),
      startupMinDelayMs,
      startupMaxDelayMs: startupMinDelayMs + g(fc.nat, { max: 1_800_000 }),
    },
    healthchecks: byName(healthchecks),
    backends: byName(backends),
    frontends: byName(frontends),
  };
});

// --- the writer: JSON is YAML, and keeps keys such as "10" in their order when it is written by hand

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const given = entries.filter(([, child]) => child !== undefined);
  return `{${given.map(([key, child]) => `${JSON.stringify(key)}: ${write(child)}`).join(', ')}}`;
}

function tlsParams(params: TlsParams) {
  return {
    'server-name': params.serverName,
    'insecure-skip-verify': params.insecureSkipVerify,
    'ca-file': params.caFile,
  };
}

function httpParams(params: HttpParams) {
  return {
    method: params.method,
    path: params.path,
    host: params.host,
    headers: new Map(params.headers),
    'response-code': params.responseCode.map(({ first, last }) => `${first}-${last}`).join(','),
    'response-regexp': params.responseRegexp,
  };
}

function healthCheckFile(check: HealthCheck) {
  const params = {
    ...('http' in check && httpParams(check.http)),
    ...('tls' in check && check.tls !== undefined && tlsParams(check.tls)),
    ...(check.type === 'tcp' && { tls: check.tls !== undefined }),
  };
  return {
    type: check.type,
    port: 'port' in check ? check.port : undefined,
    interval: formatProtoDuration(check.intervalMs),
    'fast-interval': formatProtoDuration(check.fastIntervalMs),
    'down-interval': formatProtoDuration(check.downIntervalMs),
    timeout: formatProtoDuration(check.timeoutMs),
    rise: check.rise,
    fall: check.fall,
    'probe-ipv4-src': check.probeIpv4Src,
    'probe-ipv6-src': check.probeIpv6Src,
    params,
  };
}

function frontendFile(frontend: Frontend) {
  return {
    description: frontend.description,
    address: frontend.address,
    protocol: frontend.protocol === 'any' ? undefined : frontend.protocol,
    port: frontend.port,
    'src-ip-sticky': frontend.srcIpSticky,
    'flush-on-down': frontend.flushOnDown,
    'new-flows-table-length': frontend.newFlowsTableLength,
    'weight-steps': frontend.weightSteps,
    pools: frontend.pools.map((pool) => ({
      name: pool.name,
      backends: new Map(pool.backends.map(({ name: backend, weight }) => [backend, { weight }])),
    })),
  };
}

const mapValues = <T>(map: ReadonlyMap<string, T>, change: (value: T) => unknown) =>
  new Map([...map].map(([key, value]) => [key, change(value)]));

function file({ healthchecker, lb, healthchecks, backends, frontends }: Config): string {
  const lbFile = {
    'ipv4-src-address': lb.ipv4SrcAddress,
    'ipv6-src-address': lb.ipv6SrcAddress,
    'sync-interval': formatProtoDuration(lb.syncIntervalMs),
    'sticky-buckets-per-core': lb.stickyBucketsPerCore,
    'flow-timeout': formatProtoDuration(lb.flowTimeoutMs),
    'startup-min-delay': formatProtoDuration(lb.startupMinDelayMs),
    'startup-max-delay': formatProtoDuration(lb.startupMaxDelayMs),
  };
  return write({
    maglev: {
      healthchecker: { 'transition-history': healthchecker.transitionHistory, netns: healthchecker.netns },
      vpp: { lb: lbFile },
      healthchecks: mapValues(healthchecks, healthCheckFile),
      backends: mapValues(backends, ({ address: text, healthcheck, enabled }) => ({
        address: text,
        healthcheck,
        enabled,
      })),
      frontends: mapValues(frontends, frontendFile),
    },
  });
}

test('any valid configuration is read back as it was, in its order', () => {
  let frontendCount = 0;
  fc.assert(
    fc.property(config, (given) => {
      const text = file(given);
      const result = parseConfig(text);
      assert.ok(result.ok, `${reportLines(result, 'file').join('\n')}\n${text}`);
      assert.deepEqual(result.config, given);
      for (const section of ['healthchecks', 'backends', 'frontends'] as const) {
        assert.deepEqual([...result.config[section].keys()], [...given[section].keys()]);
      }
      assert.deepEqual(diffConfig(given, result.config).backends.changed, []);
      frontendCount += given.frontends.size;
    }),
    { numRuns: 150, endOnFailure: true },
  );
  assert.ok(frontendCount > 100, 'the generator makes frontends');
});
