// The map from a health check's type to its prober: where a new one gets its line.
import type { HealthCheck, HealthCheckType } from '../config/config.ts';
import { prepareHttp, prepareHttps } from './http.ts';
import { prepareIcmp } from './icmp.ts';
import type { PrepareProbe } from './probe.ts';
import { prepareTcp } from './tcp.ts';

type Probers = { readonly [T in HealthCheckType]: PrepareProbe<Extract<HealthCheck, { readonly type: T }>> };

export const probes: Probers = {
  icmp: prepareIcmp,
  tcp: prepareTcp,
  http: prepareHttp,
  https: prepareHttps,
};
