// The command line, taken as Go's flag package takes it. Pure: argv is an argument.
import { RE2JS } from 're2js';
import { parseDuration } from './durations.ts';
import { type FlagDefinition, type FlagName, flagDefinitions } from './flags.ts';
import * as limits from './limits.ts';
import { formatDuration } from './text.ts';

export interface Options {
  readonly configPaths: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly uri: string;
  /** Absent: the VIP itself. */
  readonly host?: string;
  /** Absent: no tally. */
  readonly header?: string;
  readonly insecure: boolean;
  readonly keepalive: boolean;
  readonly inFlightMax: number;
  /** Whether a VIP with this name and endpoint is wanted. */
  readonly wants: (name: string, endpoint: string) => boolean;
  readonly filter: string;
  /** Absent: endless. */
  readonly durationMs?: number;
  readonly count?: number;
  readonly json: boolean;
  /** Absent: the daemon is not asked. */
  readonly daemonUrl?: string;
}

export type Arguments =
  | { readonly t: 'run'; readonly options: Options }
  | { readonly t: 'version' }
  | { readonly t: 'help' }
  /** One whole sentence. */
  | { readonly t: 'refusal'; readonly message: string };

const definitions: readonly FlagDefinition[] = flagDefinitions;
const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
]);

class Refusal extends Error {}

/**
 * `-flag` and `--flag`, `=value` or the next word; booleans take a value only with `=`. The last one wins.
 */
export function parseArguments(argv: readonly string[]): Arguments {
  try {
    const values = readWords(argv);
    const text = (name: FlagName) =>
      values.get(name)?.at(-1) ?? definitions.find((flag) => flag.name === name)?.initial ?? '';
    for (const [name, given] of values) for (const value of given) checkValue(name, value);
    if (truths.get(text('help'))) return { t: 'help' };
    if (truths.get(text('version'))) return { t: 'version' };
    return { t: 'run', options: optionsOf(values, text) };
  } catch (error) {
    if (error instanceof Refusal) return { t: 'refusal', message: error.message };
    throw error;
  }
}

function readWords(argv: readonly string[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] as string;
    const match = /^--?([a-zA-Z][a-zA-Z-]*)(?:=(.*))?$/s.exec(word);
    if (!match) throw new Refusal(`unexpected argument "${word}" (see --help)`);
    const [, name = '', inline] = match;
    const flag = definitions.find((candidate) => candidate.name === name || candidate.alias === name);
    if (!flag) throw new Refusal(`no such flag: ${word.split('=')[0]} (see --help)`);
    const value = inline ?? (flag.kind === 'boolean' ? 'true' : argv[++index]);
    if (value === undefined) throw new Refusal(`flag --${name} needs a value`);
    values.set(flag.name, [...(values.get(flag.name) ?? []), value]);
  }
  return values;
}

function checkValue(name: string, value: string): void {
  const flag = definitions.find((candidate) => candidate.name === name) as FlagDefinition;
  const refuse = (what: string) => new Refusal(`flag --${name}: "${value}" ${what}`);
  if (flag.kind === 'boolean' && !truths.has(value)) throw refuse('is neither true nor false');
  if (flag.kind === 'integer') {
    const isInteger = /^[0-9]{1,12}$/.test(value);
    if (!isInteger) throw refuse('is not a whole number');
    if (Number(value) < flag.min || Number(value) > flag.max)
      throw refuse(`is not in ${flag.min}..${flag.max}`);
  }
  if (flag.kind === 'duration') {
    const ms = parseDuration(value);
    if (ms === undefined) throw refuse('is not a duration such as 100ms, 2s or 1m30s');
    if (ms < flag.min || ms > flag.max) {
      throw refuse(`is not in ${formatDuration(flag.min)}..${formatDuration(flag.max)}`);
    }
  }
}

type TextOf = (name: FlagName) => string;

function optionsOf(values: ReadonlyMap<string, readonly string[]>, text: TextOf): Options {
  const on = (name: FlagName) => truths.get(text(name)) === true;
  const durationMs = parseDuration(text('duration')) ?? 0;
  const count = Number(text('count'));
  const host = checkHost(text('host'));
  const header = checkHeader(text('header'));
  const daemonUrl = checkUrl(text('resolve-from'));
  return {
    configPaths: configPathsOf(values.get('config') ?? [text('config')]),
    intervalMs: parseDuration(text('interval')) ?? 0,
    timeoutMs: parseDuration(text('timeout')) ?? 0,
    uri: checkUri(text('uri')),
    ...(host !== '' && { host }),
    ...(header !== '' && { header }),
    insecure: on('insecure'),
    keepalive: on('keepalive'),
    inFlightMax: Number(text('in-flight')),
    wants: compileFilter(text('filter')),
    filter: text('filter'),
    ...(durationMs > 0 && { durationMs }),
    ...(count > 0 && { count }),
    json: on('json'),
    ...(daemonUrl !== '' && { daemonUrl }),
  };
}

function configPathsOf(given: readonly string[]): readonly string[] {
  const paths = given.flatMap((list) => list.split(',')).map((path) => path.trim());
  if (paths.includes('')) throw new Refusal('flag --config: an empty file name');
  if (paths.length > limits.configFileCountMax) {
    throw new Refusal(`flag --config: more than ${limits.configFileCountMax} files`);
  }
  return Array.from(new Set(paths));
}

function checkUri(uri: string): string {
  if (!/^\/[\x21-\x7e]*$/.test(uri) || uri.length > limits.uriLengthMax) {
    throw new Refusal(`flag --uri: "${uri}" is no path: begin with "/", write spaces as %20`);
  }
  return uri;
}

function checkHost(host: string): string {
  const fits = /^[A-Za-z0-9._~:[\]-]*$/.test(host) && host.length <= limits.hostLengthMax;
  if (!fits) throw new Refusal(`flag --host: "${host}" is no host name`);
  return host;
}

function checkHeader(header: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]*$/.test(header)) {
    throw new Refusal(`flag --header: "${header}" is no name of a header`);
  }
  return header;
}

/** The daemon's own port unless one is given. */
function checkUrl(text: string): string {
  if (text === '') return '';
  if (!/^https?:\/\/[^/?#]/.test(text) || !URL.canParse(text)) {
    throw new Refusal(`flag --resolve-from: "${text}" is no URL such as http://maglevd:9090`);
  }
  const hasPort = /^https?:\/\/[^/?#]*:[0-9]+(?:[/?#]|$)/.test(text);
  const url = new URL(text);
  if (!hasPort) url.port = '9090';
  return url.href.replace(/\/+$/, '');
}

function compileFilter(pattern: string): Options['wants'] {
  if (pattern === '') return () => true;
  if (pattern.length > limits.filterLengthMax) throw new Refusal('flag --filter: the pattern is too long');
  try {
    const compiled = RE2JS.compile(pattern);
    return (name, endpoint) => compiled.matcher(name).find() || compiled.matcher(endpoint).find();
  } catch (error) {
    throw new Refusal(`flag --filter: "${pattern}": ${(error as Error).message}`);
  }
}
