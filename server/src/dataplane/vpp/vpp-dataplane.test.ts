import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { address, confValue, vip } from '../../../test/support/lb-values.ts';
import { SegmentBuilder } from '../../../test/support/stats-builder.ts';
import { type Received, VppPeer } from '../../../test/support/vpp-peer.ts';
import { vppApplyWindow, vppObserveTriesMax } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type { LbOp } from '../lb-op.ts';
import { wirePrefix } from './lb-requests.ts';
import {
  cliInbandReply,
  controlPingReply,
  ipRouteLookupReply,
  lbAddDelAsV2Reply,
  lbAsSetWeightReply,
  lbConfGetReply,
  lbVipDetails,
} from './messages.ts';
import { createVppDataplane } from './vpp-dataplane.ts';

const noLog: Log = {
  isDebug: false,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const web = vip('10.1.0.1 tcp 80');
const wireWeb = { prefix: wirePrefix(web), protocol: web.protocol, port: web.port };
const webText = ' ip4-gre4 [3] 10.1.0.1/32\n  new_size:1024\n  protocol:6 port:80\n  #as:0\n';

/** Connected to a peer that the test answers for. */
async function connect(t: TestContext) {
  const clock = createFakeClock();
  const builder = new SegmentBuilder();
  builder.entry(1, '/sys/boottime', 1n);
  builder.publish();
  const peers: VppPeer[] = [];
  const dataplane = createVppDataplane({
    clock,
    log: noLog,
    openTransport(events) {
      const made = new VppPeer(events);
      peers.push(made);
      return made.transport;
    },
    openStats: () => Promise.resolve(builder.mapping()),
  });
  const changes: boolean[] = [];
  const end = dataplane.watch((sameVpp) => changes.push(sameVpp));
  dataplane.start();
  const settle = () => clock.advance(0);
  await settle();
  const [peer] = peers;
  assert.ok(peer !== undefined);
  peer.welcome();
  await settle();
  peer.answerGreetings();
  await settle();
  assert.deepEqual([dataplane.info().connection, changes], ['connected', [false]]);
  end();
  t.after(async () => {
    await Promise.all([dataplane.stop(), settle()]);
    assert.equal(clock.pendingTimerCount(), 0);
  });
  return { clock, dataplane, peer, settle };
}

interface Answers {
  readonly text?: string;
  readonly family?: number;
}

/** All that is asked to observe, answered with one VIP. */
function answerObservation(peer: VppPeer, { text = webText, family = 0 }: Answers = {}): void {
  for (const { message, context } of peer.received.splice(0)) {
    if (message.name === 'lb_conf_get') {
      const { ipv4SrcAddress, ipv6SrcAddress, stickyBucketsPerCore } = confValue;
      const addresses = { ipv4SrcAddress: ipv4SrcAddress.bytes, ipv6SrcAddress: ipv6SrcAddress.bytes };
      peer.answer(lbConfGetReply, context, {
        retval: 0,
        ...addresses,
        stickyBucketsPerCore,
        flowTimeout: 40,
      });
    } else if (message.name === 'lb_vip_dump') {
      const prefix = { ...wireWeb.prefix, af: family };
      const rest = { encap: 0, dscp: 0, srvType: 0, targetPort: 0, flowTableLength: 1024 };
      peer.answer(lbVipDetails, context, { ...wireWeb, prefix, ...rest });
    } else if (message.name === 'control_ping') {
      peer.answer(controlPingReply, context, { retval: 0, clientIndex: 1, vpePid: 1 });
    } else if (message.name === 'cli_inband')
      peer.answer(cliInbandReply, context, { retval: 0, reply: text });
    else if (message.name === 'ip_route_lookup') {
      peer.answer(ipRouteLookupReply, context, { retval: -6, tableId: 0, statsIndex: 0 });
    }
  }
}

test('all questions go out in one write, and give one state', async (t) => {
  const { dataplane, peer, settle } = await connect(t);
  const observation = dataplane.observe();
  await settle();
  assert.deepEqual(peer.writes.at(-1), [
    'lb_conf_get',
    'lb_vip_dump',
    'control_ping',
    'lb_as_v2_dump',
    'control_ping',
    'cli_inband',
  ]);
  answerObservation(peer);
  const observed = await observation;
  assert.ok(observed.ok);
  assert.deepEqual(observed.value.conf, confValue);
  assert.deepEqual(
    Array.from(observed.value.vips, ([name, { index }]) => [name, index]),
    [['10.1.0.1/32 tcp 80', 3]],
  );
  await settle();
  answerObservation(peer);
});

const nonsense: readonly [string, Answers, RegExp][] = [
  [
    'a text of an unknown form',
    { text: 'show lb: unknown input' },
    /"show lb vips verbose" has an unknown form/,
  ],
  ['an unknown address family', { family: 9 }, /address family 9/],
];
for (const [name, answers, message] of nonsense) {
  test(`${name} is a failure that is told, not one of ours`, async (t) => {
    const { dataplane, peer, settle } = await connect(t);
    const observation = dataplane.observe();
    await settle();
    answerObservation(peer, answers);
    const observed = await observation;
    assert.ok(!observed.ok && observed.fault.t === 'lost');
    assert.match(observed.fault.message, message);
  });
}

test('answers that do not fit each other are asked for again, so often', async (t) => {
  const { dataplane, peer, settle } = await connect(t);
  const observation = dataplane.observe();
  let rounds = 0;
  for (await settle(); peer.received.length > 0; await settle()) {
    rounds++;
    answerObservation(peer, { text: '' });
  }
  const observed = await observation;
  assert.equal(rounds, vppObserveTriesMax);
  assert.ok(!observed.ok);
  assert.match(observed.fault.message, /changed by somebody else/);
});

const weigh = (last: number, weight = 1): LbOp => ({
  t: 'as-weight',
  vip: web,
  address: address(`10.0.${last >> 8}.${last & 255}`),
  weight,
  flush: false,
  why: 'test',
});

const acknowledge = (peer: VppPeer, { context }: Received, retval = 0) =>
  peer.answer(lbAsSetWeightReply, context, { retval });

test('operations are sent ahead within a window; a refusal ends the sending', async (t) => {
  const { dataplane, peer, settle } = await connect(t);
  const ops = Array.from({ length: vppApplyWindow + 10 }, (_, index) => weigh(index + 1));
  const outcome = dataplane.apply(ops);
  await settle();
  assert.equal(peer.received.length, vppApplyWindow);
  acknowledge(peer, peer.take());
  await settle();
  assert.equal(peer.received.length, vppApplyWindow);
  acknowledge(peer, peer.take(), -6);
  await settle();
  assert.equal(peer.received.length, vppApplyWindow - 1, 'nothing more is sent');
  acknowledge(peer, peer.take(), -97);
  for (const one of peer.received.splice(0)) acknowledge(peer, one);
  const { acknowledged, failure } = await outcome;
  assert.equal(acknowledged.length, vppApplyWindow + 1 - 2);
  const message = 'VPP refused: NO_SUCH_ENTRY (-6)';
  assert.deepEqual(failure, {
    op: ops[1],
    fault: { t: 'refused', code: -6, name: 'NO_SUCH_ENTRY', message },
  });
});

test('what could hurt VPP is not sent, nor is what follows', async (t) => {
  const { dataplane, peer, settle } = await connect(t);
  const ops = [weigh(1), weigh(2, 101), weigh(3)];
  const outcome = dataplane.apply(ops);
  await settle();
  assert.equal(peer.received.length, 1);
  acknowledge(peer, peer.take());
  const { acknowledged, failure } = await outcome;
  assert.deepEqual([acknowledged, failure?.op], [[ops[0]], ops[1]]);
  assert.ok(failure?.fault.t === 'refused');
  assert.equal(failure.fault.message, 'not sent to VPP: weight 101: must be 0 to 100');
});

test('a connection that ends loses what is not acknowledged', async (t) => {
  const { dataplane, peer, settle } = await connect(t);
  const ops = [weigh(1), weigh(2)];
  const outcome = dataplane.apply(ops);
  await settle();
  acknowledge(peer, peer.take());
  peer.leave();
  assert.deepEqual(await outcome, {
    acknowledged: [ops[0]],
    failure: { op: ops[1], fault: { t: 'lost', message: 'closed by VPP' } },
  });
  const notConnected = { t: 'lost', message: 'not connected to VPP' };
  assert.deepEqual(await dataplane.apply(ops), {
    acknowledged: [],
    failure: { op: ops[0], fault: notConnected },
  });
  assert.deepEqual(await dataplane.observe(), { ok: false, fault: notConnected });
  assert.deepEqual(await dataplane.apply([]), { acknowledged: [] });
});

test('an answer of another kind to an operation ends the connection', async (t) => {
  const { dataplane, peer, settle } = await connect(t);
  const outcome = dataplane.apply([weigh(1)]);
  await settle();
  peer.answer(lbAddDelAsV2Reply, peer.take().context, { retval: 0 });
  const { failure } = await outcome;
  assert.equal(failure?.fault.t, 'lost');
  assert.match(failure.fault.message, /where lb_as_set_weight_reply was due/);
});
