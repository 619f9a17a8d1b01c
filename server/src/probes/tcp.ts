// The TCP prober: a connection can be had (L4OK), and with `tls` a handshake with a good certificate (L6OK).
import type { TcpHealthCheck } from '../config/config.ts';
import type { PrepareProbe } from './probe.ts';
import { prepareStream } from './stream-probe.ts';
import { planTls } from './tls.ts';

export const prepareTcp: PrepareProbe<TcpHealthCheck> = (check, target, network) =>
  prepareStream(
    {
      ...target,
      port: check.port,
      source: target.family === 4 ? check.probeIpv4Src : check.probeIpv6Src,
      ...(check.tls && { tls: planTls(check.tls, [undefined, target.address], [], network.tlsContext) }),
    },
    network,
  );
