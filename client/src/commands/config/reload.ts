// config reload: the same as config check, and what was taken over.
import type { ConfigReload } from '../../api/shapes.ts';
import { type Cell, cell, line, type Report } from '../../format/report.ts';
import type { AskCommand } from '../command.ts';
import { counted, reportProblems } from './check.ts';

export const configReload: AskCommand = {
  kind: 'change',
  line: 'config reload',
  help: 'check the configuration file and take it over',
  async run(api, _asked, signal) {
    const body = await api.call('ReloadConfig', {}, signal);
    return { body, isRefused: !body.ok, report: () => reportReload(body) };
  },
};

export function reportReload(reload: ConfigReload): Report {
  const problems = reportProblems(reload);
  if (!reload.ok) {
    const count = counted(reload.errors.length, 'error');
    return [...problems, line(cell(`not reloaded, nothing changed: ${count}`, 'bad'))];
  }
  const { changes } = reload;
  const facts: [string, Cell][] = [];
  const { settings = [], ...kinds } = changes ?? {};
  for (const [what, names] of Object.entries(kinds)) {
    for (const how of ['added', 'removed', 'changed'] as const) {
      if (names[how].length > 0) facts.push([`${what} ${how}`, cell(names[how].join(', '))]);
    }
  }
  if (settings.length > 0) facts.push(['settings changed', cell(settings.join(', '))]);
  const verdict = facts.length > 0 ? 'reloaded' : 'reloaded: the file says nothing new';
  return [
    ...problems,
    line(cell(verdict, 'good')),
    ...(facts.length > 0 ? [{ kind: 'facts', facts } as const] : []),
  ];
}
