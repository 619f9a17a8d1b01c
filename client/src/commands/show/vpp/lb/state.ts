// show vpp lb state: what VPP holds, read now, one row for each application server.
import type { LbState, LbVip } from '../../../../api/shapes.ts';
import { formatDuration, formatTime } from '../../../../format/age.ts';
import { portText } from '../../../../format/port.ts';
import { type Cell, cell, line, type Report, title, type View } from '../../../../format/report.ts';
import { stateCell } from '../../../../format/state.ts';
import type { AskCommand } from '../../../command.ts';

export const showVppLbState: AskCommand = {
  kind: 'show',
  line: 'show vpp lb state',
  help: 'VIPs and application servers that VPP holds',
  async run(api, _asked, signal) {
    const body = await api.call('GetVPPLBState', {}, signal);
    return { body, report: (view) => reportLbState(body, view) };
  },
};

export function reportLbState(state: LbState, view: View): Report {
  const { conf, vips, missingFrontends } = state;
  const facts: [string, Cell][] = [
    ['read at', cell(formatTime(state.at))],
    ['ipv4-src-address', cell(conf.ipv4SrcAddress)],
    ['ipv6-src-address', cell(conf.ipv6SrcAddress)],
    ['sticky-buckets-per-core', cell(conf.stickyBucketsPerCore)],
    ['flow-timeout', cell(formatDuration(conf.flowTimeout))],
  ];
  const missing = missingFrontends.map((name) =>
    line(stateCell('drift', view), `frontend ${name} should be in VPP and is not`),
  );
  if (vips.length === 0) return [{ kind: 'facts', facts }, ...missing, line('VPP holds no VIPs')];
  const rows = vips.flatMap((vip) => rowsOf(vip, view));
  const columns = [
    { title: 'VIP' },
    { title: 'PORT' },
    { title: 'FRONTEND', shrink: 'middle' },
    { title: 'SYNC' },
    { title: 'ENCAP', drop: 3 },
    { title: 'BACKEND', shrink: 'middle' },
    { title: 'ADDRESS', drop: 2 },
    { title: 'WEIGHT', align: 'right' },
    { title: 'BUCKETS', align: 'right' },
    { title: 'PREDICTED', align: 'right', drop: 1 },
  ] as const;
  return [
    { kind: 'facts', facts },
    ...missing,
    title('VIPs and their application servers'),
    { kind: 'table', columns, rows },
  ];
}

function rowsOf(vip: LbVip, view: View): readonly (readonly Cell[])[] {
  const sync =
    vip.inSync === undefined ? cell(undefined) : vip.inSync ? cell('yes', 'good') : stateCell('drift', view);
  const head = [
    cell(vip.prefix),
    cell(portText(vip)),
    cell(vip.frontend ?? 'not ours', vip.frontend === undefined ? 'quiet' : undefined),
    sync,
    cell(vip.encap),
  ];
  if (vip.applicationServers.length === 0) {
    return [
      [...head, cell('none', 'bad'), cell(undefined), cell(undefined), cell(undefined), cell(undefined)],
    ];
  }
  return vip.applicationServers.map(({ address, backend, weight, buckets, predictedBuckets }) => [
    ...head,
    cell(backend),
    cell(address),
    cell(weight),
    cell(buckets, buckets === predictedBuckets ? undefined : 'drift'),
    cell(predictedBuckets),
  ]);
}
