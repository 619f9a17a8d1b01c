// show backends: one row each, in the order of the configuration.
import type { Backend } from '../../api/shapes.ts';
import { ageOf } from '../../format/age.ts';
import { cell, line, type Report, type View } from '../../format/report.ts';
import { stateCell } from '../../format/state.ts';
import type { AskCommand } from '../command.ts';

export const showBackends: AskCommand = {
  kind: 'show',
  line: 'show backends',
  help: 'all backends with state and last result',
  async run(api, _asked, signal) {
    const body = await api.call('ListBackends', {}, signal);
    return { body, report: (view) => reportBackends(body.backends, view) };
  },
};

export function reportBackends(backends: readonly Backend[], view: View): Report {
  if (backends.length === 0) {
    return [line('no backends: add one under maglev.backends in maglev.yaml (docs/config-guide.md)')];
  }
  const rows = backends.map((backend) => [
    cell(backend.name),
    stateCell(backend.state, view),
    cell(ageOf(backend.since, view.nowMs)),
    cell(backend.lastProbe?.code ?? backend.code),
    cell(backend.address),
    cell(backend.healthcheck ?? 'static', backend.healthcheck === undefined ? 'quiet' : undefined),
    cell(backend.frontends.length),
    cell(backend.lastProbe?.detail ?? backend.detail),
  ]);
  const columns = [
    { title: 'BACKEND', shrink: 'middle' },
    { title: 'STATE' },
    { title: 'SINCE', align: 'right' },
    { title: 'CODE' },
    { title: 'ADDRESS' },
    { title: 'HEALTHCHECK', shrink: 'middle', drop: 1 },
    { title: 'FRONTENDS', align: 'right', drop: 3 },
    { title: 'DETAIL', shrink: 'end', drop: 2 },
  ] as const;
  return [{ kind: 'table', columns, rows }];
}
