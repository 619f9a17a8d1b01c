// show frontends: one row each: is traffic served, by how many, since when.
import type { Frontend } from '../../api/shapes.ts';
import { ageOf } from '../../format/age.ts';
import { portText } from '../../format/port.ts';
import { cell, line, type Report, type Tone, type View } from '../../format/report.ts';
import { stateCell } from '../../format/state.ts';
import type { AskCommand } from '../command.ts';

export const showFrontends: AskCommand = {
  kind: 'show',
  line: 'show frontends',
  help: 'all frontends with state and active pool',
  async run(api, _asked, signal) {
    const body = await api.call('ListFrontends', {}, signal);
    return { body, report: (view) => reportFrontends(body.frontends, view) };
  },
};

export function reportFrontends(frontends: readonly Frontend[], view: View): Report {
  if (frontends.length === 0) {
    return [line('no frontends: add one under maglev.frontends in maglev.yaml (docs/config-guide.md)')];
  }
  const rows = frontends.map((frontend) => {
    const { serving, all, tone } = countServing(frontend);
    return [
      cell(frontend.name),
      stateCell(frontend.state, view),
      cell(ageOf(frontend.since, view.nowMs)),
      cell(frontend.address),
      cell(portText(frontend)),
      cell(frontend.activePool),
      cell(`${serving}/${all}`, tone),
      cell(frontend.description),
    ];
  });
  const columns = [
    { title: 'FRONTEND', shrink: 'middle' },
    { title: 'STATE' },
    { title: 'SINCE', align: 'right' },
    { title: 'ADDRESS' },
    { title: 'PORT' },
    { title: 'POOL', shrink: 'middle', drop: 1 },
    { title: 'SERVING', align: 'right' },
    { title: 'DESCRIPTION', shrink: 'end', drop: 2 },
  ] as const;
  return [{ kind: 'table', columns, rows }];
}

/** Backends with a weight, of all different ones. */
function countServing({ pools }: Frontend): { serving: number; all: number; tone: Tone | undefined } {
  const backends = pools.flatMap((pool) => pool.backends);
  const serving = new Set(backends.filter((each) => each.effectiveWeight > 0).map(({ name }) => name)).size;
  const hasDown = backends.some(({ state }) => state === 'down');
  const tone = serving === 0 ? 'bad' : hasDown ? 'unsure' : undefined;
  return { serving, all: new Set(backends.map(({ name }) => name)).size, tone };
}
