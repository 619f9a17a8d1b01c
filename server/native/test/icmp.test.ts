// Raw ICMP through the addon alone, over loopback.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { test } from 'node:test';
import { buildEchoRequest, icmpOfIpv4Packet, parseIcmpMessage } from '../../src/probes/icmp-message.ts';
import {
  addonPath,
  ignore,
  isSanitized,
  loadTestNative,
  openDescriptors,
  rawSocketSkip,
} from '../../test/support/addon.ts';

const skip = rawSocketSkip();
const native = loadTestNative();
const payload = new Uint8Array(32).fill(0x5a);

for (const [family, address] of [
  [4, '127.0.0.1'],
  [4, '127.9.8.7'],
  [6, '::1'],
] as const) {
  test(`one echo to ${address} gives one reply, and not our own request`, { skip }, async () => {
    const packets: Uint8Array[] = [];
    const identifier = 0x4242;
    await new Promise<void>((resolve, reject) => {
      const socket = native.openIcmp({
        family,
        identifier,
        onPacket(packet) {
          packets.push(Uint8Array.from(packet));
          // The last of a row: what might have come besides the replies has come before it.
          if (packets.length < 3) return;
          socket.close();
          resolve();
        },
        onDeaf: (errno) => reject(new Error(`errno ${errno}`)),
      });
      for (const sequence of [1, 2, 3]) {
        assert.equal(socket.send(address, buildEchoRequest(family, identifier, sequence, payload)), 0);
      }
    });
    const messages = packets.map((packet) => {
      const message = family === 4 ? icmpOfIpv4Packet(packet) : packet;
      return message && parseIcmpMessage(family, message);
    });
    const expected = [1, 2, 3].map((sequence) => ({ t: 'echo-reply', identifier, sequence, payload }));
    assert.deepEqual(messages, expected);
  });
}

test('closing inside the callback ends the calls at once', { skip }, async () => {
  let calls = 0;
  const later = Promise.withResolvers<void>();
  const socket = native.openIcmp({
    family: 4,
    identifier: 7,
    onPacket() {
      calls += 1;
      socket.close();
      setImmediate(() => setImmediate(later.resolve));
    },
    onDeaf: ignore,
  });
  socket.send('127.0.0.1', buildEchoRequest(4, 7, 1, payload));
  await later.promise;
  assert.equal(calls, 1);
  assert.equal(socket.send('127.0.0.1', buildEchoRequest(4, 7, 2, payload)), constants.errno.EBADF);
});

test('a packet longer than a slot counts as empty', { skip }, async () => {
  const lengths: number[] = [];
  await new Promise<void>((resolve) => {
    const socket = native.openIcmp({
      family: 4,
      identifier: 8,
      onPacket(packet) {
        lengths.push(packet.length);
        if (lengths.length < 2) return;
        socket.close();
        resolve();
      },
      onDeaf: ignore,
    });
    socket.send('127.0.0.1', buildEchoRequest(4, 8, 1, new Uint8Array(9000)));
    socket.send('127.0.0.1', buildEchoRequest(4, 8, 2, payload));
  });
  assert.deepEqual(lengths, [0, 20 + 8 + payload.length]);
});

test('a flood is bounded by the kernel and its loss noted; the traffic of others is none', {
  skip,
}, async (t) => {
  const floodCount = 20_000;
  const marker = buildEchoRequest(4, 9, 2, payload);
  const flooded = Promise.withResolvers<void>();
  let received = 0;
  const ours = native.openIcmp({
    family: 4,
    identifier: 9,
    onPacket(packet) {
      received += 1;
      // There is room again: the marker comes after all that got in.
      if (received === 1) ours.send('127.0.0.1', marker);
      if (packet.length === 20 + marker.length) flooded.resolve();
    },
    onDeaf: ignore,
  });
  const others = native.openIcmp({ family: 4, identifier: 10, onPacket: ignore, onDeaf: ignore });
  t.after(() => {
    ours.close();
    others.close();
  });
  const big = buildEchoRequest(4, 9, 1, new Uint8Array(1000));
  assert.equal(ours.droppedCount(), 0);
  // All in one turn of the loop, so that nobody fetches them.
  for (let count = 0; count < floodCount; count += 1) ours.send('127.0.0.1', big);
  await flooded.promise;
  const lost = floodCount + 1 - received;
  assert.ok(lost > 0 && received > 100, `${received} received`);
  // Linux 6.18 counts each twice.
  assert.ok([lost, 2 * lost].includes(ours.droppedCount()), `${lost} lost, ${ours.droppedCount()} counted`);
  assert.equal(others.droppedCount(), 0);
  const counted = ours.droppedCount();
  ours.close();
  assert.equal(ours.droppedCount(), counted);
});

test('buffers that JavaScript gives away make the port deaf, not wild', { skip }, async () => {
  const binding = createRequire(import.meta.url)(addonPath) as {
    readonly [name: string]: (...args: unknown[]) => unknown;
  };
  const { AF_INET, SOCK_RAW, IPPROTO_ICMP } = binding;
  const packets = new Uint8Array(1024);
  const lengths = new Uint32Array(4);
  const heard = Promise.withResolvers<number>();
  const args = [AF_INET, SOCK_RAW, IPPROTO_ICMP, undefined, undefined, 11, 65536, packets, lengths];
  const handle = binding['icmpOpen']?.(...args, heard.resolve);
  structuredClone(packets, { transfer: [packets.buffer] });
  binding['icmpSend']?.(handle, '127.0.0.1', buildEchoRequest(4, 11, 1, payload));
  assert.equal(await heard.promise, -constants.errno.EFAULT);
  binding['icmpClose']?.(handle);
});

test('10,000 openings and closings leave no descriptor', { skip }, async () => {
  const count = isSanitized ? 1000 : 10_000;
  const before = openDescriptors();
  for (let index = 0; index < count; index += 1) {
    const socket = native.openIcmp({ family: 4, identifier: 12, onPacket: ignore, onDeaf: ignore });
    if (index % 3 === 0) socket.renewSender();
    socket.close();
    if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(openDescriptors(), before);
});
