// show vpp lb counters: packets of every VIP since it was added.
import type { LbCounters } from '../../../../api/shapes.ts';
import { portText } from '../../../../format/port.ts';
import { cell, line, type Report } from '../../../../format/report.ts';
import type { AskCommand } from '../../../command.ts';

export const showVppLbCounters: AskCommand = {
  kind: 'show',
  line: 'show vpp lb counters',
  help: 'packet counters of all VIPs',
  async run(api, _asked, signal) {
    const body = await api.call('GetVPPLBCounters', {}, signal);
    return { body, report: () => reportLbCounters(body) };
  },
};

export function reportLbCounters({ vips }: LbCounters): Report {
  if (vips.length === 0) return [line('no counters: VPP holds no VIPs')];
  const rows = vips.map((vip) => [
    cell(vip.prefix),
    cell(portText(vip)),
    cell(vip.frontend ?? 'not ours', vip.frontend === undefined ? 'quiet' : undefined),
    cell(vip.next),
    cell(vip.first),
    cell(vip.untracked, vip.untracked > 0 ? 'unsure' : undefined),
    cell(vip.noServer, vip.noServer > 0 ? 'bad' : undefined),
    cell(vip.routePackets),
    cell(vip.routeBytes),
  ]);
  const columns = [
    { title: 'VIP' },
    { title: 'PORT' },
    { title: 'FRONTEND', shrink: 'middle' },
    { title: 'NEXT', align: 'right' },
    { title: 'FIRST', align: 'right' },
    { title: 'UNTRACKED', align: 'right' },
    { title: 'NO SERVER', align: 'right' },
    { title: 'ROUTE PACKETS', align: 'right', drop: 2 },
    { title: 'ROUTE BYTES', align: 'right', drop: 1 },
  ] as const;
  return [{ kind: 'table', columns, rows }];
}
