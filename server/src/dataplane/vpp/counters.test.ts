import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { observed, observedVip } from '../../../test/support/lb-values.ts';
import { SegmentBuilder } from '../../../test/support/stats-builder.ts';
import { VppPeer } from '../../../test/support/vpp-peer.ts';
import { countersIntervalMs } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { Connection } from './connection.ts';
import { CountersSampler } from './counters.ts';
import { ipRouteLookupReply } from './messages.ts';
import { StatsSegment } from './stats-segment.ts';
import type { VppSession } from './vpp-link.ts';

const names = [
  'packet from existing sessions',
  'first session packet',
  'untracked packet',
  'no server configured',
];
const web = observedVip('10.1.0.1 tcp 80', {}, { index: 1 });
const other = observedVip('10.1.0.1 tcp 443', {}, { index: 2 });
const all = observedVip('10.1.0.2 any', {}, { index: 9 });

/** Two threads, which are added up; index 9 is beyond what was ever counted. */
function createStats(): SegmentBuilder {
  const builder = new SegmentBuilder();
  for (const [index, name] of names.entries()) {
    builder.counter(name, [
      [0n, 10n + BigInt(index), 1n],
      [0n, 5n, 1n],
    ]);
  }
  builder.counter('/net/route/to', [[0n, 0n, 0n, 0n, 70n, 7000n]], 'combined');
  builder.publish();
  return builder;
}

async function start(builder: SegmentBuilder) {
  const clock = createFakeClock();
  const warnings: unknown[] = [];
  const silent = () => undefined;
  const log: Log = {
    isDebug: false,
    debug: silent,
    info: silent,
    warn: (_message, attributes) => void warnings.push(attributes),
    error: silent,
  };
  const peers: VppPeer[] = [];
  const opening = Connection.open({
    clock,
    open(events) {
      const made = new VppPeer(events);
      peers.push(made);
      return made.transport;
    },
    onClosed: () => undefined,
  });
  const [peer] = peers;
  assert.ok(peer !== undefined);
  await clock.advance(0);
  peer.welcome();
  const connection = await opening;
  let session: VppSession | undefined = { connection, stats: new StatsSegment(builder.mapping()) };
  const sampler = new CountersSampler({ clock, log, session: () => session });
  /** Questions for routes, answered: the third of VPP's routes, or none. */
  async function answerRoutes(): Promise<string[]> {
    await clock.advance(0);
    const asked = peer?.received.splice(0) ?? [];
    for (const { context, values } of asked) {
      const { bytes } = values['prefix'] as unknown as { readonly bytes: Uint8Array };
      const retval = bytes[3] === 1 ? 0 : -6;
      peer?.answer(ipRouteLookupReply, context, { retval, tableId: 0, statsIndex: 2 });
    }
    await clock.advance(0);
    return asked.map(({ message }) => message.name);
  }
  const stop = () => {
    sampler.stop();
    connection.close();
    assert.equal(clock.pendingTimerCount(), 0);
  };
  const leave = () => {
    session = undefined;
    sampler.connectionChanged();
  };
  return { clock, sampler, answerRoutes, warnings, stop, leave };
}

test('counters of each VIP at its index, all threads together; those of the route by prefix', async () => {
  const { clock, sampler, answerRoutes, stop } = await start(createStats());
  assert.equal(sampler.last(), undefined);
  sampler.vipsChanged(observed([web, other, all]));
  assert.deepEqual(await answerRoutes(), ['ip_route_lookup', 'ip_route_lookup'], 'one question for a prefix');
  const route = { routePackets: 70n, routeBytes: 7000n };
  assert.deepEqual(
    Array.from(sampler.last()?.byVip ?? [], ([name, { counters }]) => [name, counters]),
    [
      ['10.1.0.1/32 tcp 80', { next: 15n, first: 16n, untracked: 17n, noServer: 18n, ...route }],
      ['10.1.0.1/32 tcp 443', { next: 2n, first: 2n, untracked: 2n, noServer: 2n, ...route }],
      ['10.1.0.2/32 any', { next: 0n, first: 0n, untracked: 0n, noServer: 0n }],
    ],
  );
  assert.equal(sampler.last()?.atMs, clock.wallMs());
  stop();
});

test('a sample every 5 s, without a question, as long as the VIPs are the same', async () => {
  const builder = createStats();
  const { clock, sampler, answerRoutes, stop } = await start(builder);
  sampler.vipsChanged(observed([web]));
  await answerRoutes();
  const first = sampler.last();
  sampler.vipsChanged(observed([web]));
  assert.deepEqual(await answerRoutes(), []);
  assert.equal(sampler.last(), first);
  await clock.advance(countersIntervalMs);
  assert.notEqual(sampler.last(), first);
  assert.equal(sampler.last()?.atMs, (first?.atMs ?? 0) + countersIntervalMs);
  // Made anew, it has another index and, it may be, another route.
  sampler.vipsChanged(observed([{ ...web, index: 2 }]));
  assert.deepEqual(await answerRoutes(), ['ip_route_lookup']);
  assert.equal(sampler.last()?.byVip.get('10.1.0.1/32 tcp 80')?.counters.next, 2n);
  stop();
});

test('before the first VIP ever there are no counters: all are 0', async () => {
  const builder = new SegmentBuilder();
  builder.publish();
  const { sampler, answerRoutes, warnings, stop } = await start(builder);
  sampler.vipsChanged(observed([web]));
  await answerRoutes();
  const counters = { next: 0n, first: 0n, untracked: 0n, noServer: 0n };
  assert.deepEqual(sampler.last()?.byVip.get('10.1.0.1/32 tcp 80')?.counters, counters);
  assert.deepEqual(warnings, []);
  stop();
});

test('a segment that cannot be read is told once, and there is no sample', async () => {
  const builder = createStats();
  const { clock, sampler, answerRoutes, warnings, stop } = await start(builder);
  sampler.vipsChanged(observed([web]));
  await answerRoutes();
  builder.setHeader({ version: 3n });
  await clock.advance(3 * countersIntervalMs);
  assert.deepEqual([sampler.last(), warnings.length], [undefined, 1]);
  builder.setHeader({ version: 2n });
  await clock.advance(countersIntervalMs);
  assert.notEqual(sampler.last(), undefined);
  stop();
});

test('without a connection there is no sample and no timer', async () => {
  const { clock, sampler, answerRoutes, leave, stop } = await start(createStats());
  sampler.vipsChanged(observed([web]));
  await answerRoutes();
  leave();
  assert.equal(sampler.last(), undefined);
  await clock.advance(60_000);
  assert.equal(clock.pendingTimerCount(), 0);
  stop();
});
