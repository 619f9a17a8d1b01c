import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realClock } from '../lib/clock.ts';
import { listenOnUnixSocket } from './unix-socket.ts';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'maglev-unix-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const listen = (server: Server, path: string) => listenOnUnixSocket(server, path, 'api-socket', realClock);

const closed = (server: Server) => new Promise((resolve) => server.close(resolve));

test('the socket is for owner and group, whatever the umask, and goes with its server', async (t) => {
  const path = join(directory(t), 'api.sock');
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const server = createServer();
  await listen(server, path);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  assert.equal(process.umask(), 0, 'the umask is as it was');
  await closed(server);
  assert.equal(existsSync(path), false);
});

test('a socket that a dead daemon left is replaced', async (t) => {
  const path = join(directory(t), 'api.sock');
  const program = `require('node:net').createServer().listen(process.argv[1], () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const why = 'another daemon answers there: stop it or name another path';
  const refusal = `--api-socket: cannot listen on ${path}: ${why}`;
  const server = createServer();
  await assert.rejects(listen(server, path), { message: refusal });
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(existsSync(path), true);
  await listen(server, path);
  await closed(server);
});

test('a file that is no socket is left alone', async (t) => {
  const path = join(directory(t), 'api.sock');
  writeFileSync(path, 'precious');
  await assert.rejects(listen(createServer(), path), {
    message:
      `--api-socket: cannot listen on ${path}: there is a file that is no socket: ` +
      'remove it or name another path',
  });
  assert.equal(existsSync(path), true);
});

test('a directory that is not there, and a path that is too long, are said', async (t) => {
  const path = join(directory(t), 'none', 'api.sock');
  await assert.rejects(listen(createServer(), path), {
    message:
      `--api-socket: cannot listen on ${path}: its directory is missing, ` +
      'or the daemon may not write to it: make it, or permit it',
  });
  await assert.rejects(
    listen(createServer(), `/tmp/${'x'.repeat(150)}`),
    /^Error: --api-socket: cannot listen/,
  );
});
