// The bench's command line. Pure: argv and the names that exist are arguments.

export interface Arguments {
  readonly action: 'run' | 'list' | 'help';
  /** Names of trials that were asked for, in the order of the map; empty: the usual ones. */
  readonly only: readonly string[];
  /** Long trials as well, where none is named. */
  readonly all: boolean;
  readonly seconds: number;
  /** Where the results go as JSON; absent: nowhere. */
  readonly jsonPath?: string;
  /** The page of the documentation gets the results of the trials that ran. */
  readonly writesPage: boolean;
}

export const secondsDefault = 60;
const secondsMax = 3600;

export const usageText = `usage: npm run bench [-- [--only TRIAL]... [--all] [--seconds N] [--json FILE]
                         [--write] | --list]

  --only TRIAL   run this trial; may be given more than once (default: all but the long ones)
  --all          run the long ones as well
  --seconds N    how long one program is measured, 1 to ${secondsMax} (default ${secondsDefault})
  --json FILE    write the results there as well
  --write        write them into docs/benchmarks.md, and the plot beside it
  --list         name the trials and end

Exit status: 0 measured, whether or not a bar is met; 1 the run broke; 2 the command line is wrong.
`;

const actions: Readonly<Record<string, Arguments['action']>> = { '--list': 'list', '--help': 'help' };

/** A refusal is one whole sentence. */
export function parseArguments(
  argv: readonly string[],
  names: readonly string[],
): Arguments | { readonly refusal: string } {
  const only = new Set<string>();
  let action: Arguments['action'] = 'run';
  let seconds = secondsDefault;
  let jsonPath: string | undefined;
  let all = false;
  let writesPage = false;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    action = actions[word] ?? action;
    all ||= word === '--all';
    writesPage ||= word === '--write';
    if (word in actions || word === '--all' || word === '--write') continue;
    if (!['--only', '--seconds', '--json'].includes(word)) return { refusal: `no such flag: ${word}` };
    const value = argv[++index];
    if (value === undefined || value === '') return { refusal: `${word} needs a value` };
    if (word === '--json') jsonPath = value;
    else if (word === '--only') {
      if (!names.includes(value)) return { refusal: `no such trial: ${value} (${names.join(', ')})` };
      only.add(value);
    } else {
      seconds = Number(value);
      if (!Number.isInteger(seconds) || seconds < 1 || seconds > secondsMax) {
        return { refusal: `--seconds: "${value}" is no whole number from 1 to ${secondsMax}` };
      }
    }
  }
  const wanted = names.filter((name) => only.has(name));
  return { action, only: wanted, all, seconds, ...(jsonPath !== undefined && { jsonPath }), writesPage };
}
