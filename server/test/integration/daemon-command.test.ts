// maglevd's command line as a script meets it: what it prints where, and how it exits.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { makeDirectory, removeDirectory } from '../support/guarded-process.ts';
import { mainPath, runMaglevd, startMaglevd } from '../support/maglevd.ts';

const directory = makeDirectory('command');
after(() => removeDirectory(directory));

function writeFile(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const goodText = 'maglev: { backends: { fixed: { address: 127.0.0.1 } } }\n';
const good = writeFile('good.yaml', goodText);
const structural = writeFile('structural.yaml', 'maglev:\n  frontend: {}\n');
const semantic = writeFile('semantic.yaml', 'maglev:\n  backends:\n    b: { address: 127.0.0.256 }\n');
const missing = join(directory, 'missing.yaml');
const manifest = JSON.parse(readFileSync(join(mainPath, '../../package.json'), 'utf8'));

test('--version: version, commit, date and runtime, in one line', async () => {
  const { code, stdout, stderr } = await runMaglevd(['--version']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.match(stdout, /^maglevd \S+ \(commit \S+, \S+, Node\.js \d+\.\d+\.\d+\)\n$/);
  assert.ok(stdout.startsWith(`maglevd ${manifest.version} `));
});

test('--help: every flag with its variable', async () => {
  const { code, stdout, stderr } = await runMaglevd(['--help']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  for (const name of ['config', 'grpc-addr', 'metrics-addr', 'state-dir', 'log-level']) {
    const variable = `MAGLEV_${name.toUpperCase().replace('-', '_')}`;
    assert.match(stdout, new RegExp(`--${name} .*\\[${variable}\\]`));
  }
  for (const name of ['check', 'print-schema', 'version', 'help', 'demo']) {
    assert.match(stdout, new RegExp(`--${name}\\b`));
  }
});

test('--print-schema: a JSON Schema that takes a good file and refuses a bad one', async () => {
  const { code, stdout, stderr } = await runMaglevd(['--print-schema']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(stdout));
  assert.ok(validate({ maglev: { backends: { fixed: { address: '127.0.0.1' } } } }));
  assert.ok(!validate({ maglev: { backend: {} } }));
});

test('--check: 0 and a summary, 1 for what cannot be read, 2 for what makes no sense', async () => {
  const check = async (path: string) => {
    const { code, stdout, stderr } = await runMaglevd(['--check', '--config', path]);
    assert.equal(stderr, '');
    return [code, ...stdout.split('\n')];
  };
  const fine = await check(good);
  assert.equal(fine[0], 0);
  assert.equal(fine.at(-2), 'ok: 0 frontends, 1 backend, 0 health checks');
  const [structuralCode, structuralLine] = await check(structural);
  assert.equal(structuralCode, 1);
  assert.match(String(structuralLine), /^maglev\.frontend: .*frontends.* \(line 2, column 3\)$/);
  const [missingCode, missingLine] = await check(missing);
  assert.equal(missingCode, 1);
  assert.ok(String(missingLine).startsWith(`${missing}: `), String(missingLine));
  const [semanticCode, semanticLine] = await check(semantic);
  assert.equal(semanticCode, 2);
  assert.match(String(semanticLine), /^maglev\.backends\.b\.address: .* \(line 3, column 19\)$/);
});

const misuses: readonly (readonly [words: readonly string[], message: RegExp])[] = [
  [['--no-such-flag'], /^maglevd: no such flag: --no-such-flag /],
  [['--log-level', 'loud'], /^maglevd: flag --log-level: "loud" is none of debug, info, warn, error$/m],
  [['--grpc-addr', 'nowhere'], /^maglevd: flag --grpc-addr: "nowhere" is not host:port/],
];
for (const [words, message] of misuses) {
  test(`misuse: ${words.join(' ')}`, async () => {
    const { code, stdout, stderr } = await runMaglevd([...words]);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split('\n').length, 1, 'one line');
  });
}

test('flags as Go takes them; a flag beats the environment, which beats the default', async () => {
  const ways = [
    ['-check', '-config', good],
    ['-check=true', `-config=${good}`],
    ['--check=T', `--config=${good}`],
    ['--check', '--config', missing, '--config', good],
  ];
  for (const words of ways) assert.equal((await runMaglevd(words)).code, 0, words.join(' '));
  const fromVariable = await runMaglevd(['--check'], { MAGLEV_CONFIG: good });
  assert.equal(fromVariable.code, 0);
  const flagWins = await runMaglevd(['--check', '--config', semantic], { MAGLEV_CONFIG: good });
  assert.equal(flagWins.code, 2);
  const usual = '/etc/vpp-maglev/maglev.yaml';
  const byDefault = await runMaglevd(['--check']);
  if (!existsSync(usual)) assert.ok(byDefault.stdout.startsWith(`${usual}: `), byDefault.stdout);
});

/** A listener whose port nobody else can have; closed after the test. */
async function holdPort(t: TestContext): Promise<number> {
  const holder = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  holder.listen(0, '127.0.0.1', resolve);
  await promise;
  t.after(() => holder.close());
  return (holder.address() as { readonly port: number }).port;
}

test('an address in use: one clear line, exit 1, and the log stays JSON', async (t) => {
  const port = await holdPort(t);
  const free = ['--grpc-addr', '127.0.0.1:0', '--metrics-addr', '127.0.0.1:0', '--state-dir', ''];
  for (const flag of ['--grpc-addr', '--metrics-addr']) {
    const words = ['--config', good, ...free, flag, `127.0.0.1:${port}`];
    const { code, stdout, stderr } = await runMaglevd(words);
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`^maglevd: ${flag}: cannot listen on 127\\.0\\.0\\.1:${port}: another program.*\n$`),
    );
    for (const line of stdout.trimEnd().split('\n')) assert.ok(JSON.parse(line).msg);
    assert.doesNotMatch(stdout, /backend-transition/, 'it has not begun to check anything');
  }
});

test('the environment sets what no flag does', async (t) => {
  const [one, other] = [await holdPort(t), await holdPort(t)];
  const stateDir = join(directory, 'state');
  mkdirSync(stateDir);
  writeFileSync(join(stateDir, 'overrides.json'), 'nonsense');
  const env = {
    MAGLEV_CONFIG: good,
    MAGLEV_GRPC_ADDR: `127.0.0.1:${one}`,
    MAGLEV_METRICS_ADDR: '',
    MAGLEV_STATE_DIR: stateDir,
    MAGLEV_LOG_LEVEL: 'warn',
  };
  const { code, stdout, stderr } = await runMaglevd([], env);
  assert.equal(code, 1);
  assert.ok(stderr.includes(` 127.0.0.1:${one}: another program`), stderr);
  const lines = stdout.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).msg),
    ['overrides-moved-aside'],
    'the state directory of the variable, and nothing below its level',
  );
  const withFlag = await runMaglevd(['--grpc-addr', `127.0.0.1:${other}`], env);
  assert.ok(withFlag.stderr.includes(` 127.0.0.1:${other}: another program`), withFlag.stderr);
});

test('no start on a missing or wrong file: 1 and 2, every fault on standard error', async () => {
  for (const [path, code] of [
    [missing, 1],
    [structural, 1],
    [semantic, 2],
  ] as const) {
    const result = await runMaglevd(['--config', path, '--grpc-addr', '127.0.0.1:0', '--state-dir', '']);
    assert.deepEqual([result.code, result.stdout], [code, '']);
    assert.ok(result.stderr.length > 0);
  }
});

test('the log: JSON lines, `starting` first with version, commit and date', async (t) => {
  const maglevd = await startMaglevd({ config: goodText });
  t.after(() => maglevd.kill());
  const [first] = maglevd.log;
  assert.deepEqual([first?.msg, first?.level, first?.['version']], ['starting', 'info', manifest.version]);
  for (const key of ['commit', 'date', 'node']) assert.equal(typeof first?.[key], 'string', key);
  for (const { level, time, msg } of maglevd.log) {
    assert.match(level, /^(debug|info|warn|error)$/);
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(msg, /^[a-z]+(-[a-z]+)*$/);
  }
  await maglevd.stop();
  assert.deepEqual(
    maglevd.log.slice(-2).map(({ msg }) => msg),
    ['stopping', 'stopped'],
  );
});
