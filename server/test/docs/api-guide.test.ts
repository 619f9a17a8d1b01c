// The API guide is held against a daemon: its commands run as they stand there, against the demo in a network
// namespace of its own, where the ports are the ones that the guide names.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { requestBodyBytesMax } from '../../src/lib/limits.ts';
import { cleanEnvironment } from '../support/maglevd.ts';
import { netnsSkip } from '../support/netns.ts';

const root = resolve(import.meta.dirname, '../../..');
const guide = readFileSync(join(root, 'docs/api-guide.md'), 'utf8');
const skip = netnsSkip();
const commandMsMax = 60_000;

/** The lines of the `sh` blocks under a heading. */
function linesUnder(heading: string): string[] {
  const [, rest] = guide.split(`\n## ${heading}\n`);
  assert.ok(rest !== undefined, `the guide has no section ${heading}`);
  const section = rest.split('\n## ', 1)[0] ?? '';
  const blocks = Array.from(section.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, body = '']) => body);
  return blocks.flatMap((body) => body.split('\n')).filter((line) => line !== '');
}

/** A demo, and how to run a line of the guide beside it. */
interface Demo {
  /** Resolves to standard output; rejects where the line fails. */
  readonly run: (line: string) => Promise<string>;
}

async function startDemo(t: TestContext, directory: string, flags: readonly string[] = []): Promise<Demo> {
  const main = join(root, 'server/src/main.ts');
  const inside = 'ip link set lo up && exec "$0" "$@"';
  const words = ['--net', 'sh', '-c', inside, process.execPath, main, '--demo', ...flags];
  const child = spawn('unshare', words, { env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null], 'the demo ends with 0');
  });
  let listens = false;
  for await (const line of createInterface({ input: child.stdout })) {
    listens = line.includes('listening');
    if (listens) break;
  }
  child.stdout.resume();
  assert.ok(listens, 'the demo says that it listens');
  const enter = ['--target', String(child.pid), '--net', 'sh', '-c'];
  return { run: (line) => runLine('nsenter', enter, line, directory) };
}

function runLine(file: string, words: readonly string[], line: string, directory: string): Promise<string> {
  // VPP is programmed a moment after the ports are there: until then some answers are 503.
  const patient = line.replace(/^curl -s/, 'curl --fail --max-time 20 --retry 10 --retry-delay 1 -s');
  const env = cleanEnvironment({ PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` });
  const options = { cwd: directory, env, timeout: commandMsMax } as const;
  const { promise, resolve: settle, reject } = Promise.withResolvers<string>();
  execFile(file, [...words, patient], options, (error, stdout, stderr) => {
    if (error) reject(new Error(`${line}\n${stdout}${stderr}`));
    else settle(stdout);
  });
  return promise;
}

function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'api-guide-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Runs every line that begins with `program`, and tells `look` what it printed. */
async function runAll(lines: readonly string[], demo: Demo, look: (line: string, output: string) => void) {
  for (const line of lines) look(line, await demo.run(line));
}

const isJson = (output: string) => typeof JSON.parse(output) === 'object';

test('reads, filters, changes and request ids', { skip }, async (t) => {
  const demo = await startDemo(t, makeDirectory(t));
  const lines = ['Read', 'Filter', 'Change', 'Request ids'].flatMap(linesUnder);
  assert.ok(lines.length >= 27, String(lines.length));
  await runAll(lines, demo, (line, output) => {
    if (line.includes('%{http_code}')) assert.equal(output, '304\n', line);
    else if (/^curl -s(I| -i)/.test(line)) assert.match(output, /^HTTP\/1.1 200 OK\r\n/, line);
    else assert.ok(isJson(output), `${line}: ${output}`);
  });
});

test('the error that the guide shows is the one that comes', { skip }, async (t) => {
  const demo = await startDemo(t, makeDirectory(t));
  const [, shown = ''] = /```json\n([\s\S]*?)```/.exec(guide) ?? [];
  const pause = 'http://localhost:9090/api/v1/backends/steady-a/pause';
  const wrong = `curl --silent --json '{"reasn": "typo"}' ${pause}`;
  const output = await demo.run(wrong);
  assert.deepEqual(JSON.parse(output), JSON.parse(shown));
  assert.match(guide, new RegExp(`body of a request \\| ${requestBodyBytesMax / 1024} KiB`));
});

test('events', { skip }, async (t) => {
  const demo = await startDemo(t, makeDirectory(t));
  const lines = linesUnder('Events');
  assert.equal(lines.length, 3);
  await runAll(lines, demo, (line, output) => {
    assert.match(output, /^retry: \d+\n\n/, line);
    assert.match(output, /^event: (backend|frontend|log)\ndata: \{"/m, line);
  });
});

test('access', { skip }, async (t) => {
  const directory = makeDirectory(t);
  const auth = join(directory, 'auth');
  const socket = join(directory, 'api.sock');
  const here = (line: string) =>
    line.replaceAll('/etc/vpp-maglev/auth', auth).replaceAll('/run/vpp-maglev/api.sock', socket);
  const lines = linesUnder('Access').map(here);
  const isCurl = (line: string) => line.startsWith('curl');
  assert.deepEqual([lines.length, lines.filter(isCurl).length], [5, 3]);
  writeFileSync(auth, '', { mode: 0o600 });
  for (const line of lines.filter((line) => !isCurl(line))) await runLine('sh', ['-c'], line, directory);
  const entries = readFileSync(auth, 'utf8').trimEnd().split('\n');
  assert.deepEqual(
    entries.map((entry) => entry.split(' ').slice(0, 3)),
    [
      ['alice', 'operator', 'password'],
      ['deploy', 'operator', 'token'],
    ],
  );
  const demo = await startDemo(t, directory, ['--auth-file', auth, '--api-socket', socket]);
  await runAll(lines.filter(isCurl), demo, (line, output) => assert.ok(isJson(output), `${line}: ${output}`));
  const version = 'http://localhost:9090/api/v1/version';
  const wrong = `curl --silent --user alice:wrong -o refusal.json -w '%{http_code}' ${version}`;
  assert.equal(await demo.run(wrong), '401');
});

test('gRPC and Connect', { skip }, async (t) => {
  const demo = await startDemo(t, makeDirectory(t));
  const lines = linesUnder('gRPC and Connect');
  assert.equal(lines.length, 8);
  await runAll(lines, demo, (line, output) => {
    if (line.includes('--list-methods')) assert.match(output, /^maglev\.v1\.MaglevService\/GetBackend$/m);
    else if (line.includes('| head')) assert.match(output, /^\{\n/, line);
    else assert.ok(isJson(output), `${line}: ${output}`);
  });
});

test('the SDK commands are those that its own test runs', () => {
  const [make, run, ...others] = linesUnder('SDK');
  assert.equal(make, 'npm run sdk');
  assert.match(run ?? '', /^node openapi\/examples\/drain-backend\.ts steady-a 'new kernel' /);
  assert.deepEqual(others, []);
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.match(scripts.sdk, /--workspace openapi/);
});
