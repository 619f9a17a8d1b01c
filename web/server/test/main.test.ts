// maglevd-frontend as people start it: a process, its flags, signals and log.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spawnGuarded } from '../../../server/test/support/guarded-process.ts';
import { askHttp } from '../../../server/test/support/http-request.ts';
import { cleanEnvironment } from '../../../server/test/support/maglevd.ts';

const launcher = fileURLToPath(new URL('../../bin/maglevd-frontend', import.meta.url));

type Line = Readonly<Record<string, unknown>>;

async function start(t: TestContext, flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const running = await spawnGuarded([launcher, ...flags], { env: cleanEnvironment(env), stdio: 'pipe' });
  t.after(() => running.kill());
  const lines: Line[] = [];
  const listening = Promise.withResolvers<number>();
  if (running.child.stdout) {
    createInterface({ input: running.child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      lines.push(line);
      if (line['msg'] === 'listening') listening.resolve(Number(line['port']));
    });
  }
  void running.ended.then((end) => listening.reject(new Error(JSON.stringify({ end, lines }))));
  return { running, lines, url: `http://127.0.0.1:${await listening.promise}` };
}

function run(flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  execFile(launcher, flags, { env: cleanEnvironment(env), timeout: 20_000 }, (error, stdout, stderr) =>
    resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
  );
  return promise;
}

test('it serves, ignores HUP, and ends within a second of TERM', { timeout: 60_000 }, async (t) => {
  const env = { MAGLEV_SERVERS: '127.0.0.1:1', MAGLEV_LOG_LEVEL: 'debug' };
  const { running, lines, url } = await start(t, ['-server=127.0.0.1:2', '--listen', '127.0.0.1:0'], env);
  assert.equal(lines[0]?.['msg'], 'starting');
  assert.deepEqual(JSON.parse((await askHttp(`${url}/healthz`)).body), {
    status: 'ok',
    maglevds: { '127.0.0.1:2': 'connecting' },
  });
  running.child.kill('SIGHUP');
  const abort = new AbortController();
  // A page that is open must not hold up the end.
  const stream = await fetch(`${url}/view/api/stream`, { signal: abort.signal });
  assert.equal(stream.status, 200);
  assert.ok(lines.some(({ msg }) => msg === 'hangup-ignored'));
  const startMs = performance.now();
  running.child.kill('SIGTERM');
  assert.deepEqual(await running.ended, { code: 0, signal: null });
  assert.ok(performance.now() - startMs < 1_000, `${performance.now() - startMs} ms`);
  abort.abort();
});

test('the command line is explained, and refused in whole sentences', { timeout: 60_000 }, async () => {
  const help = await run(['--help']);
  assert.match(help.stdout, /--server host:port.*MAGLEV_SERVERS/);
  assert.match((await run(['--version'])).stdout, /^maglevd-frontend \d+\.\d+\.\d+ \(commit /);
  const refused = [
    [[], {}, /no maglevd to show/],
    [['--server', 'a:0'], {}, /port outside/],
    [['--server', 'a', '--listen', 'nowhere'], {}, /flag --listen: "nowhere"/],
    [['--server', 'a', '--user', 'bob'], {}, /MAGLEV_PASSWORD/],
    [['--server', 'a'], { MAGLEV_FRONTEND_USER: 'alice' }, /set both or none/],
    [['--server', 'a', '--token-file', '/nonexistent'], {}, /flag --token-file/],
  ] as const;
  for (const [flags, env, message] of refused) {
    const { code, stdout, stderr } = await run(flags, env);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /^maglevd-frontend: .*\n$/);
    assert.match(stderr, message);
  }
});
