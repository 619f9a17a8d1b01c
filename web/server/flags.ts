// Flags and environment of maglevd-frontend, taken as Go's flag package takes them. Pure: argv and env are
// arguments.
import { type ListenAddress, parseListenAddress } from '@vpp-maglev/server/listen-address';
import type { Credentials } from './admin-access.ts';
import { parseServers, type ServerAddress } from './servers.ts';

interface FlagRow {
  readonly name: string;
  readonly environment?: string;
  readonly value?: string;
  readonly initial?: string;
  readonly help: string;
}

const flagTable: readonly FlagRow[] = [
  {
    name: 'server',
    environment: 'MAGLEV_SERVERS',
    value: 'host:port[,host:port]',
    help: 'maglevds to show, repeatable; https://host:port for TLS',
  },
  {
    name: 'listen',
    environment: 'MAGLEV_LISTEN',
    value: 'host:port',
    initial: ':8080',
    help: 'where the dashboard is served',
  },
  {
    name: 'log-level',
    environment: 'MAGLEV_LOG_LEVEL',
    value: 'level',
    initial: 'info',
    help: 'debug, info, warn or error',
  },
  {
    name: 'user',
    environment: 'MAGLEV_USER',
    value: 'name',
    help: 'credentials towards maglevds, for changes: HTTP Basic; the password is in MAGLEV_PASSWORD',
  },
  { name: 'token-file', value: 'path', help: 'the same: file with a bearer token' },
  { name: 'ca', value: 'path', help: "PEM: CAs of maglevds trusted besides the system's" },
  { name: 'version', help: 'print version, commit and date' },
  { name: 'help', help: 'print this text' },
];

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface Settings {
  readonly t: 'run';
  readonly servers: readonly ServerAddress[];
  readonly listen: ListenAddress;
  readonly logLevel: LogLevel;
  /** Of operators who open `/admin`; absent: there is none. */
  readonly admin?: Credentials;
  /** Shown to maglevds. */
  readonly login?: Credentials;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

export type Parsed = Settings | { readonly t: 'version' | 'help' } | { readonly refusal: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** Flag beats environment beats default. `-flag` and `--flag`, `=value` or the next word. */
export function parseFlags(argv: readonly string[], env: Environment): Parsed {
  const given = readWords(argv);
  if ('refusal' in given) return given;
  if (given.has('help')) return { t: 'help' };
  if (given.has('version')) return { t: 'version' };
  const text = (name: string): string | undefined => {
    const row = flagTable.find((each) => each.name === name);
    const fromEnv = row?.environment === undefined ? undefined : env[row.environment];
    return given.get(name) ?? fromEnv ?? row?.initial;
  };
  const servers = parseServers(text('server') ?? '');
  if ('refusal' in servers) return { refusal: `flag --server: ${servers.refusal}` };
  if (servers.length === 0) return { refusal: 'no maglevd to show: give --server or MAGLEV_SERVERS' };
  const listen = parseListenAddress(text('listen') ?? '');
  if ('refusal' in listen) return { refusal: `flag --listen: "${text('listen')}" ${listen.refusal}` };
  const logLevel = logLevels.find((level) => level === text('log-level'));
  if (logLevel === undefined) {
    return { refusal: `flag --log-level: "${text('log-level')}" is none of ${logLevels.join(', ')}` };
  }
  const caFile = text('ca');
  const credentials = readCredentials(env, text('user'), text('token-file'));
  if ('refusal' in credentials) return credentials;
  return { t: 'run', servers, listen, logLevel, ...credentials, ...(caFile && { caFile }) };
}

function readWords(argv: readonly string[]): Map<string, string> | { readonly refusal: string } {
  const given = new Map<string, string>();
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] as string;
    const [, name = '', inline] = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === '') return { refusal: `unexpected argument "${word}" (see --help)` };
    const row = flagTable.find((each) => each.name === name);
    if (!row) return { refusal: `no such flag: ${word.split('=')[0]} (see --help)` };
    let value = row.value === undefined ? 'true' : inline;
    if (value === undefined) {
      index += 1;
      value = argv[index];
    }
    if (value === undefined) return { refusal: `flag --${name} needs a value: ${row.value}` };
    const before = name === 'server' ? given.get(name) : undefined;
    given.set(name, before === undefined ? value : `${before},${value}`);
  }
  return given;
}

type FoundCredentials = Pick<Settings, 'admin' | 'login' | 'tokenFile'> | { readonly refusal: string };

function readCredentials(
  env: Environment,
  user: string | undefined,
  tokenFile: string | undefined,
): FoundCredentials {
  const admin = readAdmin(env);
  if (admin && 'refusal' in admin) return admin;
  const found = admin && { admin };
  if (user && tokenFile) return { refusal: 'give --user or --token-file, not both' };
  if (tokenFile) return { ...found, tokenFile };
  if (!user) return { ...found };
  const password = env['MAGLEV_PASSWORD'];
  if (!password) return { refusal: '--user needs its password in MAGLEV_PASSWORD' };
  return { ...found, login: { user, password } };
}

/** From MAGLEV_FRONTEND_USER and MAGLEV_FRONTEND_PASSWORD; absent or empty, both: no `/admin`. */
export function readAdmin(env: Environment): Credentials | { readonly refusal: string } | undefined {
  const user = env['MAGLEV_FRONTEND_USER'] ?? '';
  const password = env['MAGLEV_FRONTEND_PASSWORD'] ?? '';
  if (user === '' && password === '') return undefined;
  if (user === '' || password === '') {
    return { refusal: 'MAGLEV_FRONTEND_USER and MAGLEV_FRONTEND_PASSWORD go together: set both or none' };
  }
  // RFC 7617: the name ends at the first colon.
  if (user.includes(':')) return { refusal: 'MAGLEV_FRONTEND_USER holds a colon, which no name can' };
  return { user, password };
}

/** The text of `--help`. */
export function usageText(): string {
  const lines = flagTable.map(({ name, value, help, initial, environment }) => {
    const word = `--${name}${value === undefined ? '' : ` ${value}`}`;
    const more = [initial && `default ${initial}`, environment].filter(Boolean).join(', ');
    return `  ${word.padEnd(32)} ${help}${more && ` (${more})`}`;
  });
  const admin = [
    'MAGLEV_FRONTEND_USER and MAGLEV_FRONTEND_PASSWORD: name and password of /admin/, which is not there',
    'without them. Signals: TERM and INT stop; HUP is ignored.',
  ];
  return ['usage: maglevd-frontend [flags]', '', ...lines, '', ...admin, ''].join('\n');
}
