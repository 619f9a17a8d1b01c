// show overrides: what operators set beside the file, with who, when and why.
import type { Override } from '../../api/shapes.ts';
import { ageOf } from '../../format/age.ts';
import { cell, line, type Report, type View } from '../../format/report.ts';
import { stateCell } from '../../format/state.ts';
import type { AskCommand } from '../command.ts';

export const showOverrides: AskCommand = {
  kind: 'show',
  line: 'show overrides',
  help: 'what operators set beside the configuration file',
  async run(api, _asked, signal) {
    const body = await api.call('ListOverrides', {}, signal);
    return { body, report: (view) => reportOverrides(body.overrides, view) };
  },
};

export function reportOverrides(overrides: readonly Override[], view: View): Report {
  if (overrides.length === 0) return [line('no overrides: everything is as the configuration file says')];
  const rows = overrides.map((override) => [
    cell(override.backend),
    override.admin === undefined ? cell(`weight ${override.weight}`) : stateCell(override.admin, view),
    cell(override.frontend),
    cell(override.pool),
    cell(ageOf(override.at, view.nowMs)),
    cell(override.by),
    cell(override.reason),
  ]);
  const columns = [
    { title: 'BACKEND', shrink: 'middle' },
    { title: 'SET TO' },
    { title: 'FRONTEND', shrink: 'middle' },
    { title: 'POOL', shrink: 'middle' },
    { title: 'AGE', align: 'right' },
    { title: 'BY', shrink: 'end', drop: 1 },
    { title: 'REASON', shrink: 'end' },
  ] as const;
  return [{ kind: 'table', columns, rows }];
}
