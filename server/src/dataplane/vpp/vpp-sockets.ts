// How VPP's two sockets are reached: through the addon, within our limits.
import { vppFrameBytesMax, vppOutgoingBytesMax, vppStatsOpenMsMax } from '../../lib/limits.ts';
import type { Native } from '../../native.ts';
import type { VppDataplaneOptions } from './vpp-dataplane.ts';

export interface VppPaths {
  readonly apiPath: string;
  readonly statsPath: string;
}

export function vppSockets(
  native: Pick<Native, 'openVppTransport' | 'openStats'>,
  { apiPath, statsPath }: VppPaths,
): Pick<VppDataplaneOptions, 'openTransport' | 'openStats'> {
  return {
    openTransport: (events) =>
      native.openVppTransport({
        path: apiPath,
        frameBytesMax: vppFrameBytesMax,
        outgoingBytesMax: vppOutgoingBytesMax,
        ...events,
      }),
    openStats: () => native.openStats({ path: statsPath, timeoutMs: vppStatsOpenMsMax }),
  };
}
