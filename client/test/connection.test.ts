// How maglevc reaches a daemon: addresses, sockets, TLS, credentials, and daemons that are slow, gone or
// restarted.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { createAuthority } from '../../server/test/support/certificates.ts';
import { makeDirectory, removeDirectory, spawnGuarded } from '../../server/test/support/guarded-process.ts';
import { cleanEnvironment, mainPath, startMaglevd } from '../../server/test/support/maglevd.ts';
import { clientPath, runMaglevc } from './support/maglevc.ts';

const config = `maglev:
  vpp: { lb: { ipv4-src-address: 127.0.0.1 } }
  backends:
    one: { address: 127.0.0.1 }
    two: { address: 127.0.0.2 }
  frontends:
    www:
      address: 127.9.9.9
      protocol: tcp
      port: 80
      pools: [{ name: primary, backends: { one: {}, two: {} } }]
`;
const hostOf = (apiUrl: string) => apiUrl.replace('http://', '');

test('MAGLEV_SERVER, --server and a Unix socket lead to the same daemon; the flag wins', async (t) => {
  const directory = makeDirectory('maglevc');
  t.after(() => removeDirectory(directory));
  const socket = join(directory, 'api.sock');
  const daemon = await startMaglevd({ config, flags: ['--api-socket', socket] });
  t.after(() => daemon.kill());
  const server = hostOf(daemon.apiUrl);
  const places = [
    { words: [], env: { MAGLEV_SERVER: server } },
    { words: ['--server', server], env: { MAGLEV_SERVER: '127.0.0.1:1' } },
    { words: [`--server=http://${server}`], env: {} },
    { words: ['--server', `unix:${socket}`], env: {} },
  ];
  for (const { words, env } of places) {
    const listed = await runMaglevc([...words, 'show', 'backends', '|', 'count'], { env });
    assert.deepEqual(listed, { code: 0, stdout: '2\n', stderr: '' }, words.join(' '));
    const versions = await runMaglevc([...words, 'show', 'version'], { env });
    assert.match(versions.stdout, /^maglevd {2}\d/);
  }
  await daemon.stop();
});

test('faults of a configuration are printed with their places, and end with 1', async (t) => {
  const daemon = await startMaglevd({ config });
  t.after(() => daemon.kill());
  const server = hostOf(daemon.apiUrl);
  daemon.writeConfig(config.replace('two: {}', 'three: {}').replace('port: 80', 'port: 99999'));
  for (const word of ['check', 'reload']) {
    const { code, stdout } = await runMaglevc(['--server', server, 'config', word]);
    assert.equal(code, 1, stdout);
    assert.match(stdout, /^semantic error: line 10 column \d+ maglev\.frontends\.www\.port: /m);
    assert.match(stdout, /^semantic error: line 11 column \d+ maglev\.frontends\.www\.pools.*three/m);
  }
  daemon.writeConfig(config.replace('    two: {', '    four: { address: 127.0.0.4 }\n    two: {'));
  const reloaded = await runMaglevc(['--server', server, 'config', 'reload']);
  assert.equal(reloaded.code, 0, reloaded.stdout);
  assert.match(reloaded.stdout, /^reloaded\nbackends added {2}four$/m);
  await daemon.stop();
});

test('a daemon that is not there or says nothing gives one line within 2 s', async (t) => {
  const held: Socket[] = [];
  const silent = createServer((socket) => void held.push(socket));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => {
    for (const socket of held) socket.destroy();
    silent.close();
  });
  const { port } = silent.address() as { port: number };
  const rows: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['127.0.0.1:1', [], /^maglevc: no maglevd at 127\.0\.0\.1:1: connection refused: [^\n]*\n$/],
    ['no-such-host.invalid', [], /^maglevc: no maglevd at no-such-host\.invalid:9090: [^\n]*\n$/],
    [`127.0.0.1:${port}`, ['--timeout', '0.5'], /^maglevc: [^\n]* did not answer within 0\.5 s\n$/],
    [`https://127.0.0.1:${port}`, [], /^maglevc: no maglevd at [^\n]*: no answer within 1\.5 s\n$/],
  ];
  for (const [server, flags, message] of rows) {
    const startMs = performance.now();
    const { code, stderr } = await runMaglevc(['--server', server, ...flags, 'show', 'backends']);
    const elapsedMs = performance.now() - startMs;
    assert.equal(code, 3, stderr);
    assert.match(stderr, message);
    // The promise is 2 s from its start; a machine busy with other tests gets four times as much.
    assert.ok(elapsedMs < 8_000, `${server}: ${Math.round(elapsedMs)} ms`);
  }
});

test('TLS by --ca, a client certificate by --cert and --key', async (t) => {
  const directory = makeDirectory('maglevc');
  t.after(() => removeDirectory(directory));
  const authority = createAuthority('CA');
  const write = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const server = authority.issue({ addresses: ['127.0.0.1'] });
  const client = authority.issue({ addresses: ['127.0.0.1'] });
  const ca = write('ca.pem', authority.certPem);
  const flags = [
    '--tls-cert',
    write('cert.pem', server.certPem),
    '--tls-key',
    write('key.pem', server.keyPem),
  ];
  const daemon = await startMaglevd({ config, flags: [...flags, '--tls-client-ca', ca] });
  t.after(() => daemon.kill());
  const place = ['--server', `https://${hostOf(daemon.apiUrl)}`];
  const show = ['show', 'backends', '|', 'count'];
  const trusted = await runMaglevc([...place, '--ca', ca, ...show]);
  assert.deepEqual(trusted, { code: 0, stdout: '2\n', stderr: '' });
  const pair = ['--cert', write('me.pem', client.certPem), '--key', write('me.key', client.keyPem)];
  const known = await runMaglevc([...place, '--ca', ca, ...pair, 'show', 'version']);
  assert.equal(known.code, 0, known.stderr);
  const untrusted = await runMaglevc([...place, ...show]);
  assert.equal(untrusted.code, 3);
  assert.match(untrusted.stderr, /^maglevc: no maglevd at [^\n]*certificate[^\n]*\n$/);
  const half = await runMaglevc([...place, '--cert', ca, ...show]);
  assert.deepEqual([half.code, half.stderr], [2, 'maglevc: --cert and --key go together\n']);
  const plain = await runMaglevc(['--server', hostOf(daemon.apiUrl), '--timeout', '1', ...show]);
  assert.equal(plain.code, 3, plain.stderr);
  await daemon.stop();
});

/**
 * An entry of an auth file, made by the daemon itself; `shown` is what it tells the operator, a token too.
 */
async function makeEntry(words: readonly string[], input: string): Promise<{ entry: string; shown: string }> {
  const child = spawn(process.execPath, [mainPath, 'hash-password', ...words], { stdio: 'pipe' });
  child.stdin.end(input);
  const read = async (stream: AsyncIterable<Buffer>) =>
    Buffer.concat(await Array.fromAsync(stream)).toString();
  const [entry, shown] = await Promise.all([read(child.stdout), read(child.stderr)]);
  return { entry, shown };
}

test('a user with a password, and a token from a file', async (t) => {
  const directory = makeDirectory('maglevc');
  t.after(() => removeDirectory(directory));
  const write = (name: string, text: string) => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  const user = await makeEntry(['alice', '--role', 'operator'], 'a long secret\n');
  const robotEntry = await makeEntry(['robot', '--role', 'operator', '--kind', 'token'], '');
  const entries = `${user.entry}${robotEntry.entry}`;
  const daemon = await startMaglevd({ config, flags: ['--auth-file', write('auth', entries)] });
  t.after(() => daemon.kill());
  const place = ['--server', hostOf(daemon.apiUrl)];
  const pause = ['set', 'backend', 'one', 'pause'];
  const overrides = async () => (await runMaglevc([...place, 'show', 'overrides'])).stdout;
  const alice = await runMaglevc([...place, '--user', 'alice', ...pause], {
    env: { MAGLEV_PASSWORD: 'a long secret' },
  });
  assert.equal(alice.code, 0, alice.stderr);
  assert.match(await overrides(), / alice /);
  const token = ['--token-file', write('token', `${robotEntry.shown.trim().split('\n').at(-1)}\n`)];
  const robot = await runMaglevc([...place, ...token, 'set', 'backend', 'two', 'pause']);
  assert.equal(robot.code, 0, robot.stderr);
  assert.match(await overrides(), / robot /);
  const env = { MAGLEV_USER: 'alice', MAGLEV_PASSWORD: 'wrong' };
  const wrong = await runMaglevc([...place, ...pause], { env });
  assert.equal(wrong.code, 1, wrong.stderr);
  assert.match(wrong.stderr, /^maglevc: [^\n]+\n$/);
  const missing = await runMaglevc([...place, '--user', 'alice', ...pause]);
  assert.deepEqual([missing.code, /MAGLEV_PASSWORD/.test(missing.stderr)], [2, true]);
  await daemon.stop();
});

test('watch events survives a restart of the daemon', async (t) => {
  const first = await startMaglevd({ config });
  t.after(() => first.kill());
  const server = hostOf(first.apiUrl);
  const words = [process.execPath, clientPath, '--server', server, 'watch', 'events', 'backend'];
  const watcher = await spawnGuarded(words, { env: cleanEnvironment(), stdio: 'pipe' });
  t.after(() => watcher.kill());
  assert.ok(watcher.child.stdout !== null);
  const lines = createInterface({ input: watcher.child.stdout })[Symbol.asyncIterator]();
  const until = async (fits: (line: string) => boolean) => {
    for (;;) {
      const { value, done } = await lines.next();
      assert.ok(done !== true, 'the stream ended');
      if (fits(value)) return JSON.parse(value);
    }
  };
  await until((line) => line.includes('"two"'));
  await first.stop();
  const second = await startMaglevd({ config, apiAddress: server });
  t.after(() => second.kill());
  // The new daemon has no such event: it says so, and draws the whole picture again.
  const { resync } = await until((line) => line.includes('"resync"'));
  assert.ok(typeof resync.reason === 'string');
  await until((line) => line.includes('"snapshot":true') && line.includes('"two"'));
  await runMaglevc(['--server', server, 'set', 'backend', 'two', 'disable']);
  const { backend } = await until((line) => line.includes('"disabled"'));
  assert.equal(backend.backend, 'two');
  watcher.child.kill('SIGINT');
  assert.deepEqual(await watcher.ended, { code: 130, signal: null });
  await second.stop();
});
