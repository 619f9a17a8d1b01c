import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { type PeerOptions, VppPeer } from '../../../test/support/vpp-peer.ts';
import { vppRequestsInFlightMax, vppSilenceMsMax } from '../../lib/limits.ts';
import { type ApiCall, Connection, ConnectionFault } from './connection.ts';
import { frameMessage } from './framing.ts';
import {
  controlPing,
  controlPingReply,
  lbAsV2Details,
  lbAsV2Dump,
  lbConfGet,
  lbConfGetReply,
  lbConfReply,
  neededMessages,
} from './messages.ts';

const pong = { retval: 0, clientIndex: 1, vpePid: 7 };
const nobody = { af: 0, bytes: new Uint8Array(16) };
const vip = { prefix: { ...nobody, length: 0 }, protocol: 0, port: 0 };
const details = { ...vip, asAddress: nobody, flags: 1, inUseSince: 0, weight: 1, numBuckets: 16 };

function startOpening(options: PeerOptions = {}) {
  const clock = createFakeClock();
  const faults: ConnectionFault[] = [];
  const calls: ApiCall[] = [];
  const peers: VppPeer[] = [];
  const opening = Connection.open({
    clock,
    open(events) {
      const peer = new VppPeer(events, options);
      peers.push(peer);
      return peer.transport;
    },
    onClosed: (fault) => faults.push(fault),
    onCall: (call) => calls.push(call),
  });
  const [peer] = peers;
  assert.ok(peer !== undefined);
  return { clock, faults, calls, peer, opening };
}

async function open(options: PeerOptions = {}) {
  const { opening, ...rest } = startOpening(options);
  await rest.clock.advance(0);
  rest.peer.welcome();
  const connection = await opening;
  const ping = () => connection.request(controlPing, {}, controlPingReply);
  return { ...rest, connection, ping };
}

const faultOf = (promise: Promise<unknown>): Promise<ConnectionFault> =>
  promise.then(
    () => assert.fail('it was to be rejected'),
    (error: unknown) => {
      assert.ok(error instanceof ConnectionFault);
      return error;
    },
  );

test('the handshake names the client and takes over index and table', async () => {
  const { peer, opening, clock } = startOpening();
  await clock.advance(0);
  assert.deepEqual(peer.received[0]?.values, { name: 'vpp-maglev' });
  peer.welcome();
  const connection = await opening;
  assert.deepEqual(connection.table().missing(neededMessages), []);
  const asked = connection.request(controlPing, {}, controlPingReply);
  await clock.advance(0);
  const { clientIndex, context } = peer.take();
  assert.equal(clientIndex, 0x80000001);
  peer.answer(controlPingReply, context, pong);
  assert.deepEqual(await asked, pong);
  connection.close();
});

test('a client that is not welcome is told so, and closes', async () => {
  const { peer, opening, clock, faults } = startOpening({ response: -1 });
  await clock.advance(0);
  peer.welcome();
  const fault = await faultOf(opening);
  assert.deepEqual([fault.kind, fault.message], ['broken', 'VPP refused the client: response -1']);
  assert.deepEqual([peer.isClosed, faults, clock.pendingTimerCount()], [true, [], 0]);
});

test('a handshake without an answer ends in silence', async () => {
  const { opening, clock, faults } = startOpening();
  const ended = faultOf(opening);
  await clock.advance(vppSilenceMsMax);
  assert.deepEqual(
    [(await ended).kind, (await ended).message],
    ['silent', 'no answer to sockclnt_create within 5 s'],
  );
  assert.deepEqual([faults, clock.pendingTimerCount()], [[], 0]);
});

test('what is asked in one turn goes out in one write, and each answer to who asked', async () => {
  const { connection, peer, ping, clock, calls } = await open();
  const pings = [ping(), ping()];
  const conf = connection.request(lbConfGet, {}, lbConfGetReply);
  assert.equal(connection.inFlight(), 3);
  await clock.advance(0);
  assert.deepEqual(peer.writes.at(-1), ['control_ping', 'control_ping', 'lb_conf_get']);
  const [one, two, three] = [peer.take(), peer.take(), peer.take()];
  const reply = {
    retval: -6,
    ipv4SrcAddress: new Uint8Array(4),
    ipv6SrcAddress: new Uint8Array(16),
    stickyBucketsPerCore: 1,
    flowTimeout: 1,
  };
  // In one batch of frames, as they come from a socket.
  peer.deliver(
    peer.bytesOf(controlPingReply, one.context, { ...pong, vpePid: 1 }),
    peer.bytesOf(controlPingReply, two.context, { ...pong, vpePid: 2 }),
    peer.bytesOf(lbConfGetReply, three.context, reply),
  );
  assert.deepEqual(
    (await Promise.all(pings)).map(({ vpePid }) => vpePid),
    [1, 2],
  );
  assert.equal((await conf).retval, -6);
  assert.equal(connection.inFlight(), 0);
  assert.deepEqual(calls.at(-1), { direction: 'recv', message: 'lb_conf_get', retval: -6 });
  assert.deepEqual(calls.filter(({ direction }) => direction === 'send').length, 4);
  connection.close();
});

test('beyond the window requests wait for answers', async () => {
  const { connection, peer, ping, clock } = await open();
  const pings = Array.from({ length: vppRequestsInFlightMax + 3 }, ping);
  await clock.advance(0);
  assert.equal(peer.received.length, vppRequestsInFlightMax);
  assert.equal(connection.inFlight(), vppRequestsInFlightMax + 3);
  peer.answer(controlPingReply, peer.take().context, pong);
  await clock.advance(0);
  assert.equal(peer.received.length, vppRequestsInFlightMax);
  while (peer.received.length > 0) {
    peer.answer(controlPingReply, peer.take().context, pong);
    await clock.advance(0);
  }
  await Promise.all(pings);
  assert.equal(connection.inFlight(), 0);
  connection.close();
});

test('a dump ends with the answer to the ping that follows it', async () => {
  const { connection, peer, clock } = await open();
  const dump = connection.dump(lbAsV2Dump, vip, lbAsV2Details);
  await clock.advance(0);
  assert.deepEqual(peer.writes.at(-1), ['lb_as_v2_dump', 'control_ping']);
  const [asked, ended] = [peer.take(), peer.take()];
  assert.equal(asked.context, ended.context);
  peer.answer(lbAsV2Details, asked.context, { ...details, weight: 3 });
  peer.answer(lbAsV2Details, asked.context, { ...details, weight: 4 });
  peer.answer(controlPingReply, ended.context, pong);
  assert.deepEqual(
    (await dump).map(({ weight }) => weight),
    [3, 4],
  );
  const empty = connection.dump(lbAsV2Dump, vip, lbAsV2Details);
  await clock.advance(0);
  peer.take();
  peer.answer(controlPingReply, peer.take().context, pong);
  assert.deepEqual(await empty, []);
  connection.close();
});

test('a dump that keeps coming is not silence; one that ceases is', async () => {
  const { connection, peer, clock, faults } = await open();
  const ended = faultOf(connection.dump(lbAsV2Dump, vip, lbAsV2Details));
  await clock.advance(0);
  const { context } = peer.take();
  for (let i = 0; i < 5; i++) {
    await clock.advance(vppSilenceMsMax - 1);
    peer.answer(lbAsV2Details, context, details);
  }
  assert.deepEqual(faults, []);
  await clock.advance(vppSilenceMsMax - 1);
  assert.deepEqual(faults, []);
  await clock.advance(1);
  assert.deepEqual([(await ended).kind, faults.length], ['silent', 1]);
  assert.deepEqual([peer.isClosed, clock.pendingTimerCount()], [true, 0]);
});

test('an old question does not shorten the time for a new one', async () => {
  const { connection, peer, ping, clock, faults } = await open();
  await clock.advance(vppSilenceMsMax - 100);
  const asked = ping();
  await clock.advance(vppSilenceMsMax - 1);
  assert.deepEqual(faults, []);
  peer.answer(controlPingReply, peer.take().context, pong);
  await asked;
  connection.close();
});

test('an answer to a later request means that the earlier one was dropped', async () => {
  const { peer, ping, clock, faults } = await open();
  const ended = [faultOf(ping()), faultOf(ping())];
  await clock.advance(0);
  peer.take();
  peer.answer(controlPingReply, peer.take().context, pong);
  const [first, second] = await Promise.all(ended);
  assert.match(first?.message ?? '', /control_ping was not answered, a later request was/);
  assert.deepEqual([first?.kind, first === second, faults], ['broken', true, [first]]);
  assert.deepEqual([peer.isClosed, clock.pendingTimerCount()], [true, 0]);
});

test('details of another dump are not taken for those of this', async () => {
  const { connection, peer, clock } = await open();
  const ended = faultOf(connection.dump(lbAsV2Dump, vip, lbAsV2Details));
  await clock.advance(0);
  peer.answer(lbAsV2Details, peer.take().context + 1, details);
  assert.equal((await ended).kind, 'broken');
});

const nonsense: readonly [string, (peer: VppPeer, context: number) => Uint8Array, RegExp][] = [
  ['an unknown message', () => frameMessage(Buffer.from([0x7f, 0xff, 0, 0, 0, 1])), /message 32767 where/],
  [
    'another reply',
    (peer, context) => peer.bytesOf(lbConfReply, context, { retval: 0 }),
    /where control_ping_reply/,
  ],
  [
    'a reply cut short',
    (peer, context) => frameMessage(peer.bytesOf(controlPingReply, context, pong).subarray(16, 27)),
    /malformed answer: message ends at 11/,
  ],
  ['one byte', () => frameMessage(Buffer.from([1])), /message -1 where/],
];
for (const [name, bytesOf, message] of nonsense) {
  test(`${name} ends the connection, and what follows in the batch is not read`, async () => {
    const { peer, ping, clock, faults, connection } = await open();
    const ended = faultOf(ping());
    await clock.advance(0);
    const { context } = peer.take();
    peer.deliver(bytesOf(peer, context), peer.bytesOf(controlPingReply, context, pong));
    const fault = await ended;
    assert.match(fault.message, message);
    assert.deepEqual([fault.kind, faults, peer.isClosed], ['broken', [fault], true]);
    assert.equal((await faultOf(ping())).message, fault.message);
    assert.deepEqual([connection.inFlight(), clock.pendingTimerCount()], [0, 0]);
  });
}

test('a message that nobody asked for ends the connection', async () => {
  const { peer, faults } = await open();
  peer.answer(controlPingReply, 5, pong);
  assert.match(faults[0]?.message ?? '', /that nobody asked for/);
});

test('VPP leaves: what is in flight or waits is rejected, before that is told', async () => {
  const { peer, ping, clock, faults } = await open();
  const order: string[] = [];
  const ended = Array.from({ length: vppRequestsInFlightMax + 1 }, () => faultOf(ping()));
  await clock.advance(0);
  ended.at(-1)?.then(({ message }) => order.push(message));
  peer.leave();
  await Promise.all(ended);
  assert.deepEqual([order, faults.map(({ kind }) => kind)], [['closed by VPP'], ['closed']]);
  assert.equal(clock.pendingTimerCount(), 0);
});

test('closed by us: what is in flight is rejected, nothing is called back, no timer is left', async () => {
  const { connection, peer, ping, clock, faults, calls } = await open();
  const ended = faultOf(ping());
  const unsent = clock.advance(0);
  connection.close();
  connection.close();
  await unsent;
  assert.deepEqual([(await ended).kind, (await ended).message], ['closed', 'closed by maglevd']);
  assert.deepEqual([peer.isClosed, clock.pendingTimerCount(), faults], [true, 0, []]);
  const callCount = calls.length;
  peer.answer(controlPingReply, 2, pong);
  assert.equal((await faultOf(ping())).kind, 'closed');
  await clock.advance(60_000);
  assert.deepEqual([faults, calls.length], [[], callCount]);
});
