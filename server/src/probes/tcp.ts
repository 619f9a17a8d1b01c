// The TCP prober: a connection can be had (L4OK), and with `tls` a handshake with a good certificate (L6OK).
import type { TcpHealthCheck } from '../config/config.ts';
import { preparePlain } from './plain-probe.ts';
import type { PrepareProbe } from './probe.ts';
import { planTls } from './tls.ts';
import { prepareTls } from './tls-probe.ts';

export const prepareTcp: PrepareProbe<TcpHealthCheck> = (check, target, network) => {
  const source = target.family === 4 ? check.probeIpv4Src : check.probeIpv6Src;
  const plan = { ...target, port: check.port, source };
  if (check.tls === undefined) return preparePlain(plan, network);
  return prepareTls(
    { ...plan, tls: planTls(check.tls, [undefined, target.address], [], network.tlsContext) },
    network,
  );
};
