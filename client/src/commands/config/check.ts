// config check: has the daemon read its file, and prints every fault with its place.
import type { ConfigCheck, ConfigProblem } from '../../api/shapes.ts';
import { type Block, cell, line, type Report, type Tone } from '../../format/report.ts';
import type { AskCommand } from '../command.ts';

export const configCheck: AskCommand = {
  kind: 'change',
  line: 'config check',
  help: 'check the configuration file; nothing changes',
  async run(api, _asked, signal) {
    const body = await api.call('CheckConfig', {}, signal);
    return { body, isRefused: !body.ok, report: () => reportCheck(body) };
  },
};

export function reportCheck(check: ConfigCheck): Report {
  const verdict = check.ok
    ? line(cell('the configuration file is valid', 'good'))
    : line(cell(`the configuration file is refused: ${counted(check.errors.length, 'error')}`, 'bad'));
  return [...reportProblems(check), verdict];
}

/** One line for each fault: `error 12:5 maglev.backends.x.address: message`. */
export function reportProblems({ errors, warnings }: ConfigCheck): readonly Block[] {
  return [
    ...errors.map((problem) => problemLine(`${problem.kind} error`, 'bad', problem)),
    ...warnings.map((problem) => problemLine('warning', 'unsure', problem)),
  ];
}

function problemLine(word: string, tone: Tone, { path, line: row, column, message }: ConfigProblem): Block {
  const place = row === 0 ? [] : [cell(`line ${row} column ${column}`, 'quiet')];
  const text = path === '' ? message : `${path}: ${message}`;
  return line(cell(`${word}:`, tone), ...place, text);
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
