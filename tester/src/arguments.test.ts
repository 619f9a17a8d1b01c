import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Options, parseArguments } from './arguments.ts';
import { type FlagDefinition, flagDefinitions, usageText } from './flags.ts';

function run(...argv: readonly string[]): Options {
  const parsed = parseArguments(argv);
  assert.equal(parsed.t, 'run', JSON.stringify(parsed));
  return (parsed as Extract<typeof parsed, { t: 'run' }>).options;
}

test('the defaults are those of the specification', () => {
  const { wants, ...rest } = run();
  assert.ok(wants('any', '192.0.2.1:80'));
  assert.deepEqual(rest, {
    configPaths: ['/etc/vpp-maglev/maglev.yaml'],
    intervalMs: 100,
    timeoutMs: 2000,
    uri: '/.well-known/ipng/healthz',
    header: 'X-IPng-Frontend',
    insecure: false,
    keepalive: false,
    inFlightMax: 1,
    filter: '',
    json: false,
  });
});

test('one dash or two, = or the next word, a list or repeated', () => {
  assert.deepEqual(run('-config', 'a,b', '--config=c', '--config', 'a').configPaths, ['a', 'b', 'c']);
  assert.equal(run('--path', '/x?y').uri, '/x?y');
  assert.equal(run('-interval=1m30s').intervalMs, 90_000);
  assert.equal(run('--insecure', '--insecure=false').insecure, false);
  assert.equal(run('-json').json, true);
  assert.equal(run('--header=').header, undefined);
  assert.equal(run('--count', '7').count, 7);
  assert.equal(run('--duration', '1.5s').durationMs, 1500);
  const { wants } = run('--filter', '^www|:443$');
  assert.deepEqual(
    [wants('www-1', 'x'), wants('api', '1.2.3.4:443'), wants('api', 'x:4430')],
    [true, true, false],
  );
});

test('a daemon without a port is asked at its own', () => {
  assert.equal(run('--resolve-from', 'http://maglevd').daemonUrl, 'http://maglevd:9090');
  assert.equal(run('--resolve-from', 'http://[::1]').daemonUrl, 'http://[::1]:9090');
  assert.equal(run('--resolve-from', 'http://maglevd:80/').daemonUrl, 'http://maglevd');
  assert.equal(run('--resolve-from', 'https://lb/x/').daemonUrl, 'https://lb:9090/x');
});

const refused: readonly (readonly [argv: readonly string[], message: string])[] = [
  [['x'], 'unexpected argument "x" (see --help)'],
  [['--nope=1'], 'no such flag: --nope (see --help)'],
  [['--interval'], 'flag --interval needs a value'],
  [['--interval', '5'], 'flag --interval: "5" is not a duration such as 100ms, 2s or 1m30s'],
  [['--interval', '5ms'], 'flag --interval: "5ms" is not in 10ms..1h'],
  [['--timeout=2x'], 'flag --timeout: "2x" is not a duration such as 100ms, 2s or 1m30s'],
  [['--count=-1'], 'flag --count: "-1" is not a whole number'],
  [['--in-flight=0'], 'flag --in-flight: "0" is not in 1..16'],
  [['--json=maybe'], 'flag --json: "maybe" is neither true nor false'],
  [['--uri=x'], 'flag --uri: "x" is no path: begin with "/", write spaces as %20'],
  [['--host=a b'], 'flag --host: "a b" is no host name'],
  [['--header=a:b'], 'flag --header: "a:b" is no name of a header'],
  [['--config=a,,b'], 'flag --config: an empty file name'],
  [['--resolve-from=maglevd'], 'flag --resolve-from: "maglevd" is no URL such as http://maglevd:9090'],
];
for (const [argv, message] of refused) {
  test(`refused in one sentence: ${argv.join(' ')}`, () => {
    assert.deepEqual(parseArguments(argv), { t: 'refusal', message });
  });
}

test('a pattern that does not compile is refused with its fault', () => {
  const parsed = parseArguments(['--filter', 'a(']);
  assert.equal(parsed.t, 'refusal');
  assert.match(parsed.t === 'refusal' ? parsed.message : '', /^flag --filter: "a\(": .*missing/);
});

test('help and version win over the rest, but not over a fault', () => {
  assert.equal(parseArguments(['--help', '--version']).t, 'help');
  assert.equal(parseArguments(['--version']).t, 'version');
  assert.equal(parseArguments(['--help', '--nope']).t, 'refusal');
});

/** Roff without its marks. */
const manual = readFileSync(new URL('../maglevt.1', import.meta.url), 'utf8')
  .replaceAll(/\\f[BIRP]/g, '')
  .replaceAll('\\-', '-');

test('help and manual page name every flag with its default, and no other', () => {
  const named = new Set(Array.from(manual.matchAll(/^\.BR? .*?--([a-z-]+)/gm), ([, name]) => name));
  const definitions = flagDefinitions as readonly FlagDefinition[];
  const names = definitions.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
  for (const name of names) {
    assert.match(manual, new RegExp(`^\\.BR? .*--${name}\\b`, 'm'), `maglevt.1 has no --${name}`);
    assert.ok(usageText().includes(`--${name}`), `--help has no --${name}`);
  }
  for (const name of named)
    assert.ok(names.includes(name ?? ''), `maglevt.1 has --${name}, which is no flag`);
  for (const { name, kind, initial } of definitions) {
    if (kind === 'boolean' || initial === '' || initial === '0') continue;
    const entry = manual
      .split(/^\.TP$/m)
      .find((part) => new RegExp(`^\\.BR? .*--${name}\\b`, 'm').test(part));
    assert.ok(entry?.includes(initial), `maglevt.1 does not say that --${name} is ${initial}`);
  }
});
