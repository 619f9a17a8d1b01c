// Echoes through the addon's engine alone, over loopback: what it hands over, what it drops, what it keeps
// within bounds.
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { type TestContext, test } from 'node:test';
import { engineSlotsMax } from '../../src/lib/limits.ts';
import { buildEchoRequest, icmpOfIpv4Packet, parseIcmpMessage } from '../../src/probes/icmp-message.ts';
import { isSanitized, loadTestNative, openDescriptors, rawSocketSkip } from '../../test/support/addon.ts';
import { refusingPort } from '../../test/support/misbehaving-server.ts';
import { blockLoop } from '../../test/support/probe-run.ts';
import { openRawEchoes, type RawEchoes } from '../../test/support/raw-echoes.ts';

const skip = rawSocketSkip();
const payload = new Uint8Array(32).fill(0x5a);

function open(t: TestContext): RawEchoes {
  const echoes = openRawEchoes();
  t.after(echoes.close);
  return echoes;
}

/** The loop is away until the engine has sent the slot's echo. */
function awaitSent(echoes: RawEchoes, slot: number, generation: number): void {
  while (echoes.engine.settle(slot, generation) === 'waiting') blockLoop(1);
}

for (const [family, address] of [
  [4, '127.0.0.1'],
  [4, '127.9.8.7'],
  [6, '::1'],
] as const) {
  test(`one echo to ${address} gives one reply, and not our own request`, { skip }, async (t) => {
    const echoes = open(t);
    const identifier = 0x4242;
    const slots = [1, 2, 3];
    for (const slot of slots) {
      echoes.send(address, buildEchoRequest(family, identifier, slot, payload), { slot, identifier });
    }
    for (const slot of slots) {
      const report = await echoes.next();
      const message = family === 4 ? icmpOfIpv4Packet(report.packet) : report.packet;
      const reply = { t: 'echo-reply', identifier, sequence: slot, payload };
      assert.deepEqual(message && parseIcmpMessage(family, message), reply);
      assert.deepEqual([report.slot, report.event], [slot, 'bytes']);
      assert.ok(report.elapsedMs >= 0 && report.elapsedMs < 1000, String(report.elapsedMs));
    }
    // The last of a row: what might have come besides the replies has come before it.
    assert.deepEqual(echoes.reports, []);
  });
}

test('the time is of the moment when the reply came, whoever looks at it later', { skip }, async (t) => {
  const echoes = open(t);
  const generation = echoes.send('127.0.0.1', buildEchoRequest(4, 1, 0, payload));
  awaitSent(echoes, 0, generation);
  blockLoop(300);
  assert.ok((await echoes.next()).elapsedMs < 100);
});

test('several messages for one run come in their order, one that has ended hears none', {
  skip,
}, async (t) => {
  const echoes = open(t);
  const other = open(t);
  const generation = echoes.send('127.0.0.1', buildEchoRequest(4, 5, 0, payload), { identifier: 5 });
  await echoes.next();
  const lengths = [1, 2, 3, 4, 5];
  for (const length of lengths) {
    other.send('127.0.0.1', buildEchoRequest(4, 5, 0, new Uint8Array(length)), { identifier: 6 });
  }
  for (const length of lengths) assert.equal((await echoes.next()).packet.length, 20 + 8 + length);
  echoes.engine.end(0, generation);
  other.send('127.0.0.1', buildEchoRequest(4, 5, 0, payload), { identifier: 6 });
  const barrier = buildEchoRequest(4, 5, 1, payload);
  echoes.send('127.0.0.1', barrier, { slot: 1, identifier: 5 });
  assert.equal((await echoes.next()).slot, 1);
});

test('what is for another number, or longer than anything of ours, wakes nobody', { skip }, async (t) => {
  const [echoes, other] = [open(t), open(t)];
  echoes.send('127.0.0.1', buildEchoRequest(4, 8, 0, payload), { identifier: 8 });
  assert.equal((await echoes.next()).slot, 0);
  // The slot's number in another run, and a slot where nothing runs.
  for (const sequence of [engineSlotsMax, 1]) {
    other.send('127.0.0.1', buildEchoRequest(4, 8, sequence, payload), { identifier: 9 });
  }
  const tooLong = buildEchoRequest(4, 8, 3, new Uint8Array(9000));
  echoes.send('127.0.0.1', tooLong, { slot: 3, identifier: 8 });
  echoes.send('127.0.0.1', buildEchoRequest(4, 8, 4, payload), { slot: 4, identifier: 8 });
  assert.equal((await echoes.next()).slot, 4);
  assert.deepEqual(echoes.reports, []);
});

test('a connection in the slot is not told of an echo that was there before', { skip }, async (t) => {
  const echoes = open(t);
  const other = open(t);
  echoes.send('127.0.0.1', buildEchoRequest(4, 9, 0, payload), { identifier: 9 });
  await echoes.next();
  const port = await refusingPort();
  const record = loadTestNative().engineRecord({ family: 4, address: '127.0.0.1', port });
  new Uint32Array(record.buffer).set([0, 1000]);
  echoes.engine.start(record, record.length);
  other.send('127.0.0.1', buildEchoRequest(4, 9, 0, payload), { identifier: 10 });
  const { generation, event, syscall } = await echoes.next();
  assert.deepEqual({ generation, event, syscall }, { generation: 1000, event: 'failed', syscall: 'connect' });
});

test('what was refused, by errno and call', { skip }, async (t) => {
  const echoes = open(t);
  const native = loadTestNative();
  // Nobody may send so much at once.
  echoes.send('127.0.0.1', new Uint8Array(65_534));
  const sent = await echoes.next();
  const { EMSGSIZE, EADDRNOTAVAIL } = constants.errno;
  assert.deepEqual([sent.event, sent.errno, sent.syscall], ['failed', EMSGSIZE, 'send']);
  const unbound = { family: 4, address: '127.0.0.1', source: '203.0.113.77' } as const;
  const { record } = native.engineEchoRecord({ ...unbound, identifier: 1, message: new Uint8Array(8) });
  new Uint32Array(record.buffer).set([1, 1]);
  echoes.engine.start(record, record.length);
  const bound = await echoes.next();
  assert.deepEqual([bound.event, bound.errno, bound.syscall], ['failed', EADDRNOTAVAIL, 'bind']);
});

test('a flood is bounded and its loss noted; the traffic of others is none', { skip }, async (t) => {
  const floodCount = 20_000;
  const [ours, others] = [open(t), open(t)];
  const generation = ours.send('127.0.0.1', buildEchoRequest(4, 11, 0, payload), { identifier: 11 });
  const otherGeneration = others.send('127.0.0.1', buildEchoRequest(4, 12, 0, payload), { identifier: 12 });
  awaitSent(ours, 0, generation);
  awaitSent(others, 0, otherGeneration);
  assert.equal(ours.engine.hasLost(0, generation), false);
  const flooder = open(t);
  const big = buildEchoRequest(4, 11, 0, new Uint8Array(1000));
  for (let count = 0; count < floodCount; count += 1) flooder.send('127.0.0.1', big, { identifier: 13 });
  awaitSent(flooder, 1, flooder.send('127.0.0.1', big, { slot: 1, identifier: 13 }));
  assert.equal(ours.engine.settle(0, generation), 'connected');
  assert.equal(ours.engine.hasLost(0, generation), true);
  assert.equal(others.engine.hasLost(0, otherGeneration), false);
  // Taken, there is room again, and all that the kernel kept is read.
  await ours.next();
  let heard = 1;
  const marker = ours.send('127.0.0.1', buildEchoRequest(4, 11, 1, payload), { slot: 1, identifier: 11 });
  for (let report = await ours.next(); report.slot !== 1; report = await ours.next()) heard += 1;
  assert.ok(heard > 500 && heard < floodCount, `${heard} heard`);
  assert.equal(ours.engine.hasLost(1, marker), false);
});

test('openings and closings with echoes under way leave no descriptor', { skip }, async () => {
  const count = isSanitized ? 50 : 500;
  const before = openDescriptors();
  for (let index = 0; index < count; index += 1) {
    const echoes = openRawEchoes();
    echoes.send('127.0.0.1', buildEchoRequest(4, 12, 0, payload), { identifier: 12 });
    echoes.send('::1', buildEchoRequest(6, 12, 0, payload), { slot: 1, identifier: 12 });
    if (index % 3 === 0) await echoes.next();
    echoes.close();
    if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(openDescriptors(), before);
});
