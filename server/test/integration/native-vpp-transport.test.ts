// The addon's transport for VPP's API socket, against a server of Node's own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { test } from 'node:test';
import { FrameSplitter, frameHeaderBytes, frameMessage } from '../../src/dataplane/vpp/framing.ts';
import { ignore, isSanitized, loadTestNative, openDescriptors } from '../support/addon.ts';
import { listen, openHeard, socketPath, turnLoop } from '../support/vpp-sockets.ts';

const { ECONNRESET, ENOBUFS, EPROTO } = constants.errno;
const message = (length: number, fill: number) => Buffer.alloc(length, fill);
const header = (length: number) => {
  const bytes = Buffer.alloc(frameHeaderBytes, 0xee);
  bytes.writeUInt32BE(length, 8);
  return bytes;
};

async function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
}

/** All messages that arrive at a server until there are `count`. */
async function readMessages(socket: Socket, count: number): Promise<Buffer[]> {
  const splitter = new FrameSplitter(2 ** 24);
  const messages: Buffer[] = [];
  while (messages.length < count) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) await once(socket, 'readable');
    else messages.push(...splitter.push(chunk));
  }
  return messages;
}

test('requests arrive as frames, in order, over several sends', async (t) => {
  const server = await listen(t);
  const transport = openHeard(t, server.path);
  const messages = Array.from({ length: 1000 }, (_, index) => message(1 + (index % 100), index));
  transport.send(messages.slice(0, 400));
  transport.send([]);
  transport.send(messages.slice(400));
  assert.deepEqual(await readMessages(await server.accepted(), 1000), messages);
  assert.equal(transport.pendingBytes(), 0);
});

test('answers come whole, however they were cut', async (t) => {
  const server = await listen(t);
  const transport = openHeard(t, server.path);
  const peer = await server.accepted();
  const messages = [message(1, 1), message(300, 2), message(16, 3), message(5000, 4)];
  const stream = Buffer.concat(messages.map(frameMessage));
  await write(peer, stream);
  await transport.received(4);
  assert.equal(transport.batches.length, 1, 'coalesced frames are one call');
  for (let at = 0; at < stream.length; at += 1000) await write(peer, stream.subarray(at, at + 1000));
  await transport.received(8);
  assert.deepEqual(transport.messages, [...messages, ...messages]);
});

test('a frame that comes byte by byte is one call', async (t) => {
  const server = await listen(t);
  const transport = openHeard(t, server.path);
  const peer = await server.accepted();
  for (const byte of frameMessage(message(40, 7))) {
    assert.equal(transport.messages.length, 0);
    await write(peer, Uint8Array.of(byte));
    await turnLoop(2);
  }
  await transport.received(1);
  assert.deepEqual([transport.messages, transport.batches], [[message(40, 7)], [56]]);
});

test('long frames up to the bound arrive, and what came is ours to keep', async (t) => {
  const server = await listen(t);
  const transport = openHeard(t, server.path, { frameBytesMax: 2 ** 21 });
  const peer = await server.accepted();
  const long = Buffer.alloc(2 ** 21);
  for (let at = 0; at < long.length; at += 4) long.writeUInt32LE(at, at);
  for (let count = 1; count <= 5; count += 1) peer.write(frameMessage(long));
  await transport.received(5);
  for (const got of transport.messages) assert.ok(got.equals(long));
});

for (const [what, length] of [
  ['empty', 0],
  ['one byte too long', 1001],
  ['4 GiB long', 2 ** 32 - 1],
] as const) {
  test(`a frame that is ${what} ends the connection, after what came before it`, async (t) => {
    const server = await listen(t);
    const transport = openHeard(t, server.path, { frameBytesMax: 1000 });
    const peer = await server.accepted();
    peer.write(Buffer.concat([frameMessage(message(1000, 1)), header(length), message(100, 2)]));
    const text = `malformed frame: a message of ${length} bytes`;
    assert.deepEqual(await transport.closed, { errno: EPROTO, message: text });
    assert.deepEqual(transport.messages, [message(1000, 1)]);
    peer.resume();
    await once(peer, 'end');
    await turnLoop();
    assert.equal(transport.endings.length, 1);
    transport.close();
    transport.send([message(1, 1)]);
    assert.equal(transport.pendingBytes(), 0);
  });
}

test('a clean end, an end in the middle of a frame, and requests unread are told apart', async (t) => {
  const server = await listen(t);
  const clean = openHeard(t, server.path);
  (await server.accepted()).end(frameMessage(message(3, 1)));
  assert.deepEqual(await clean.closed, { errno: 0, message: 'closed by VPP' });
  assert.equal(clean.messages.length, 1);
  for (const cut of [1, 15, 16, 17]) {
    const half = openHeard(t, server.path);
    (await server.accepted()).end(frameMessage(message(3, 1)).subarray(0, cut));
    const text = 'closed by VPP in the middle of a frame';
    assert.deepEqual(await half.closed, { errno: ECONNRESET, message: text });
    assert.equal(half.messages.length, 0);
  }
  const unread = openHeard(t, server.path);
  const peer = await server.accepted();
  unread.send([message(3, 1)]);
  peer.destroy();
  assert.deepEqual(await unread.closed, { errno: ECONNRESET, message: 'read: connection reset by peer' });
});

test('sending to who has gone ends the connection once', async (t) => {
  const server = await listen(t);
  const transport = openHeard(t, server.path);
  const peer = await server.accepted();
  peer.destroy();
  await once(peer, 'close');
  // The loop has not told yet: these meet EPIPE.
  for (let count = 0; count < 3; count += 1) transport.send([message(100, 1)]);
  assert.notEqual((await transport.closed).message, '');
  await turnLoop();
  assert.equal(transport.endings.length, 1);
});

test('what a slow reader does not take waits, and arrives in order', async (t) => {
  const server = await listen(t);
  const transport = openHeard(t, server.path);
  const peer = await server.accepted();
  const messages = Array.from({ length: 80 }, (_, index) => message(100_000, index));
  for (const each of messages) transport.send([each]);
  const waiting = transport.pendingBytes();
  assert.ok(waiting > 4_000_000 && waiting < 80 * 100_016, `${waiting}`);
  const arrived = await readMessages(peer, 80);
  for (const [index, got] of arrived.entries()) assert.ok(got.equals(messages[index] as Buffer));
  await turnLoop();
  assert.equal(transport.pendingBytes(), 0);
  assert.deepEqual(transport.endings, []);
});

test('more than may wait ends the connection, from the loop and not from within send', async (t) => {
  const server = await listen(t);
  const transport = openHeard(t, server.path, { outgoingBytesMax: 500_000 });
  await server.accepted();
  // The kernel takes some at once, else it would be at most the bound.
  while (transport.pendingBytes() + 50_016 <= 500_000) transport.send([message(50_000, 1)]);
  transport.send([message(50_000, 1), message(50_000, 2)]);
  assert.deepEqual(transport.endings, []);
  const { errno, message: text } = await transport.closed;
  assert.equal(errno, ENOBUFS);
  assert.match(text, /^VPP does not read: \d{6} bytes wait to be sent to it$/);
  await turnLoop();
  assert.equal(transport.endings.length, 1);
});

test('closing while bytes wait drops them, and nothing is called back', async (t) => {
  const server = await listen(t);
  const transport = openHeard(t, server.path);
  const peer = await server.accepted();
  transport.send([message(2_000_000, 1)]);
  assert.ok(transport.pendingBytes() > 0);
  peer.write(frameMessage(message(5, 1)));
  transport.close();
  transport.close();
  assert.equal(transport.pendingBytes(), 0);
  // Not by once(): its frame stays unread, so that an error comes first.
  await new Promise((resolve) => peer.resume().once('close', resolve));
  await turnLoop();
  assert.deepEqual([transport.messages, transport.endings], [[], []]);
});

test('closing and sending within onFrames', async (t) => {
  const server = await listen(t);
  let calls = 0;
  const transport = openHeard(t, server.path, {
    onFrames(bytes) {
      calls += 1;
      transport.send([bytes]);
      if (calls === 2) transport.close();
    },
  });
  const peer = await server.accepted();
  await write(peer, frameMessage(message(5, 1)));
  assert.deepEqual(await readMessages(peer, 1), [frameMessage(message(5, 1))]);
  peer.end(frameMessage(message(5, 2)));
  await readMessages(peer, 1);
  await turnLoop();
  assert.deepEqual([calls, transport.endings], [2, []]);
});

test('a flood does not starve the loop', async (t) => {
  const server = await listen(t);
  const transport = openHeard(t, server.path);
  const peer = await server.accepted();
  for (let count = 0; count < 64; count += 1) peer.write(frameMessage(message(2 ** 18, count)));
  await transport.received(64);
  // Reads of one wake-up end at 1 MiB (and the last one of it).
  assert.ok(Math.max(...transport.batches) <= 2 ** 20 + 2 ** 18 + 2 ** 17, `${transport.batches}`);
});

test('who cannot be reached is worded with the path', async (t) => {
  const open = (path: string) => () => openHeard(t, path);
  const path = socketPath(t);
  const absent = {
    message: `connect ${path}: no such file or directory`,
    code: 'ENOENT',
    syscall: 'connect',
  };
  assert.throws(open(path), absent);
  const other = loadTestNative().serveStats({ path, size: 4096 });
  assert.throws(open(path), { message: `connect ${path}: protocol wrong type for socket` });
  other.close();
  assert.throws(open(`/${'x'.repeat(108)}`), { code: 'ENAMETOOLONG' });
  assert.throws(open('a\0b'), /assertion failed: the path of a socket/);
});

test('opening and closing 200 times leaves no descriptor', async (t) => {
  const server = await listen(t);
  const before = openDescriptors().length;
  for (let count = 0; count < (isSanitized ? 100 : 200); count += 1) {
    const transport = loadTestNative().openVppTransport({
      path: server.path,
      frameBytesMax: 1000,
      outgoingBytesMax: 1000,
      onFrames: ignore,
      onClosed: ignore,
    });
    const peer = await server.accepted();
    transport.send([message(10, 1)]);
    if (count % 2 === 0) transport.close();
    peer.destroy();
    await once(peer, 'close');
    await turnLoop(3);
    transport.close();
    assert.throws(() => openHeard(t, `${server.path}.absent`));
  }
  await turnLoop();
  assert.equal(openDescriptors().length, before);
});
