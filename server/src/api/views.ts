// From what the daemon holds to what the API shows. Pure: no request, no clock.
import type { BackendSnapshot } from '../checker/slot.ts';
import type { CodeRange, Config, Frontend, HealthCheck, HttpParams, TlsParams } from '../config/config.ts';
import { largestWeight, programmedWeight } from '../config/programmed-weight.ts';
import { encapOf } from '../dataplane/desired.ts';
import type { FrontendStatus } from '../health/frontend-state.ts';
import { formatProtoDuration } from '../lib/duration.ts';
import type { OverrideEntry } from '../overrides/overrides.ts';
import type { BackendJson, FrontendJson, HealthCheckJson, OverrideJson } from './schemas.ts';

/** RFC 3339 with milliseconds, UTC. */
export function formatTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

/** Finer than a microsecond is noise. */
function roundToMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

export function backendView(snapshot: BackendSnapshot, frontends: readonly string[]): BackendJson {
  const { name, address, check, state, admin, counter, rise, fall, code, detail, lastProbe } = snapshot;
  return {
    name,
    address,
    ...(check && { healthcheck: check.name }),
    enabled: admin !== 'disabled',
    state,
    ...(code && { code }),
    ...(detail && { detail }),
    since: formatTime(snapshot.sinceMs),
    counter: { value: counter, rise, fall },
    ...(lastProbe && {
      lastProbe: {
        at: formatTime(lastProbe.atMs),
        ok: lastProbe.ok,
        code: lastProbe.code,
        detail: lastProbe.detail,
        duration: formatProtoDuration(roundToMicroseconds(lastProbe.durationMs)),
      },
    }),
    transitions: snapshot.transitions.map(({ from, to, atMs, code, detail }) => {
      return { from, to, at: formatTime(atMs), code, detail };
    }),
    frontends: [...frontends],
  };
}

export function frontendView(
  frontend: Frontend,
  status: FrontendStatus,
  sinceMs: number,
  config: Config,
  bucketsOf: (backend: string) => number | undefined,
): FrontendJson {
  const { name, description, address, protocol, port, srcIpSticky, flushOnDown } = frontend;
  const largest = largestWeight(frontend);
  const held = (backend: string) => {
    const buckets = bucketsOf(backend);
    return buckets === undefined ? {} : { buckets };
  };
  return {
    name,
    ...(description !== undefined && { description }),
    address,
    protocol,
    ...(port !== undefined && { port }),
    state: status.state,
    since: formatTime(sinceMs),
    activePool: status.activePool,
    srcIpSticky,
    flushOnDown,
    encap: encapOf(frontend, config),
    newFlowsTableLength: frontend.newFlowsTableLength,
    weightSteps: frontend.weightSteps,
    pools: status.pools.map((pool, poolIndex) => ({
      name: pool.name,
      backends: pool.backends.map((backend, index) => ({
        name: backend.name,
        state: backend.state,
        weight: backend.configuredWeight,
        ...fileWeightView(frontend.pools[poolIndex]?.backends[index]?.weight, backend.configuredWeight),
        effectiveWeight: backend.weight,
        programmedWeight: programmedWeight(backend.weight, frontend.weightSteps, largest),
        ...held(backend.name),
      })),
    })),
  };
}

/**
 * A runtime weight is never the file's own, and falls with it: where the two differ one holds, and nowhere
 * else.
 */
function fileWeightView(fileWeight: number | undefined, weight: number) {
  return fileWeight === undefined || fileWeight === weight ? {} : { fileWeight };
}

export function healthCheckView(check: HealthCheck): HealthCheckJson {
  const { name, type, rise, fall, probeIpv4Src, probeIpv6Src } = check;
  return {
    name,
    type,
    ...(check.type !== 'icmp' && { port: check.port }),
    interval: formatProtoDuration(check.intervalMs),
    fastInterval: formatProtoDuration(check.fastIntervalMs),
    downInterval: formatProtoDuration(check.downIntervalMs),
    timeout: formatProtoDuration(check.timeoutMs),
    rise,
    fall,
    ...(probeIpv4Src !== undefined && { probeIpv4Src }),
    ...(probeIpv6Src !== undefined && { probeIpv6Src }),
    ...paramsView(check),
  };
}

function paramsView(check: HealthCheck): Pick<HealthCheckJson, 'params'> {
  switch (check.type) {
    case 'icmp':
      return {};
    case 'tcp':
      return { params: { tls: check.tls !== undefined, ...(check.tls && tlsView(check.tls)) } };
    case 'http':
      return { params: httpView(check.http) };
    case 'https':
      return { params: { ...httpView(check.http), ...tlsView(check.tls) } };
  }
}

function httpView(http: HttpParams) {
  return {
    method: http.method,
    path: http.path,
    ...(http.host !== undefined && { host: http.host }),
    ...(http.headers.length > 0 && { headers: Object.fromEntries(http.headers) }),
    responseCode: http.responseCode.map(formatRange).join(','),
    ...(http.responseRegexp !== undefined && { responseRegexp: http.responseRegexp }),
  };
}

function tlsView(tls: TlsParams) {
  return {
    ...(tls.serverName !== undefined && { serverName: tls.serverName }),
    insecureSkipVerify: tls.insecureSkipVerify,
    ...(tls.caFile !== undefined && { caFile: tls.caFile }),
  };
}

function formatRange({ first, last }: CodeRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}

export function overrideView(entry: OverrideEntry): OverrideJson {
  const note = {
    by: entry.by,
    at: formatTime(entry.at),
    ...(entry.reason !== undefined && { reason: entry.reason }),
  };
  if (entry.kind === 'backend') return { backend: entry.backend, admin: entry.admin, ...note };
  const { backend, frontend, pool, weight } = entry;
  return { backend, frontend, pool, weight, ...note };
}
