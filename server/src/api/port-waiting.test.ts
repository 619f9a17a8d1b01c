import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { createWaitingRoom, readUntil } from './port-waiting.ts';

/** Both ends of one connection. */
async function pair(t: TestContext): Promise<{ accepted: Socket; peer: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const peer = connect({ port, host: '127.0.0.1' });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  server.close();
  peer.on('error', () => undefined);
  t.after(() => {
    peer.destroy();
    accepted.destroy();
  });
  return { accepted, peer };
}

test('a deadline is not moved by anything, and a timer goes with who leaves', async (t) => {
  const clock = createFakeClock();
  const room = createWaitingRoom(clock, 1_000, 10);
  const staying = (await pair(t)).accepted;
  const leaving = (await pair(t)).accepted;
  const gone = (await pair(t)).accepted;
  room.enter(staying);
  const leave = room.enter(leaving);
  room.enter(gone);
  gone.destroy();
  await once(gone, 'close');
  leave();
  leave();
  assert.equal(room.count(), 1);
  assert.equal(clock.pendingTimerCount(), 1);
  await clock.advance(999);
  assert.equal(staying.destroyed, false);
  await clock.advance(1);
  assert.equal(staying.destroyed, true);
  assert.equal(leaving.destroyed, false);
  await once(staying, 'close');
  assert.equal(room.count(), 0);
});

test('with every place taken the one who waits longest goes', async (t) => {
  const room = createWaitingRoom(createFakeClock(), 1_000, 2);
  const sockets: Socket[] = [];
  for (let index = 0; index < 4; index++) sockets.push((await pair(t)).accepted);
  for (const socket of sockets) room.enter(socket);
  assert.deepEqual(
    sockets.map(({ destroyed }) => destroyed),
    [true, true, false, false],
  );
  assert.equal(room.count(), 2);
  room.empty();
  assert.ok(sockets.every(({ destroyed }) => destroyed));
});

test('what was read is there again for the next reader', async (t) => {
  const { accepted, peer } = await pair(t);
  const seen: string[] = [];
  const decided = new Promise<string>((resolve) => {
    const decide = (bytes: Buffer) => {
      seen.push(bytes.toString());
      return bytes.length >= 3 ? 'enough' : undefined;
    };
    readUntil(accepted, decide, resolve);
  });
  peer.setNoDelay(true);
  peer.write('a');
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  peer.end('bcd');
  assert.equal(await decided, 'enough');
  assert.deepEqual(seen, ['a', 'abcd']);
  assert.deepEqual(
    ['readable', 'error'].map((name) => accepted.listenerCount(name)),
    [0, 0],
  );
  const chunks: Buffer[] = [];
  for await (const chunk of accepted) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), 'abcd');
});

test('an end or a failure before the decision destroys', async (t) => {
  for (const end of ['end', 'resetAndDestroy'] as const) {
    const { accepted, peer } = await pair(t);
    readUntil(
      accepted,
      () => undefined,
      () => assert.fail('nothing to decide'),
    );
    peer.write('abc');
    peer[end]();
    await new Promise((resolve) => accepted.once('close', resolve));
    assert.equal(accepted.destroyed, true);
  }
});
