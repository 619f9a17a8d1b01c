// The shapes of requests and responses, with meaning and units. JSON names are lowerCamelCase, times RFC
// 3339, durations proto JSON ("0.500s"); a field that does not apply is absent.
import { Type } from 'typebox';
import { backendStates } from '../health/backend-health.ts';
import { frontendStates } from '../health/frontend-state.ts';
import {
  count,
  duration,
  FrontendName,
  HealthCheckName,
  type Json,
  Name,
  object,
  PoolName,
  Reason,
  shape,
  text,
  time,
  words,
} from './schema-parts.ts';

const healthCheckTypes = ['icmp', 'tcp', 'http', 'https'] as const;

export const TransitionShape = shape(
  'Transition',
  {
    from: words(backendStates, 'state before', 'up'),
    to: words(backendStates, 'state after', 'down'),
    at: time('when'),
    code: text('result code of the probe, or the operator action', 'L7STS'),
    detail: text('cause in words', 'HTTP 503'),
  },
  'one change of state',
);

export const LastProbeShape = shape(
  'LastProbe',
  {
    at: time('when it ended'),
    ok: Type.Boolean({ description: 'whether it passed' }),
    code: text('result code', 'L7OK'),
    detail: text('result in words', 'HTTP 200'),
    duration: duration('from start to result'),
  },
  'the last probe whose result counted',
);

export const BackendShape = shape(
  'Backend',
  {
    name: Name,
    address: text('IP address', '192.0.2.10'),
    healthcheck: Type.Optional(text('name of its health check; absent: static', 'http-ok')),
    enabled: Type.Boolean({ description: 'false while an operator or the file has disabled it' }),
    state: words(backendStates, 'state', 'up'),
    code: Type.Optional(text('code of the transition into this state; absent before the first', 'L7OK')),
    detail: Type.Optional(text('cause of that transition', 'HTTP 200')),
    since: time('when it entered this state'),
    counter: shape(
      'Counter',
      {
        value: count('0 .. rise+fall-1; up from rise on', 4),
        rise: count('passes that bring it up', 2),
        fall: count('failures that bring it down', 3),
      },
      'the health counter',
    ),
    lastProbe: Type.Optional(LastProbeShape),
    transitions: Type.Array(TransitionShape, { description: 'the last transitions, oldest first' }),
    frontends: Type.Array(Type.String(), {
      description: 'frontends that list it, in configuration order',
      examples: [['www-v4']],
    }),
  },
  'a backend as the checker sees it',
);

const PoolBackendShape = shape(
  'PoolBackend',
  {
    name: Name,
    state: words(backendStates, 'state of the backend', 'up'),
    weight: count('configured weight, 0..100, with an operator override applied', 100),
    fileWeight: Type.Optional(
      count("the file's weight, where an operator override stands in its place; absent: none does", 100),
    ),
    effectiveWeight: count('weight that its state and the active pool leave it, 0..100', 100),
    programmedWeight: count('effective weight in steps, as VPP gets it', 10),
    buckets: Type.Optional(count('buckets that VPP gives it; absent: not known, VPP is not connected', 512)),
  },
  'a backend in a pool',
);

export const FrontendShape = shape(
  'Frontend',
  {
    name: FrontendName,
    description: Type.Optional(text('free text', 'public web')),
    address: text('VIP address', '198.51.100.80'),
    protocol: words(['tcp', 'udp', 'any'], 'any: all ports of the address'),
    port: Type.Optional(
      Type.Integer({ description: 'absent for protocol any', minimum: 1, maximum: 65535, examples: [80] }),
    ),
    state: words(frontendStates, 'up iff a backend has an effective weight above 0', 'up'),
    since: time('when it entered this state'),
    activePool: text('pool whose weights count', 'primary'),
    srcIpSticky: Type.Boolean({ description: 'flows of one source address stay together' }),
    flushOnDown: Type.Boolean({ description: 'flows of a backend that goes down are cut' }),
    encap: words(['gre4', 'gre6'], 'by the family of the backends'),
    newFlowsTableLength: count('buckets of the new-flow table in VPP', 1024),
    weightSteps: count('resolution of programmed weights', 10),
    pools: Type.Array(
      shape(
        'Pool',
        { name: PoolName, backends: Type.Array(PoolBackendShape) },
        'a pool, in order of preference',
      ),
    ),
  },
  'a frontend with its pools',
);

export const HealthCheckShape = shape(
  'HealthCheck',
  {
    name: HealthCheckName,
    type: words(healthCheckTypes, 'kind of probe', 'https'),
    port: Type.Optional(
      Type.Integer({ description: 'absent for icmp', minimum: 1, maximum: 65535, examples: [443] }),
    ),
    interval: duration('while up and steady', '2s'),
    fastInterval: duration('while unknown or between'),
    downInterval: duration('while fully down', '5s'),
    timeout: duration('for one probe', '1s'),
    rise: count('passes that bring a backend up', 2),
    fall: count('failures that bring a backend down', 3),
    probeIpv4Src: Type.Optional(text('source address of probes of IPv4 backends', '192.0.2.9')),
    probeIpv6Src: Type.Optional(text('source address of probes of IPv6 backends', '2001:db8::9')),
    params: Type.Optional(
      shape(
        'HealthCheckParams',
        {
          method: Type.Optional(words(['GET', 'HEAD'], 'http, https', 'GET')),
          path: Type.Optional(text('http, https: request target', '/healthz')),
          host: Type.Optional(text("Host header; absent: the backend's address", 'www.example.org')),
          headers: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'http, https' })),
          responseCode: Type.Optional(text('codes that pass', '200-299')),
          responseRegexp: Type.Optional(text('RE2, on the first 64 KiB of the body', '^ok')),
          tls: Type.Optional(Type.Boolean({ description: 'tcp: a TLS handshake follows the connect' })),
          serverName: Type.Optional(text('SNI and name in the certificate', 'www.example.org')),
          insecureSkipVerify: Type.Optional(Type.Boolean({ description: 'the certificate is not verified' })),
          caFile: Type.Optional(text('trusted besides the CAs of the system', '/etc/ssl/internal.pem')),
        },
        'what the type needs; absent for icmp',
      ),
    ),
  },
  'a health check with its defaults filled in',
);

export const VersionShape = shape(
  'Version',
  {
    version: text('release', '0.1.0'),
    commit: text('abbreviated hash', '0123456789ab'),
    date: text('date of that commit', '2026-11-23T12:00:00+00:00'),
    node: text('version of Node.js', '26.10.0'),
  },
  'what is running',
);

const OverrideNote = {
  by: text('who set it', '127.0.0.1'),
  at: time('when'),
  reason: Type.Optional(text('why', 'kernel upgrade')),
};

export const OverrideShape = shape(
  'Override',
  {
    backend: Name,
    admin: Type.Optional(words(['paused', 'disabled', 'enabled'], 'for the backend as a whole')),
    frontend: Type.Optional(FrontendName),
    pool: Type.Optional(PoolName),
    weight: Type.Optional(count('in that pool of that frontend, 0..100', 50)),
    ...OverrideNote,
  },
  'what an operator set beside the file',
);

export const BackendActionBody = object(
  {
    reason: Reason,
  },
  'an action on a backend',
);

export const Empty = object({}, 'nothing');
export const BackendParams = object({ backend: Name }, 'which backend');
export const FrontendParams = object({ frontend: FrontendName }, 'which frontend');
export const HealthCheckParams = object({ healthcheck: HealthCheckName }, 'which health check');
const stateFilter = <const T extends string>(states: readonly T[]) =>
  Type.Optional(
    Type.Array(words(states, 'a state'), {
      description: 'only those in one of these states',
      uniqueItems: true,
    }),
  );
export const BackendQuery = object(
  { state: stateFilter(backendStates), frontend: Type.Optional(FrontendName) },
  'which backends; frontend: only those that it lists',
);
export const FrontendQuery = object(
  { state: stateFilter(frontendStates), backend: Type.Optional(Name) },
  'which frontends; backend: only those that list it',
);
export const HealthCheckQuery = object(
  { type: Type.Optional(words(healthCheckTypes, 'only those of this type')) },
  'which health checks',
);
export const OverrideQuery = object({ backend: Type.Optional(Name) }, 'which overrides');
export const BackendList = shape(
  'BackendList',
  { backends: Type.Array(BackendShape) },
  'in configuration order',
);
export const FrontendList = shape(
  'FrontendList',
  { frontends: Type.Array(FrontendShape) },
  'in configuration order',
);
export const HealthCheckList = shape(
  'HealthCheckList',
  { healthchecks: Type.Array(HealthCheckShape) },
  'in configuration order',
);
export const OverrideList = shape('OverrideList', { overrides: Type.Array(OverrideShape) }, 'by name');

export type TransitionJson = Json<typeof TransitionShape>;
export type BackendJson = Json<typeof BackendShape>;
export type FrontendJson = Json<typeof FrontendShape>;
export type HealthCheckJson = Json<typeof HealthCheckShape>;
export type OverrideJson = Json<typeof OverrideShape>;
export type VersionJson = Json<typeof VersionShape>;
