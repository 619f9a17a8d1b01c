// The HTTP and HTTPS probers: one request, and a reply whose status (and body, if asked) is as expected
// (L7OK).
import type { HttpHealthCheck, HttpParams, HttpsHealthCheck } from '../config/config.ts';
import { userAgent } from '../version.ts';
import { buildHttpRequest } from './http-request.ts';
import type { HttpExpectation } from './http-verdict.ts';
import { type BodyPattern, compileBodyPattern } from './match.ts';
import type { ProbeNetwork } from './network.ts';
import { type PlainPlan, preparePlain } from './plain-probe.ts';
import type { PreparedProbe, PrepareProbe, ProbeTarget } from './probe.ts';
import { planTls, type TlsPlan } from './tls.ts';
import { prepareTls } from './tls-probe.ts';

const httpPort = 80;
const httpsPort = 443;

export const prepareHttp: PrepareProbe<HttpHealthCheck> = (check, target, network) =>
  prepareExchange(check, target, network, httpPort);

export const prepareHttps: PrepareProbe<HttpsHealthCheck> = (check, target, network) => {
  const names = [check.http.host, target.address] as const;
  const tls = planTls(check.tls, names, ['http/1.1'], network.tlsContext);
  return prepareExchange(check, target, network, httpsPort, tls);
};

function prepareExchange(
  check: HttpHealthCheck | HttpsHealthCheck,
  target: ProbeTarget,
  network: ProbeNetwork,
  defaultPort: number,
  tls?: TlsPlan,
): PreparedProbe {
  const { http, port } = check;
  const plan: PlainPlan = {
    address: target.address,
    family: target.family,
    port,
    source: target.family === 4 ? check.probeIpv4Src : check.probeIpv6Src,
    exchange: {
      request: buildHttpRequest(http, { ...target, port, defaultPort }, userAgent),
      expectation: expectationOf(http),
    },
  };
  return tls === undefined ? preparePlain(plan, network) : prepareTls({ ...plan, tls }, network);
}

/**
 * One pattern per check, however many backends it serves: a pattern keeps megabytes of what it has learnt.
 */
const patterns = new WeakMap<HttpParams, BodyPattern>();

function expectationOf(http: HttpParams): HttpExpectation {
  const { method, responseCode: statuses, responseRegexp } = http;
  const expectation = { isHead: method === 'HEAD', statuses };
  if (responseRegexp === undefined) return expectation;
  const pattern = patterns.get(http) ?? compileBodyPattern(responseRegexp);
  patterns.set(http, pattern);
  return { ...expectation, pattern };
}
