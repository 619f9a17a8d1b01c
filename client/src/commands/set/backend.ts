// set backend <name> pause|resume|enable|disable: what it was, what it is, and what that does to frontends.
import type { Backend, Frontend } from '../../api/shapes.ts';
import { describeChange } from '../../format/change.ts';
import { cell, line, type Report, type View } from '../../format/report.ts';
import { stateCell } from '../../format/state.ts';
import type { AskCommand } from '../command.ts';

const calls = {
  pause: 'PauseBackend',
  resume: 'ResumeBackend',
  enable: 'EnableBackend',
  disable: 'DisableBackend',
} as const;
type Action = keyof typeof calls;

export const setBackend: AskCommand = {
  kind: 'change',
  line: 'set backend <backend> pause|resume|enable|disable [reason <text>]',
  help: 'take a backend out of service, or back',
  wordHelp: {
    pause: 'stop probing and drain: weight 0, flows stay',
    resume: 'end a pause: probe again from unknown',
    enable: 'end a disable: probe again from unknown',
    disable: 'stop probing and cut its flows now',
  },
  async run(api, { values, given }, signal) {
    const backend = values.backend ?? '';
    const action = (Object.keys(calls) as Action[]).find((each) => given.has(each)) as Action;
    const before = await api.call('GetBackend', { backend }, signal);
    const { frontends: old } = await api.call('ListFrontends', { backend }, signal);
    const request = { backend, ...(values.text !== undefined && { reason: values.text }) };
    const body = await api.call(calls[action], request, signal);
    const { frontends } = await api.call('ListFrontends', { backend }, signal);
    return { body, report: (view) => reportAction(before, body, old, frontends, view) };
  },
};

export function reportAction(
  before: Backend,
  after: Backend,
  oldFrontends: readonly Frontend[],
  frontends: readonly Frontend[],
  view: View,
): Report {
  const name = cell(after.name, 'strong');
  const isSame = before.state === after.state && before.since === after.since;
  const head = isSame
    ? line('backend', name, 'is', stateCell(after.state, view), 'already: nothing changed')
    : line('backend', name, stateCell(before.state, view), '->', stateCell(after.state, view));
  const oldByName = new Map(oldFrontends.map((each) => [each.name, each]));
  const changes = frontends.flatMap((each) =>
    describeChange(oldByName.get(each.name), each, after.name, view),
  );
  return [head, ...(isSame ? [] : changes)];
}
