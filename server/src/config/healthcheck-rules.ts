// Rules of the `healthchecks` section. It must not know who uses a health check.
import * as limits from '../lib/limits.ts';
import type { HealthCheck, HttpParams, TlsParams } from './config.ts';
import { childPath, quote } from './path.ts';
import {
  type Check,
  checkCount,
  checkRequired,
  complain,
  type DurationRange,
  openNamed,
  openSection,
  readAddress,
  readBoolean,
  readChoice,
  readDuration,
  readInteger,
  readText,
  type Section,
  warn,
} from './readers.ts';
import { type HealthCheckTypeName, idleParamsByType, paramsByType } from './schema.ts';
import * as rules from './text-rules.ts';

const types = Object.keys(paramsByType) as HealthCheckTypeName[];
const intervalRange: DurationRange = {
  minMs: limits.intervalMsMin,
  maxMs: limits.intervalMsMax,
  text: '10ms to 24h',
};
const timeoutRange: DurationRange = {
  minMs: limits.timeoutMsMin,
  maxMs: limits.timeoutMsMax,
  text: '1ms to 10m',
};

/** The health checks that are whole; what is wrong with the others is added to `check`. */
export function readHealthChecks(check: Check, section: Section): Map<string, HealthCheck> {
  const healthChecks = new Map<string, HealthCheck>();
  for (const [name, entry] of openNamed(check, section)) {
    const healthCheck = readHealthCheck(check, name, entry);
    if (healthCheck !== undefined) healthChecks.set(name, healthCheck);
  }
  return healthChecks;
}

function readHealthCheck(check: Check, name: string, section: Section): HealthCheck | undefined {
  checkRequired(check, section);
  const type = readChoice(check, section, 'type', types);
  const common = { name, ...readRhythm(check, section), ...readSources(check, section) };
  const port = readInteger(check, section, 'port');
  if (type === undefined) return undefined;
  const hasPort = section.entries.has('port');
  if (type === 'icmp' && hasPort) complain(check, section, 'port', 'does not apply to type icmp: remove it');
  if (type !== 'icmp' && !hasPort)
    complain(check, section, 'port', `required key is missing for type ${type}`);
  const params = openSection(section, 'params');
  checkParams(check, params, type);
  switch (type) {
    case 'icmp':
      return { ...common, type };
    case 'tcp':
      return { ...common, type, port: port ?? 0, ...readTcp(check, params) };
    case 'http':
      return { ...common, type, port: port ?? 0, http: readHttp(check, params) };
    case 'https':
      return { ...common, type, port: port ?? 0, http: readHttp(check, params), tls: readTls(check, params) };
  }
}

function readRhythm(check: Check, section: Section) {
  const interval = readDuration(check, section, 'interval', intervalRange);
  const intervalMs = interval ?? 0;
  const timeout = readDuration(check, section, 'timeout', timeoutRange);
  if (interval !== undefined && timeout !== undefined && timeout > interval) {
    warn(check, section, 'timeout', 'is longer than the interval: a probe that hangs delays the next one');
  }
  return {
    intervalMs,
    fastIntervalMs: readDuration(check, section, 'fast-interval', intervalRange) ?? intervalMs,
    downIntervalMs: readDuration(check, section, 'down-interval', intervalRange) ?? intervalMs,
    timeoutMs: timeout ?? 0,
    rise: readInteger(check, section, 'rise') ?? 0,
    fall: readInteger(check, section, 'fall') ?? 0,
  };
}

function readSources(check: Check, section: Section) {
  const ipv4 = readAddress(check, section, 'probe-ipv4-src', 4);
  const ipv6 = readAddress(check, section, 'probe-ipv6-src', 6);
  return {
    ...(ipv4 !== undefined && { probeIpv4Src: ipv4.text }),
    ...(ipv6 !== undefined && { probeIpv6Src: ipv6.text }),
  };
}

/** Every parameter must be one that the type takes. */
function checkParams(check: Check, params: Section, type: HealthCheckTypeName): void {
  for (const [key, entry] of params.entries) {
    if (paramsByType[type].includes(key)) continue;
    if (idleParamsByType[type].includes(key)) {
      warn(check, params, key, `has no effect: type ${type} has no TLS`);
      continue;
    }
    const taken =
      paramsByType[type].length === 0 ? 'it takes none' : `it takes ${paramsByType[type].join(', ')}`;
    check.errors.add(childPath(params.path, key), entry.offset, `does not apply to type ${type}; ${taken}`);
  }
}

function readHttp(check: Check, params: Section): HttpParams {
  const host = readText(check, params, 'host', rules.hostProblem);
  const regexp = readText(check, params, 'response-regexp', rules.regexpProblem);
  const method = readChoice(check, params, 'method', ['GET', 'HEAD']) ?? 'GET';
  if (method === 'HEAD' && regexp !== undefined) {
    warn(check, params, 'response-regexp', 'sees an empty body: a reply to HEAD has none');
  }
  return {
    method,
    path: readText(check, params, 'path', rules.pathProblem) ?? '/',
    ...(host !== undefined && { host }),
    headers: readHeaders(check, openSection(params, 'headers')),
    responseCode: readResponseCode(check, params),
    ...(regexp !== undefined && { responseRegexp: regexp }),
  };
}

function readHeaders(check: Check, section: Section): (readonly [string, string])[] {
  const headers: (readonly [string, string])[] = [];
  checkCount(check, section, section.entries.size, 0, section.schema.maxProperties);
  for (const [name, entry] of section.entries) {
    const reason = rules.headerNameProblem(name);
    if (reason !== undefined) check.errors.add(childPath(section.path, name), entry.offset, reason);
    const value = entry.value.kind === 'scalar' ? String(entry.value.value) : '';
    const problem = rules.headerValueProblem(value);
    if (problem !== undefined) complain(check, section, name, problem);
    headers.push([name, value]);
  }
  return headers;
}

function readResponseCode(check: Check, params: Section): HttpParams['responseCode'] {
  const node = params.entries.get('response-code')?.value;
  const value = node?.kind === 'scalar' ? node.value : '200-299';
  const parsed = rules.parseResponseCodes(typeof value === 'number' ? value : String(value));
  if (parsed.ok) return parsed.ranges;
  complain(check, params, 'response-code', parsed.reason);
  return [];
}

function readTcp(check: Check, params: Section): { readonly tls?: TlsParams } {
  const tls = readTls(check, params);
  if (readBoolean(params, 'tls') === true) return { tls };
  for (const key of ['server-name', 'insecure-skip-verify', 'ca-file']) {
    if (params.entries.has(key)) warn(check, params, key, 'has no effect without `tls: true`');
  }
  return {};
}

function readTls(check: Check, params: Section): TlsParams {
  const serverName = readText(check, params, 'server-name', rules.serverNameProblem);
  const insecureSkipVerify = readBoolean(params, 'insecure-skip-verify') ?? false;
  const caFile = readText(check, params, 'ca-file', rules.caFileProblem);
  const caPem = caFile === undefined ? undefined : readCaFile(check, params, caFile);
  if (insecureSkipVerify && caFile !== undefined) {
    warn(check, params, 'ca-file', 'has no effect with `insecure-skip-verify: true`');
  }
  return {
    ...(serverName !== undefined && { serverName }),
    insecureSkipVerify,
    ...(caFile !== undefined && { caFile }),
    ...(caPem !== undefined && { caPem }),
  };
}

function readCaFile(check: Check, params: Section, caFile: string): string | undefined {
  const result = check.readCaFile?.(caFile);
  if (result === undefined) return undefined;
  if (result.ok) return result.pem;
  complain(check, params, 'ca-file', `${quote(caFile)} ${result.reason}`);
  return undefined;
}
