// The same API on a Unix socket beside the port: who comes that way is told, and it goes with the port.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { openTlsFiles } from '../../src/api/tls-files.ts';
import { must } from '../../src/lib/assert.ts';
import { realClock } from '../../src/lib/clock.ts';
import { connectRaw, connectSession, createTestLog, getOver, startTestApp } from '../support/port-app.ts';

const run = promisify(execFile);

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'maglev-unix-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('both protocols are served on the Unix socket, and known as such', async (t) => {
  const path = join(directory(t), 'api.sock');
  const { app, port, portNumber } = await startTestApp();
  t.after(() => app.close());
  await port.listenUnix(path, 'api-socket');
  assert.equal(statSync(path).mode & 0o777, 0o660);
  for (const [flag, version] of [
    ['--http1.1', '1.1'],
    ['--http2-prior-knowledge', '2.0'],
  ] as const) {
    const { stdout } = await run('curl', ['-sS', flag, '--unix-socket', path, 'http://x/who']);
    const { ip: _none, ...who } = JSON.parse(stdout);
    assert.deepEqual(who, { kind: 'unix', address: 'unix', isTls: false, version }, flag);
  }
  // A header does not make a caller of TCP one of the socket.
  const forged = await fetch(`http://127.0.0.1:${portNumber}/who`, {
    headers: { 'x-forwarded-for': 'unix', forwarded: 'for=unix' },
  });
  assert.equal(((await forged.json()) as { kind: string }).kind, 'tcp');
});

test('with TLS on the port the Unix socket stays plain', async (t) => {
  const { createSelfSigned } = await import('../support/certificates.ts');
  const { writeFileSync } = await import('node:fs');
  const place = directory(t);
  const { certPem, keyPem } = createSelfSigned({});
  writeFileSync(join(place, 'cert'), certPem);
  writeFileSync(join(place, 'key'), keyPem);
  const paths = { cert: join(place, 'cert'), key: join(place, 'key'), clientCa: '' };
  const tls = must(openTlsFiles(paths, realClock, createTestLog()), 'TLS');
  const { app, port } = await startTestApp({ tls });
  t.after(async () => {
    await app.close();
    tls.close();
  });
  await port.listenUnix(join(place, 'api.sock'), 'api-socket');
  const { stdout } = await run('curl', ['-sS', '--unix-socket', join(place, 'api.sock'), 'http://x/who']);
  assert.equal(JSON.parse(stdout).isTls, false);
});

test('a second daemon is refused; after a stop the socket is gone, streams on it or not', async (t) => {
  const path = join(directory(t), 'api.sock');
  const first = await startTestApp();
  await first.port.listenUnix(path, 'api-socket');
  const second = await startTestApp();
  t.after(() => second.app.close());
  await assert.rejects(second.port.listenUnix(path, 'api-socket'), /another daemon answers there/);

  const stream = await connectRaw({ path });
  stream.socket.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
  await stream.until('hello');
  const session = await connectSession('http://x', { createConnection: () => connect({ path }) });
  assert.equal((await getOver(session, '/who')).status, 200);
  const started = performance.now();
  await first.app.close();
  assert.ok(performance.now() - started < 1_000);
  assert.equal(existsSync(path), false);
  stream.socket.destroy();
  session.destroy();

  await second.port.listenUnix(path, 'api-socket');
  const { stdout } = await run('curl', ['-sS', '--unix-socket', path, 'http://x/who']);
  assert.equal(JSON.parse(stdout).kind, 'unix');
});
