// The flags of maglevc, each declared once: parsing, help, manual and completion derive from this table.
// Pure.
import { timeoutSecondsMax, watchSecondsDefault, watchSecondsMax } from './limits.ts';

export const outputs = ['table', 'json', 'yaml'] as const;
export type Output = (typeof outputs)[number];

interface FlagRow {
  readonly name: string;
  /** Short form without its dash. */
  readonly short?: string;
  /** What follows; absent: nothing. In brackets: it may be left out. */
  readonly value?: string;
  readonly environment?: string;
  readonly help: string;
  /** Also in a line of the shell. */
  readonly isPerLine?: true;
}

export const flagTable: readonly FlagRow[] = [
  {
    name: 'server',
    value: 'host:port|unix:/path|https://host:port',
    environment: 'MAGLEV_SERVER',
    help: 'where maglevd listens; default localhost:9090',
  },
  { name: 'output', short: 'o', value: 'table|json|yaml', help: 'form of the answer', isPerLine: true },
  {
    name: 'watch',
    value: '[seconds]',
    help: `show again every so many seconds, in place; default ${watchSecondsDefault}`,
    isPerLine: true,
  },
  {
    name: 'color',
    value: '[true|false]',
    environment: 'NO_COLOR',
    help: 'colour; default: on a terminal, unless NO_COLOR is set',
    isPerLine: true,
  },
  { name: 'timeout', value: 'seconds', help: 'for one call; default 10' },
  {
    name: 'user',
    value: 'name',
    environment: 'MAGLEV_USER',
    help: 'HTTP Basic; the password is in MAGLEV_PASSWORD',
  },
  { name: 'token-file', value: 'path', help: 'file with a bearer token' },
  { name: 'ca', value: 'path', help: "PEM: certificates trusted besides the system's" },
  { name: 'cert', value: 'path', help: 'PEM: client certificate' },
  { name: 'key', value: 'path', help: 'PEM: key of the client certificate' },
  { name: 'version', help: 'print the version of maglevc' },
  { name: 'help', short: 'h', help: 'help, also of one command: maglevc show backend --help' },
];

export interface Flags {
  readonly server?: string;
  readonly output?: Output;
  readonly watchSeconds?: number;
  readonly color?: boolean;
  readonly timeoutSeconds?: number;
  readonly user?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly isVersion?: true;
  readonly isHelp?: true;
}
export interface Parsed {
  readonly flags: Flags;
  /** Everything that is no flag, in its order. */
  readonly words: readonly string[];
}
export interface FlagRefusal {
  readonly refusal: string;
}

/** Flags may stand anywhere; behind `--` everything is a word. */
export function parseFlags(argv: readonly string[]): Parsed | FlagRefusal {
  let flags: Flags = {};
  const words: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] as string;
    if (word === '--') {
      words.push(...argv.slice(index + 1));
      break;
    }
    const match = /^--?([A-Za-z][A-Za-z-]*)(?:=(.*))?$/s.exec(word);
    if (match === null) {
      words.push(word);
      continue;
    }
    const [, name = '', given] = match;
    const row = flagTable.find((each) => each.name === name || each.short === name);
    if (row === undefined) return { refusal: `no such flag: ${word}: maglevc --help lists them` };
    const next = argv[index + 1];
    const taken = followingValue(row, given, next);
    if (typeof taken === 'object') return taken;
    if (given === undefined && taken !== undefined) index += 1;
    const set = setFlag(flags, row.name, given ?? taken);
    if ('refusal' in set) return { refusal: `flag --${row.name}: ${set.refusal}` };
    flags = set.flags;
  }
  return { flags, words };
}

/** The value that follows as a word of its own, if the flag takes one. */
function followingValue(
  row: FlagRow,
  given: string | undefined,
  next: string | undefined,
): string | undefined | FlagRefusal {
  if (given !== undefined || row.value === undefined) return undefined;
  if (row.value.startsWith('[')) {
    const fits = row.name === 'watch' ? /^\d+(\.\d+)?s?$/ : /^(true|false)$/;
    return next !== undefined && fits.test(next) ? next : undefined;
  }
  return next ?? { refusal: `flag --${row.name} needs a value: ${row.value}` };
}

type Set = { readonly flags: Flags } | FlagRefusal;

function setFlag(flags: Flags, name: string, value: string | undefined): Set {
  switch (name) {
    case 'output': {
      const fits = outputs.filter((each) => value !== '' && each.startsWith(value ?? ''));
      const [output] = fits;
      if (output === undefined) return { refusal: `"${value}" is none of ${outputs.join(', ')}` };
      return { flags: { ...flags, output } };
    }
    case 'watch': {
      const watchSeconds = value === undefined ? watchSecondsDefault : secondsOf(value, watchSecondsMax);
      if (watchSeconds === undefined) return { refusal: `"${value}" is no number of seconds` };
      return { flags: { ...flags, watchSeconds } };
    }
    case 'timeout': {
      const timeoutSeconds = secondsOf(value ?? '', timeoutSecondsMax);
      if (timeoutSeconds === undefined) return { refusal: `"${value}" is no number of seconds` };
      return { flags: { ...flags, timeoutSeconds } };
    }
    case 'color':
      if (value !== undefined && value !== 'true' && value !== 'false') {
        return { refusal: `"${value}" is neither true nor false` };
      }
      return { flags: { ...flags, color: value !== 'false' } };
    case 'version':
    case 'help':
      if (value !== undefined) return { refusal: 'takes no value' };
      return { flags: name === 'help' ? { ...flags, isHelp: true } : { ...flags, isVersion: true } };
    default:
      if (value === '') return { refusal: 'the value is empty' };
      return { flags: { ...flags, [name === 'token-file' ? 'tokenFile' : name]: value } };
  }
}

function secondsOf(text: string, max: number): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)s?$/.exec(text);
  const seconds = Number(match?.[1]);
  return match !== null && seconds >= 0.1 && seconds <= max ? seconds : undefined;
}

/** Flags that make no sense in a line of the shell. */
export function strayFlag(flags: Flags): string | undefined {
  const allowed = new Set(['output', 'watchSeconds', 'color', 'isHelp']);
  return Object.keys(flags).find((name) => !allowed.has(name));
}

/** How a flag is written: `-o, --output table|json|yaml`. */
export function flagText({ name, short, value }: FlagRow): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}
