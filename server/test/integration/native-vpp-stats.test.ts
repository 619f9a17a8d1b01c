// The addon's stats segments: a client and a server of our own over a real socket, and peers that misbehave.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StatsSegment } from '../../src/dataplane/vpp/stats-segment.ts';
import { isSanitized, loadTestNative, openDescriptors } from '../support/addon.ts';
import { SegmentBuilder } from '../support/stats-builder.ts';
import { listen, socketPath, turnLoop } from '../support/vpp-sockets.ts';

const native = loadTestNative();
const timeoutMs = 5000;
const nativeFolder = fileURLToPath(new URL('../../native', import.meta.url));

function serve(t: TestContext, size = 64 * 1024, path = socketPath(t, 'stats.sock')) {
  const server = native.serveStats({ path, size });
  t.after(() => server.close());
  return { server, path };
}

async function openMapping(t: TestContext, path: string) {
  const mapping = await native.openStats({ path, timeoutMs });
  t.after(() => mapping.close());
  return mapping;
}

test('what the server writes is what clients read, in the memory that both have', async (t) => {
  const { server, path } = serve(t);
  const [first, second] = [await openMapping(t, path), await openMapping(t, path)];
  assert.equal(first.size, 64 * 1024);
  server.write(5000, Buffer.from('hello'));
  for (const [index, word] of [2n, 3n, 2n ** 64n - 1n, 1n, 5n].entries()) server.writeU64(index * 8, word);
  for (const mapping of [first, second]) {
    assert.equal(mapping.read(5000, 5).toString(), 'hello');
    assert.deepEqual(mapping.header(), {
      version: 2n,
      base: 3n,
      epoch: 2n ** 64n - 1n,
      inProgress: 1n,
      directory: 5n,
    });
  }
  const copy = first.read(5000, 5);
  server.write(5000, Buffer.from('later'));
  server.write(0, new Uint8Array(0));
  assert.equal(copy.toString(), 'hello');
  assert.equal(second.read(5000, 5).toString(), 'later');
});

test('a segment is read through the socket, and counters move under the reader', async (t) => {
  const builder = new SegmentBuilder();
  builder.counter('first session packet', [
    [0n, 4n],
    [0n, 5n],
  ]);
  builder.publish();
  const { server, path } = serve(t);
  server.write(0, builder.bytes);
  const segment = new StatsSegment(await openMapping(t, path));
  assert.deepEqual(segment.readSimpleCounter('first session packet'), { ok: true, value: [0n, 9n] });
  // First row: behind the page of the header and the vector's own 8 bytes.
  server.writeU64(4096 + 8 + 8, 100n);
  assert.deepEqual(segment.readSimpleCounter('first session packet'), { ok: true, value: [0n, 105n] });
});

test('reads and writes stay inside, to the byte', async (t) => {
  const { server, path } = serve(t, 4096);
  const mapping = await openMapping(t, path);
  assert.equal(mapping.read(0, 4096).length, 4096);
  assert.equal(mapping.read(4096, 0).length, 0);
  server.write(4095, Uint8Array.of(7));
  server.writeU64(4088, 1n);
  const outside = [
    [0, 4097],
    [4096, 1],
    [4095, 2],
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [1, 0.5],
    [Number.NaN, 1],
    [0, Number.NaN],
    [2 ** 53, 2 ** 53],
    [Number.POSITIVE_INFINITY, 0],
  ] as const;
  for (const [offset, length] of outside) {
    assert.throws(() => mapping.read(offset, length), RangeError, `${length} bytes at ${offset}`);
  }
  assert.throws(() => server.write(4095, new Uint8Array(2)), RangeError);
  assert.throws(() => server.write(-1, new Uint8Array(1)), RangeError);
  assert.throws(() => server.writeU64(4096, 1n), RangeError);
  assert.throws(() => server.writeU64(4, 1n), TypeError);
  assert.throws(() => server.writeU64(0, 2n ** 64n), TypeError);
  assert.throws(() => server.writeU64(0, -1n), TypeError);
});

test('closed is closed, on each side alone', async (t) => {
  const { server, path } = serve(t);
  const mapping = await openMapping(t, path);
  server.write(100, Buffer.from('kept'));
  server.close();
  server.close();
  assert.equal(existsSync(path), false);
  assert.throws(() => server.write(0, Uint8Array.of(1)), /the stats segment is closed/);
  assert.throws(() => server.writeU64(0, 1n), /the stats segment is closed/);
  assert.equal(mapping.read(100, 4).toString(), 'kept', 'frozen, but there');
  mapping.close();
  mapping.close();
  assert.equal(mapping.size, 64 * 1024);
  assert.throws(() => mapping.read(0, 1), /the stats segment is closed/);
  assert.throws(() => mapping.header(), /the stats segment is closed/);
});

test('who cannot be reached is worded with the path', async (t) => {
  const path = socketPath(t, 'stats.sock');
  const open = () => native.openStats({ path, timeoutMs });
  const absent = {
    message: `connect ${path}: no such file or directory`,
    code: 'ENOENT',
    syscall: 'connect',
  };
  await assert.rejects(open(), absent);
  writeFileSync(path, '');
  await assert.rejects(open(), { message: `connect ${path}: connection refused` });
  const stream = await listen(t);
  await assert.rejects(native.openStats({ path: stream.path, timeoutMs }), { code: 'EPROTOTYPE' });
});

test('a socket file that nobody listens on is replaced; one in use, or no socket, is not', async (t) => {
  const path = socketPath(t, 'stats.sock');
  const killed = await startPeer(t, path, 'sealed');
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  assert.equal(existsSync(path), true);
  const { server } = serve(t, 4096, path);
  const inUse = { message: `bind ${path}: address already in use` };
  assert.throws(() => native.serveStats({ path, size: 4096 }), inUse);
  assert.equal((await openMapping(t, path)).size, 4096);
  server.close();
  writeFileSync(path, 'not ours');
  assert.throws(() => native.serveStats({ path, size: 4096 }), inUse);
  assert.equal(existsSync(path), true);
});

/** A stats socket that does what VPP does not do (native/test/stats_peer.c). */
async function startPeer(t: TestContext, path: string, how: string): Promise<ChildProcess> {
  const { LD_PRELOAD: _, ...env } = process.env;
  const make = ['--silent', '--directory', nativeFolder, 'build/stats_peer'];
  // Without the sanitizers' preload: the compiler has leaks of its own.
  execFileSync('make', make, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const peer = spawn(`${nativeFolder}/build/stats_peer`, [path, how], { env });
  const closed = once(peer, 'close');
  t.after(async () => {
    peer.kill('SIGKILL');
    await closed;
  });
  await once(peer.stdout, 'data');
  return peer;
}

for (const [how, code, why] of [
  ['nothing', 'EPROTO', /did not hand over a descriptor \(protocol error\)$/],
  ['byte', 'EPROTO', /did not hand over a descriptor \(protocol error\)$/],
  ['two', 'EPROTO', /did not hand over a descriptor \(protocol error\)$/],
  ['unsealed', 'EPERM', /it is not sealed against shrinking$/],
  ['socket', 'EPERM', /it is not sealed against shrinking$/],
  ['tiny', 'EINVAL', /bad size \(invalid argument\)$/],
  ['silent', 'ETIMEDOUT', /did not hand it over in time$/],
] as const) {
  test(`a peer that sends: ${how}`, async (t) => {
    const path = socketPath(t, 'stats.sock');
    await startPeer(t, path, how);
    const before = openDescriptors();
    const opening = native.openStats({ path, timeoutMs: how === 'silent' ? 50 : timeoutMs });
    await assert.rejects(opening, (error: NodeJS.ErrnoException) => {
      assert.equal(error.code, code);
      assert.match(error.message, why);
      assert.ok(error.message.startsWith(`stats segment ${path}: `), error.message);
      return true;
    });
    assert.deepEqual(openDescriptors(), before);
  });
}

test('a sealed segment of another process is taken', async (t) => {
  const path = socketPath(t, 'stats.sock');
  await startPeer(t, path, 'sealed');
  assert.equal((await openMapping(t, path)).size, 4096);
});

test('opening and closing 200 times leaves no descriptor and no mapping', async (t) => {
  const { path } = serve(t);
  const other = socketPath(t, 'other.sock');
  (await native.openStats({ path, timeoutMs })).close();
  const before = openDescriptors();
  for (let count = 0; count < (isSanitized ? 50 : 200); count += 1) {
    const mapping = await native.openStats({ path, timeoutMs });
    mapping.close();
    const server = native.serveStats({ path: other, size: 4096 });
    await assert.rejects(native.openStats({ path: `${other}.absent`, timeoutMs }));
    server.close();
  }
  await turnLoop();
  assert.deepEqual(openDescriptors(), before);
  const maps = readFileSync('/proc/self/maps', 'latin1').split('\n');
  assert.equal(maps.filter((line) => line.includes('maglev-stats')).length, 1, "the server's own");
});

test('many clients at once each get the segment', async (t) => {
  const { path } = serve(t);
  const opened = await Promise.all(Array.from({ length: 12 }, () => native.openStats({ path, timeoutMs })));
  for (const mapping of opened) {
    assert.equal(mapping.size, 64 * 1024);
    mapping.close();
  }
});
