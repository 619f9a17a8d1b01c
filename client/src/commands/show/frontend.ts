// show frontend <name>: its pools and backends with weights, buckets and last results.
import { shownState } from '@vpp-maglev/proto/signs';
import type { Backend, Frontend, PoolBackend } from '../../api/shapes.ts';
import { ageOf, formatTime } from '../../format/age.ts';
import { portText } from '../../format/port.ts';
import { type Cell, cell, type Report, title, type View } from '../../format/report.ts';
import { stateCell } from '../../format/state.ts';
import type { AskCommand } from '../command.ts';

export const showFrontend: AskCommand = {
  kind: 'show',
  line: 'show frontend <frontend>',
  help: 'one frontend with its pools and backends',
  async run(api, { values }, signal) {
    const frontend = values.frontend ?? '';
    const body = await api.call('GetFrontend', { frontend }, signal);
    // Weights are the frontend's, results the backend's: two questions, one picture.
    const { backends } = await api.call('ListBackends', { frontend }, signal);
    return { body, report: (view) => reportFrontend(body, backends, view) };
  },
};

export function reportFrontend(frontend: Frontend, backends: readonly Backend[], view: View): Report {
  const facts: [string, Cell][] = [
    ['frontend', cell(frontend.name, 'strong')],
    ...(frontend.description === undefined
      ? []
      : [['description', cell(frontend.description)] satisfies [string, Cell]]),
    ['state', stateCell(frontend.state, view)],
    ['since', cell(`${ageOf(frontend.since, view.nowMs)} (${formatTime(frontend.since)})`)],
    ['address', cell(`${frontend.address} ${portText(frontend)}`)],
    ['active pool', cell(frontend.activePool)],
    ['encap', cell(frontend.encap)],
    ['sticky by source', cell(frontend.srcIpSticky ? 'yes' : 'no')],
    ['flush on down', cell(frontend.flushOnDown ? 'yes' : 'no')],
    ['table', cell(`${frontend.newFlowsTableLength} buckets, ${frontend.weightSteps} weight steps`)],
  ];
  const byName = new Map(backends.map((backend) => [backend.name, backend]));
  const rows = frontend.pools.flatMap((pool) =>
    pool.backends.map((backend) =>
      rowOf(frontend, pool.name === frontend.activePool, pool.name, backend, byName.get(backend.name), view),
    ),
  );
  const columns = [
    { title: 'POOL', shrink: 'middle' },
    { title: 'BACKEND', shrink: 'middle' },
    { title: 'STATE' },
    { title: 'SINCE', align: 'right', drop: 1 },
    { title: 'WEIGHT', align: 'right' },
    { title: 'EFFECTIVE', align: 'right' },
    { title: 'PROGRAMMED', align: 'right', drop: 3 },
    { title: 'BUCKETS', align: 'right' },
    { title: 'SHARE', align: 'right', drop: 2 },
    { title: 'LAST RESULT', shrink: 'end' },
  ] as const;
  return [{ kind: 'facts', facts }, title('pools, in order of preference'), { kind: 'table', columns, rows }];
}

/** A weight that an operator set says also which one it hides. */
function weightText({ weight, fileWeight }: PoolBackend): string {
  return fileWeight === undefined ? String(weight) : `${weight} (file: ${fileWeight})`;
}

function rowOf(
  frontend: Frontend,
  isActive: boolean,
  pool: string,
  backend: PoolBackend,
  details: Backend | undefined,
  view: View,
): readonly Cell[] {
  const { buckets, effectiveWeight, programmedWeight } = backend;
  const share =
    buckets === undefined ? undefined : `${((100 * buckets) / frontend.newFlowsTableLength).toFixed(1)} %`;
  const { code, detail, ok } = details?.lastProbe ?? { ...details, ok: true };
  const result = code === undefined ? undefined : `${code} ${detail ?? ''}`.trim();
  return [
    cell(pool, isActive ? undefined : 'quiet'),
    cell(backend.name),
    stateCell(shownState(backend), view),
    cell(ageOf(details?.since, view.nowMs)),
    cell(weightText(backend)),
    cell(effectiveWeight, effectiveWeight === 0 ? 'quiet' : undefined),
    cell(programmedWeight, programmedWeight === 0 ? 'quiet' : undefined),
    cell(buckets),
    cell(share),
    cell(result, ok ? undefined : 'bad'),
  ];
}
