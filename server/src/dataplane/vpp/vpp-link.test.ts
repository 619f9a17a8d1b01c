import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { SegmentBuilder } from '../../../test/support/stats-builder.ts';
import { type PeerOptions, VppPeer } from '../../../test/support/vpp-peer.ts';
import { vppPingIntervalMs, vppSilenceMsMax } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { type Message, message } from './codec.ts';
import type { TransportEvents } from './connection.ts';
import { lbConfGet, neededMessages } from './messages.ts';
import type { StatsMapping } from './stats-segment.ts';
import { VppLink } from './vpp-link.ts';

const noLog: Log = {
  isDebug: false,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function segment(bootSeconds: bigint | undefined): StatsMapping {
  const builder = new SegmentBuilder();
  if (bootSeconds !== undefined) builder.entry(1, '/sys/boottime', bootSeconds);
  builder.publish();
  return builder.mapping();
}

/** A world in which VPP may be there or not, and a link to it; what follows is up to the test. */
function createWorld() {
  const clock = createFakeClock();
  const peers: VppPeer[] = [];
  const states: string[] = [];
  const attemptsMs: number[] = [];
  let statsClosed = 0;
  const world = {
    isThere: true,
    options: {} as PeerOptions,
    bootSeconds: 1_700_000_000n as bigint | undefined,
    openStats: (): Promise<StatsMapping> =>
      Promise.resolve({ ...segment(world.bootSeconds), close: () => void statsClosed++ }),
  };
  const link: VppLink = new VppLink({
    clock,
    log: noLog,
    openTransport(events: TransportEvents) {
      attemptsMs.push(clock.nowMs());
      if (!world.isThere) throw new Error('connect ENOENT');
      const peer = new VppPeer(events, world.options);
      peers.push(peer);
      return peer.transport;
    },
    openStats: () => world.openStats(),
    onChange: (sameVpp) => states.push(`${link.info().connection}${sameVpp ? ' again' : ''}`),
    onCall: () => undefined,
  });
  const peer = () => {
    const last = peers.at(-1);
    assert.ok(last !== undefined, 'somebody connected');
    return last;
  };
  /** Until connected. */
  async function greet(): Promise<void> {
    await clock.advance(0);
    peer().welcome();
    await clock.advance(0);
    peer().answerGreetings();
    await clock.advance(0);
  }
  const stopped = async () => {
    await Promise.all([link.stop(), clock.advance(0)]);
    assert.equal(clock.pendingTimerCount(), 0);
  };
  return {
    world,
    clock,
    link,
    peers,
    peer,
    greet,
    states,
    attemptsMs,
    stopped,
    statsClosed: () => statsClosed,
  };
}

test('connected: who VPP is, since when, and a session', async () => {
  const { link, clock, greet, states, stopped, statsClosed } = createWorld();
  assert.equal(link.info().connection, 'connecting');
  link.start();
  await greet();
  assert.deepEqual(link.info(), {
    connection: 'connected',
    version: '26.10',
    buildDate: '2026-08-21',
    buildDirectory: '/build',
    pid: 4711,
    bootTimeMs: 1_700_000_000_000,
    connectTimeMs: clock.wallMs(),
    missingCapabilities: [],
  });
  assert.ok(link.session() !== undefined);
  await stopped();
  assert.deepEqual([states, statsClosed(), link.session()], [['connected'], 1, undefined]);
});

test('nobody there: the rest between attempts doubles up to 30 s, and the reason is told once', async () => {
  const { world, link, clock, states, attemptsMs, greet, stopped } = createWorld();
  world.isThere = false;
  link.start();
  await clock.advance(121_000);
  const rests = attemptsMs.slice(1).map((ms, index) => ms - (attemptsMs[index] ?? 0));
  assert.deepEqual(rests.slice(0, 7), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  assert.deepEqual([link.info().connection, link.info().reason], ['disconnected', 'connect ENOENT']);
  world.isThere = true;
  await clock.advance(30_000);
  await greet();
  assert.equal(link.info().connection, 'connected');
  assert.equal(states.at(-1), 'connected');
  await stopped();
});

test('VPP leaves: the rest begins at 1 s again, and the same process is known for it', async () => {
  const { world, link, clock, peer, greet, states, attemptsMs, stopped } = createWorld();
  world.isThere = false;
  link.start();
  await clock.advance(3000);
  world.isThere = true;
  await clock.advance(4000);
  await greet();
  peer().leave();
  await clock.advance(0);
  const leftMs = clock.nowMs();
  assert.deepEqual([link.info().connection, link.session()], ['disconnected', undefined]);
  await clock.advance(1000);
  assert.equal((attemptsMs.at(-1) ?? 0) - leftMs, 1000);
  assert.deepEqual([link.info().connection, link.info().reason], ['connecting', 'closed by VPP']);
  await greet();
  assert.deepEqual(states.slice(-3), ['connected', 'disconnected', 'connected again']);
  peer().leave();
  world.options = { pid: 4712 };
  await clock.advance(1000);
  await greet();
  assert.equal(states.at(-1), 'connected');
  world.bootSeconds = 1_700_000_999n;
  peer().leave();
  await clock.advance(1000);
  await greet();
  assert.equal(states.at(-1), 'connected', 'a process number alone can come again');
  await stopped();
});

test('a ping every 10 s; without an answer VPP is not responding until it answers again', async () => {
  const { link, clock, peer, peers, greet, states, stopped } = createWorld();
  link.start();
  await greet();
  for (let i = 0; i < 3; i++) {
    await clock.advance(vppPingIntervalMs - 1);
    assert.equal(peer().received.length, 0);
    await clock.advance(1);
    assert.deepEqual(
      peer().received.map(({ message }) => message.name),
      ['control_ping'],
    );
    peer().answerGreetings();
    await clock.advance(0);
  }
  await clock.advance(vppPingIntervalMs + vppSilenceMsMax);
  assert.equal(link.info().connection, 'not-responding');
  assert.match(link.info().reason ?? '', /no answer to control_ping within 5 s/);
  assert.equal(peer().isClosed, true);
  await clock.advance(1000);
  assert.equal(peers.length, 2);
  assert.equal(link.info().connection, 'not-responding', 'it has only been tried again');
  await greet();
  assert.deepEqual(states, ['connected', 'not-responding', 'connected again']);
  await stopped();
});

const otherConf = message(lbConfGet.name, '00000000', 'request', {});
const olderMessages: readonly Message[] = neededMessages.filter(({ name }) => !name.startsWith('lb_as_v2'));
const oldOptions: PeerOptions = {
  version: '26.06',
  messages: olderMessages.map((one) => (one.name === lbConfGet.name ? otherConf : one)),
};

test('a VPP without the messages is incompatible, says which, is kept and left alone', async () => {
  const { world, link, clock, peer, greet, states, stopped } = createWorld();
  world.options = oldOptions;
  link.start();
  await greet();
  const missing = [
    'lb_conf_get_51077d14 (there is lb_conf_get_00000000)',
    'lb_as_v2_dump_1063f819',
    'lb_as_v2_details_90064aae',
  ];
  assert.deepEqual(link.info(), {
    connection: 'incompatible',
    version: '26.06',
    reason: `VPP 26.06 lacks ${missing.join(', ')}: 26.10 or newer is needed`,
    missingCapabilities: missing,
  });
  assert.equal(link.session(), undefined);
  await clock.advance(vppPingIntervalMs);
  assert.deepEqual(
    peer().received.map(({ message: { name } }) => name),
    ['control_ping'],
  );
  peer().answerGreetings();
  await clock.advance(0);
  // It is replaced by a newer one.
  peer().leave();
  world.options = {};
  await clock.advance(1000);
  await greet();
  assert.deepEqual(states, ['incompatible', 'disconnected', 'connected']);
  assert.deepEqual(link.info().missingCapabilities, []);
  await stopped();
});

test('without ping and version it is incompatible all the same', async () => {
  const { world, link, clock, peer, stopped } = createWorld();
  world.options = { messages: [] };
  link.start();
  await clock.advance(0);
  peer().welcome();
  await clock.advance(60_000);
  assert.equal(link.info().connection, 'incompatible');
  assert.match(link.info().reason ?? '', /^VPP of unknown version lacks control_ping_51077d14/);
  await stopped();
});

test('no stats, no connection: both sockets stand and fall together', async () => {
  const { world, link, clock, peer, greet, states, stopped } = createWorld();
  world.openStats = () => Promise.reject(new Error('stats: connect ECONNREFUSED'));
  link.start();
  await greet();
  assert.deepEqual(
    [link.info().connection, link.info().reason],
    ['disconnected', 'stats: connect ECONNREFUSED'],
  );
  assert.deepEqual([peer().isClosed, states], [true, ['disconnected']]);
  let closes = 0;
  world.openStats = () => Promise.resolve({ ...segment(undefined), close: () => void closes++ });
  await clock.advance(1000);
  await greet();
  assert.match(link.info().reason ?? '', /^stats segment: /);
  assert.equal(closes, 1);
  await stopped();
});

test('VPP leaves while its stats are opened: it never counts as connected', async () => {
  const { world, link, clock, peer, greet, states, stopped } = createWorld();
  const opened = Promise.withResolvers<StatsMapping>();
  let closes = 0;
  world.openStats = () => opened.promise;
  link.start();
  await greet();
  peer().leave();
  opened.resolve({ ...segment(1n), close: () => void closes++ });
  await clock.advance(0);
  assert.deepEqual([states, closes, link.info().reason], [['disconnected'], 1, 'closed by VPP']);
  await stopped();
});

// --- stop, in every state

const situations: readonly [string, (made: ReturnType<typeof createWorld>) => Promise<void>][] = [
  ['before the start', async () => undefined],
  [
    'connecting',
    async ({ link, clock }) => {
      link.start();
      await clock.advance(0);
    },
  ],
  [
    'greeting',
    async ({ link, clock, peer }) => {
      link.start();
      await clock.advance(0);
      peer().welcome();
      await clock.advance(0);
    },
  ],
  [
    'connected',
    async ({ link, greet }) => {
      link.start();
      await greet();
    },
  ],
  [
    'pinging',
    async ({ link, greet, clock }) => {
      link.start();
      await greet();
      await clock.advance(vppPingIntervalMs);
    },
  ],
  [
    'incompatible',
    async ({ world, link, greet }) => {
      world.options = oldOptions;
      link.start();
      await greet();
    },
  ],
  [
    'resting',
    async ({ world, link, clock }) => {
      world.isThere = false;
      link.start();
      await clock.advance(5000);
    },
  ],
];
for (const [name, arrange] of situations) {
  test(`stopped while ${name}: no timer is left, nothing is tried any more`, async () => {
    const made = createWorld();
    await arrange(made);
    const changes = made.states.length;
    await made.stopped();
    const attempts = made.attemptsMs.length;
    await made.clock.advance(120_000);
    assert.deepEqual([made.attemptsMs.length, made.states.length], [attempts, changes]);
    assert.ok(made.peers.every(({ isClosed }) => isClosed));
  });
}
