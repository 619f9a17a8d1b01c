// maglevd's flags and environment, taken as Go's flag package takes them. Pure: argv and env are arguments.
import { logLevels } from './events/event.ts';
import { assert } from './lib/assert.ts';

interface FlagDefinition {
  readonly name: string;
  readonly env?: string;
  readonly kind: 'text' | 'boolean';
  readonly initial: string;
  readonly help: string;
}

const definitions = [
  {
    name: 'config',
    env: 'MAGLEV_CONFIG',
    kind: 'text',
    initial: '/etc/vpp-maglev/maglev.yaml',
    help: 'configuration file',
  },
  {
    name: 'grpc-addr',
    env: 'MAGLEV_GRPC_ADDR',
    kind: 'text',
    initial: ':9090',
    help: 'address of the API, host:port',
  },
  {
    name: 'metrics-addr',
    env: 'MAGLEV_METRICS_ADDR',
    kind: 'text',
    initial: ':9091',
    help: 'address of /metrics; empty = off',
  },
  {
    name: 'vpp-api-addr',
    env: 'MAGLEV_VPP_API_ADDR',
    kind: 'text',
    initial: '/run/vpp/api.sock',
    help: "VPP's API socket; empty = no VPP",
  },
  {
    name: 'vpp-stats-addr',
    env: 'MAGLEV_VPP_STATS_ADDR',
    kind: 'text',
    initial: '/run/vpp/stats.sock',
    help: "VPP's stats socket",
  },
  {
    name: 'vpp-keep-unknown',
    env: 'MAGLEV_VPP_KEEP_UNKNOWN',
    kind: 'boolean',
    initial: 'false',
    help: 'leave VIPs in VPP alone that the configuration does not know',
  },
  {
    name: 'state-dir',
    env: 'MAGLEV_STATE_DIR',
    kind: 'text',
    initial: '/var/lib/vpp-maglev',
    help: 'directory of overrides.json; empty = overrides in memory only',
  },
  {
    name: 'log-level',
    env: 'MAGLEV_LOG_LEVEL',
    kind: 'text',
    initial: 'info',
    help: 'debug, info, warn or error',
  },
  {
    name: 'reflection',
    env: 'MAGLEV_REFLECTION',
    kind: 'boolean',
    initial: 'true',
    help: 'answer gRPC reflection',
  },
  {
    name: 'api-socket',
    env: 'MAGLEV_API_SOCKET',
    kind: 'text',
    initial: '',
    help: 'Unix socket that serves the API as well; who may open it is an operator',
  },
  {
    name: 'auth-file',
    env: 'MAGLEV_AUTH_FILE',
    kind: 'text',
    initial: '',
    help: 'users, tokens and their roles (maglevd hash-password makes entries)',
  },
  {
    name: 'trusted-proxies',
    env: 'MAGLEV_TRUSTED_PROXIES',
    kind: 'text',
    initial: '',
    help: 'addresses and prefixes whose X-Forwarded-For is believed',
  },
  {
    name: 'tls-cert',
    env: 'MAGLEV_TLS_CERT',
    kind: 'text',
    initial: '',
    help: 'certificate chain of the API, PEM; empty = no TLS',
  },
  {
    name: 'tls-key',
    env: 'MAGLEV_TLS_KEY',
    kind: 'text',
    initial: '',
    help: 'its private key, PEM',
  },
  {
    name: 'tls-client-ca',
    env: 'MAGLEV_TLS_CLIENT_CA',
    kind: 'text',
    initial: '',
    help: 'CAs whose client certificates count as credentials, PEM',
  },
  {
    name: 'peers',
    env: 'MAGLEV_PEERS',
    kind: 'text',
    initial: '',
    help: 'other maglevds to show in the dashboard: host:port, comma separated',
  },
  {
    name: 'peers-token-file',
    env: 'MAGLEV_PEERS_TOKEN_FILE',
    kind: 'text',
    initial: '',
    help: 'file with the bearer token that peers are shown with changes',
  },
  {
    name: 'check',
    kind: 'boolean',
    initial: 'false',
    help: 'check the configuration file and exit: 0, 1, 2',
  },
  {
    name: 'print-schema',
    kind: 'boolean',
    initial: 'false',
    help: 'print the JSON Schema of the configuration file',
  },
  {
    name: 'demo',
    kind: 'boolean',
    initial: 'false',
    help: 'run a demo: an embedded VPP and local backends, one of which fails now and then',
  },
  { name: 'version', kind: 'boolean', initial: 'false', help: 'print version, commit and date' },
  { name: 'help', kind: 'boolean', initial: 'false', help: 'print this text' },
] as const satisfies readonly FlagDefinition[];

type FlagName = (typeof definitions)[number]['name'];

export interface Flags {
  readonly text: (name: FlagName) => string;
  readonly on: (name: FlagName) => boolean;
  /** Whether the command line or the environment said so, as opposed to the default. */
  readonly given: (name: FlagName) => boolean;
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
]);

/**
 * Flag beats environment beats default. `-flag` and `--flag`, `=value` or the next word; booleans take a
 * value only with `=`. A refusal is one whole sentence.
 */
export function parseFlags(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Flags | { readonly refusal: string } {
  const values = new Map<string, string>();
  for (const definition of definitions as readonly FlagDefinition[]) {
    const fromEnv = definition.env === undefined ? undefined : env[definition.env];
    if (fromEnv !== undefined) values.set(definition.name, fromEnv);
  }
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] as string;
    const match = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(word);
    if (!match) return { refusal: `unexpected argument "${word}" (see --help)` };
    const [, name = '', inline] = match;
    const definition = definitions.find((candidate) => candidate.name === name);
    if (!definition) return { refusal: `no such flag: ${word.split('=')[0]} (see --help)` };
    let value = inline;
    if (value === undefined) {
      if (definition.kind === 'boolean') value = 'true';
      else value = argv[++index];
      if (value === undefined) return { refusal: `flag --${name} needs a value` };
    }
    values.set(name, value);
  }
  return checkValues(values);
}

function checkValues(values: ReadonlyMap<string, string>): Flags | { readonly refusal: string } {
  for (const [name, value] of values) {
    const definition = definitions.find((candidate) => candidate.name === name);
    if (definition?.kind === 'boolean' && !truths.has(value)) {
      return { refusal: `flag --${name}: "${value}" is neither true nor false` };
    }
  }
  const text = (name: FlagName) => {
    const definition = definitions.find((candidate) => candidate.name === name);
    assert(definition !== undefined, `flag ${name} is not defined`);
    return values.get(name) ?? definition.initial;
  };
  const level = text('log-level');
  if (!(logLevels as readonly string[]).includes(level)) {
    return { refusal: `flag --log-level: "${level}" is none of ${logLevels.join(', ')}` };
  }
  return {
    text,
    on: (name) => truths.get(text(name)) ?? false,
    given: (name) => values.has(name),
  };
}

/** The text of `--help`. */
export function usageText(): string {
  const lines = (definitions as readonly FlagDefinition[]).map(({ name, env, kind, initial, help }) => {
    const word = kind === 'text' ? `--${name} VALUE` : `--${name}`;
    const source = env ? ` [${env}]` : '';
    const shown = kind === 'text' ? ` (default ${initial === '' ? 'empty' : initial})` : '';
    return `  ${word.padEnd(22)} ${help}${shown}${source}`;
  });
  const signals = 'Signals: HUP reloads the configuration; TERM and INT stop.';
  return `usage: maglevd [flags]\n\n${lines.join('\n')}\n\n${signals}\n`;
}
