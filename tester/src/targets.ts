// From configurations to what is probed: every VIP once, however many files and frontends name it, and how it
// is asked. Pure. It must not know where the configurations came from.
import type { Config, Frontend, HealthCheck } from './config-types.ts';
import { cleanText } from './text.ts';

export type ProbeKind = 'http' | 'https' | 'tcp' | 'none';

export interface Target {
  /** Names of its frontends, in the order of the files; usually one. */
  readonly names: readonly string[];
  /** Canonical text. */
  readonly address: string;
  readonly family: 4 | 6;
  readonly protocol: 'tcp' | 'udp' | 'any';
  /** Of the VIP; absent for an all-port VIP. */
  readonly port?: number;
  readonly kind: ProbeKind;
  /** Where the probe goes; absent when there is none. */
  readonly probePort?: number;
  /** Why it is asked this way, or not at all; a phrase. */
  readonly reason: string;
}

const wellKnown: ReadonlyMap<number, 'http' | 'https'> = new Map([
  [80, 'http'],
  [8080, 'http'],
  [443, 'https'],
  [8443, 'https'],
]);

/** `[2001:db8::1]:80`, `192.0.2.1:80`, `192.0.2.1` */
export function formatEndpoint(address: string, port: number | undefined): string {
  const host = address.includes(':') && port !== undefined ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${port}`;
}

/** For people: `tcp 192.0.2.1:80`. */
export function endpointOf({ address, port }: Pick<Target, 'address' | 'port'>): string {
  return formatEndpoint(address, port);
}

/** All VIPs of the configurations in their order, deduplicated by address, protocol and port. */
export function collectTargets(configs: readonly Config[]): Target[] {
  const targets = new Map<string, Target>();
  for (const config of configs) {
    for (const frontend of config.frontends.values()) {
      const key = `${frontend.address} ${frontend.protocol} ${frontend.port ?? ''}`;
      const target = targetOf(config, frontend);
      const known = targets.get(key);
      targets.set(key, known === undefined ? target : joinTargets(known, target));
    }
  }
  return Array.from(targets.values());
}

/** The first file decides how it is asked, unless only a later one knows that it can be asked. */
function joinTargets(known: Target, later: Target): Target {
  const names = Array.from(new Set([...known.names, ...later.names]));
  const ranks: readonly ProbeKind[] = ['none', 'tcp', 'http', 'https'];
  const better = ranks.indexOf(later.kind) > ranks.indexOf(known.kind) ? later : known;
  return { ...better, names };
}

function targetOf(config: Config, frontend: Frontend): Target {
  const { address, family, protocol, port } = frontend;
  const common = {
    names: [cleanText(frontend.name, 64)],
    address,
    family,
    protocol,
    ...(port !== undefined && { port }),
  };
  if (protocol === 'udp') {
    return { ...common, kind: 'none', reason: 'udp: silence cannot be told from success, not probed' };
  }
  const checks = healthChecksOf(config, frontend);
  if (port === undefined) return { ...common, ...askAnyPort(checks) };
  const { kind, reason } = askPort(checks, port);
  return { ...common, kind, probePort: port, reason };
}

/** Those of all its backends, each once, in the order of pools and backends. */
function healthChecksOf(config: Config, frontend: Frontend): HealthCheck[] {
  const found = new Set<HealthCheck>();
  for (const { name } of frontend.pools.flatMap(({ backends }) => backends)) {
    const check = config.healthchecks.get(config.backends.get(name)?.healthcheck ?? '');
    if (check) found.add(check);
  }
  return Array.from(found);
}

const isHttp = ({ type }: HealthCheck) => type === 'http' || type === 'https';

/**
 * VPP's lb plugin leaves the port alone, so a health check of the same port speaks the VIP's own protocol.
 * Then the port itself tells; then a health check of another port.
 */
function askPort(checks: readonly HealthCheck[], port: number): { kind: ProbeKind; reason: string } {
  const http = checks.filter(isHttp);
  const same = http.filter((check) => check.type !== 'icmp' && check.port === port);
  const fromSame = preferTls(same);
  if (fromSame) return { kind: fromSame.type, reason: `health check ${fromSame.name} of the same port` };
  const known = wellKnown.get(port);
  if (known) return { kind: known, reason: `port ${port}` };
  const fromOther = preferTls(http);
  if (fromOther) return { kind: fromOther.type, reason: `health check ${fromOther.name}` };
  return { kind: 'tcp', reason: 'no http health check among its backends' };
}

function preferTls(checks: readonly HealthCheck[]) {
  const https = checks.find((check) => check.type === 'https');
  return https ?? checks.find((check) => check.type === 'http');
}

/** An all-port VIP is asked at the port of its backends' health checks, the most telling one. */
function askAnyPort(checks: readonly HealthCheck[]): Pick<Target, 'kind' | 'probePort' | 'reason'> {
  const check = preferTls(checks) ?? checks.find(({ type }) => type === 'tcp');
  if (check === undefined || check.type === 'icmp') {
    return { kind: 'none', reason: 'all ports, and no health check names one, not probed' };
  }
  return {
    kind: check.type,
    probePort: check.port,
    reason: `all ports; health check ${check.name} names one`,
  };
}
