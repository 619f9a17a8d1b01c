// The panel of one VIP: how it is asked, what it answered since the start, who answered, its outages. Pure.

import { histogramPercentile } from './histogram.ts';
import { type Vip, vipState } from './model.ts';
import { openOutageMs } from './outages.ts';
import { errorClasses } from './statistics.ts';
import { readTally } from './tally.ts';
import { endpointOf, formatEndpoint } from './targets.ts';
import * as text from './text.ts';
import { joinPieces, piece, type RowSetting, tones } from './view-row.ts';

export function detailLines(vip: Vip, setting: RowSetting, columns: number, lineCount: number): string[] {
  const { target, statistics } = vip;
  const { kind, reason, address, probePort, protocol } = target;
  const asked = kind === 'none' ? reason : `${kind} to ${formatEndpoint(address, probePort)} (${reason})`;
  const daemon = vip.daemonState === undefined ? '' : `, maglevd says ${vip.daemonState}`;
  const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((share) =>
    text.formatMs(histogramPercentile(statistics.histogram, share)),
  );
  const classes = errorClasses.map((name) => `${name} ${text.formatCount(statistics.byClass[name])}`);
  const state = vipState(vip);
  const cut = (line: string) => text.cutEnd(line, columns);
  const lines = [
    joinPieces(
      [
        piece(setting, tones[state], `  ${state}`),
        piece(
          setting,
          'plain',
          text.cutEnd(`${daemon}; ${protocol} ${endpointOf(target)}`, columns - state.length - 2),
        ),
      ],
      columns,
    ),
    cut(`  asked by ${asked}`),
    cut(`  ${text.formatCount(statistics.count)} probes: ${classes.join(', ')}`),
    cut(`  latency of all that passed: p50 ${p50}, p95 ${p95}, p99 ${p99}, max ${max} ms`),
    ...outageLines(vip, setting).map(cut),
    ...tallyLines(vip, setting.nowMs).map(cut),
  ];
  return lines.slice(0, lineCount);
}

function outageLines({ statistics: { outages } }: Vip, { nowMs, offsetMinutes }: RowSetting): string[] {
  const when = (atMs: number) => text.formatTime(atMs, offsetMinutes);
  const share = (failures: number, probes: number) =>
    `${text.formatCount(failures)} of ${text.formatCount(probes)} probes failed`;
  const lines = outages.past
    .toReversed()
    .slice(0, 5)
    .map(({ startMs, endMs, failures, probes }) => {
      return `    ${when(startMs)} for ${text.formatDuration(endMs - startMs)}, ${share(failures, probes)}`;
    });
  const { open } = outages;
  if (open) {
    const lasted = text.formatDuration(openOutageMs(open, nowMs));
    lines.unshift(`    ${when(open.startMs)} for ${lasted} until now, ${share(open.failures, open.probes)}`);
  }
  if (lines.length === 0) return ['  outages: none'];
  const total = `${outages.pastCount} over, ${text.formatDuration(outages.pastMs)} in all`;
  return [`  outages: ${total}`, ...lines];
}

function tallyLines({ statistics: { tally } }: Vip, nowMs: number): string[] {
  const shares = readTally(tally, nowMs);
  if (shares.length === 0) return [];
  return [
    '  answered by:',
    ...shares.map(({ value, count, sharePercent, lastMs, isFresh }) => {
      const seen = isFresh ? 'now' : `${text.formatDuration(nowMs - lastMs)} ago`;
      const recent = `${sharePercent.toFixed(0)} % of the last 100`;
      return `    ${value}: ${text.formatCount(count)} answers, ${recent}, last seen ${seen}`;
    }),
  ];
}
