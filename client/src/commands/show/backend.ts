// show backend <name>: its state, what the last probe said, and its history with codes and details.
import type { Backend } from '../../api/shapes.ts';
import { ageOf, formatDuration, formatTime } from '../../format/age.ts';
import { type Cell, cell, type Report, title, type View } from '../../format/report.ts';
import { stateCell } from '../../format/state.ts';
import type { AskCommand } from '../command.ts';

export const showBackend: AskCommand = {
  kind: 'show',
  line: 'show backend <backend>',
  help: 'one backend with its history',
  async run(api, { values }, signal) {
    const body = await api.call('GetBackend', { backend: values.backend ?? '' }, signal);
    return { body, report: (view) => reportBackend(body, view) };
  },
};

export function reportBackend(backend: Backend, view: View): Report {
  const { counter, lastProbe } = backend;
  const facts: [string, Cell][] = [
    ['backend', cell(backend.name, 'strong')],
    ['state', stateCell(backend.state, view)],
    ['since', cell(`${ageOf(backend.since, view.nowMs)} (${formatTime(backend.since)})`)],
    ['address', cell(backend.address)],
    ['health check', cell(backend.healthcheck ?? 'none: static')],
    ['enabled', cell(backend.enabled ? 'yes' : 'no')],
    ['counter', cell(`${counter.value} (rise ${counter.rise}, fall ${counter.fall})`)],
    ['frontends', cell(backend.frontends.length > 0 ? backend.frontends.join(', ') : undefined)],
  ];
  if (lastProbe !== undefined) {
    const { ok, code, detail, duration, at } = lastProbe;
    const text = `${code} ${detail} in ${formatDuration(duration)}, ${ageOf(at, view.nowMs)} ago`;
    facts.push(['last probe', cell(text, ok ? undefined : 'bad')]);
  }
  if (backend.transitions.length === 0) return [{ kind: 'facts', facts }];
  const rows = backend.transitions
    .toReversed()
    .map(({ from, to, at, code, detail }) => [
      cell(formatTime(at)),
      cell(ageOf(at, view.nowMs)),
      stateCell(from, view),
      stateCell(to, view),
      cell(code),
      cell(detail),
    ]);
  const columns = [
    { title: 'TIME', drop: 1 },
    { title: 'AGE', align: 'right' },
    { title: 'FROM' },
    { title: 'TO' },
    { title: 'CODE' },
    { title: 'DETAIL', shrink: 'end' },
  ] as const;
  return [{ kind: 'facts', facts }, title('transitions, newest first'), { kind: 'table', columns, rows }];
}
