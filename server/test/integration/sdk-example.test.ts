// The SDK is generated from the committed OpenAPI document, its example checked against its types and run as
// a process against a real maglevd.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import type { BackendJson } from '../../src/api/schemas.ts';
import { cleanEnvironment, type Maglevd, startMaglevd } from '../support/maglevd.ts';

const root = resolve(import.meta.dirname, '../../..');
const example = 'openapi/examples/drain-backend.ts';
const commandTimeoutMs = 120_000;

interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const { promise, resolve: settle } = Promise.withResolvers<CommandResult>();
  const options = { cwd: root, timeout: commandTimeoutMs, env: cleanEnvironment(env) } as const;
  execFile(file, [...args], options, (error, stdout, stderr) => {
    settle({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
  });
  return promise;
}

const config = `maglev:
  vpp:
    lb: { ipv4-src-address: 192.0.2.1 }
  backends:
    one: { address: 127.0.0.1 }
    other: { address: 127.0.0.2 }
  frontends:
    www:
      address: 192.0.2.80
      protocol: tcp
      port: 80
      pools:
        - { name: primary, backends: { one: { weight: 100 }, other: { weight: 100 } } }
`;

async function start(t: TestContext): Promise<Maglevd> {
  const maglevd = await startMaglevd({ config });
  t.after(() => maglevd.stop());
  return maglevd;
}

const drain = (server: string, ...words: string[]) =>
  run(process.execPath, [example, ...words], { MAGLEV_SERVER: server });

before(async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'openapi/package.json'), 'utf8'));
  assert.match(scripts.sdk, /redocly generate-client/);
  const made = await run('npm', ['run', '--silent', 'sdk', '--workspace', 'openapi']);
  assert.equal(made.code, 0, made.stderr);
});

test('the example fits the types of the SDK', async () => {
  const { code, stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['--project', 'openapi']);
  assert.equal(code, 0, stdout);
});

test('the example pauses a backend, waits until it has no weight, runs a command, resumes it', async (t) => {
  const maglevd = await start(t);
  // The command runs while the backend is drained: it asks the daemon itself.
  const ask = `fetch('${maglevd.apiUrl}/api/v1/backends/one').then((answer) => answer.json())`;
  const script = `${ask}.then(({ state, detail }) => console.log('now', state, detail))`;
  const words = ['one', 'new kernel', process.execPath, '--eval', script];
  const { code, stdout, stderr } = await drain(maglevd.apiUrl, ...words);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  assert.deepEqual(lines.slice(0, 4), [
    'one up',
    'other up',
    'one is paused: new kernel',
    'one has no weight in www',
  ]);
  assert.match(lines[4] ?? '', /^now paused /);
  assert.match(lines[5] ?? '', /^one is (unknown|up)$/);
  assert.equal((await maglevd.api<BackendJson>('/backends/other')).state, 'up');
});

test('a command that fails leaves the backend paused', async (t) => {
  const maglevd = await start(t);
  const { code, stderr } = await drain(maglevd.apiUrl, 'one', 'new kernel', 'false');
  assert.equal(code, 1);
  assert.equal(stderr, 'drain-backend: false ended with 1: the backend stays paused\n');
  assert.equal((await maglevd.api<BackendJson>('/backends/one')).state, 'paused');
});

test('refusals and silence are one clear line', async (t) => {
  const maglevd = await start(t);
  const unknown = await drain(maglevd.apiUrl, 'ona', 'new kernel');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /^drain-backend: 404 not_found: backend ona: .*one.*\n$/);
  const nobody = await drain('http://127.0.0.1:1', 'one', 'new kernel');
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /^drain-backend: fetch failed: .*\n$/);
  const usage = await drain(maglevd.apiUrl);
  assert.equal(usage.code, 2);
  assert.match(usage.stderr, /^drain-backend <backend> <reason>/);
});
