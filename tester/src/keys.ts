// What is typed -> what is meant. Pure; a terminal sends several bytes for one key, in pieces at times.
import type { Action } from './update.ts';

export type Key = Action | 'quit' | 'suspend' | 'redraw';

const keys: ReadonlyMap<string, Key> = new Map<string, Key>([
  ['q', 'quit'],
  ['\x03', 'quit'],
  ['\x1a', 'suspend'],
  ['\x0c', 'redraw'],
  ['p', 'pause'],
  [' ', 'pause'],
  ['r', 'reset'],
  ['s', 'sort'],
  ['o', 'refresh'],
  ['c', 'dense'],
  ['?', 'help'],
  ['h', 'help'],
  ['\r', 'details'],
  ['\n', 'details'],
  ['k', 'up'],
  ['j', 'down'],
  ['b', 'page-up'],
  ['f', 'page-down'],
  ['g', 'first'],
  ['G', 'last'],
  ['\x1b[A', 'up'],
  ['\x1b[B', 'down'],
  ['\x1bOA', 'up'],
  ['\x1bOB', 'down'],
  ['\x1b[5~', 'page-up'],
  ['\x1b[6~', 'page-down'],
  ['\x1b[H', 'first'],
  ['\x1b[F', 'last'],
  ['\x1bOH', 'first'],
  ['\x1bOF', 'last'],
  ['\x1b[1~', 'first'],
  ['\x1b[4~', 'last'],
]);

/** For the help. */
export const keyHelp: readonly (readonly [key: string, help: string])[] = [
  ['q, Ctrl-C', 'quit'],
  ['p, space', 'pause the probes, and go on'],
  ['r', 'reset: count from now on'],
  ['s', 'sort: as in the files, failing first, slowest first, by name'],
  ['o', 'sort again as things are now'],
  ['enter', 'the VIP under the cursor: outages, tally, how it is asked'],
  ['c', 'one line per VIP, or two'],
  ['arrows, j k', 'move; PgUp PgDn (b f) by pages, Home End (g G) to the ends'],
  ['?, h', 'this help'],
];

/** Keys in `input`, and the beginning of one at its end. Unknown sequences are passed over whole. */
export function readKeys(input: string): { readonly keys: Key[]; readonly rest: string } {
  const found: Key[] = [];
  let at = 0;
  while (at < input.length) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
    const [sequence = ''] = /^(?:\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[ -~]|\x1b\[[0-?]*[ -/]*$|\x1bO?$|[\s\S])/.exec(
      input.slice(at),
    ) as RegExpExecArray;
    const isOpen = sequence.startsWith('\x1b') && !/[@-Z\\^-~]$/.test(sequence.slice(2));
    if (isOpen && at + sequence.length === input.length) return { keys: found, rest: sequence.slice(0, 32) };
    const key = keys.get(sequence);
    if (key) found.push(key);
    at += sequence.length;
  }
  return { keys: found, rest: '' };
}
