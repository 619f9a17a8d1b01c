import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createEventModel, createWitness, type EventModel } from '../../test/support/event-model.ts';
import {
  eventHeartbeatMs,
  eventPendingBytesMax,
  eventPicturesMax,
  eventPortionMax,
  eventRingCountMax,
  eventRoundMs,
  eventStalledMsMax,
  eventSubscribersMax,
  eventSweepMs,
  eventWritesPerTurnMax,
} from '../lib/limits.ts';
import { createEventFeeds, type EventFeeds, type EventStream } from './event-fanout.ts';
import type { EventJson, WatchRequest } from './event-schemas.ts';

/** A connection whose peer takes everything at once, unless it is told not to. */
function openSink(feeds: EventFeeds, request: WatchRequest = {}) {
  const chunks: Buffer[] = [];
  const waiting: Buffer[] = [];
  const witness = createWitness();
  let pending = 0;
  let isTaking = true;
  let fate: 'open' | 'ended' | 'destroyed' = 'open';
  const read = (bytes: Buffer) => {
    const texts = bytes.toString().split('\n\n').slice(0, -1);
    return texts.map((text) => JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '') as EventJson);
  };
  const stream: EventStream = feeds.open(request, {
    write(bytes) {
      chunks.push(bytes);
      if (isTaking) return witness.tell(read(bytes));
      pending += bytes.length;
      waiting.push(bytes);
    },
    pendingBytes: () => pending,
    end() {
      fate = 'ended';
    },
    destroy() {
      fate = 'destroyed';
    },
  });
  return {
    stream,
    chunks,
    witness,
    events: () => chunks.flatMap(read),
    pending: () => pending,
    fate: () => fate,
    /** From now on its peer takes nothing. */
    stall() {
      isTaking = false;
    },
    /** Its peer takes what waits, and from now on everything. */
    take() {
      isTaking = true;
      pending = 0;
      chunks.length = 0;
      for (const bytes of waiting.splice(0)) witness.tell(read(bytes));
      stream.drained();
    },
  };
}

function setUp(backendCount?: number) {
  const model = createEventModel(backendCount);
  return { model, feeds: createEventFeeds(model) };
}

/** Enough for a stream to be full and for its place in the ring to go. */
async function flood({ clock, flip }: EventModel): Promise<void> {
  for (let index = 0; index < 2 * eventRingCountMax; index++) {
    flip(index);
    if (index % 200 === 0) await clock.advance(eventRoundMs);
  }
  await clock.advance(eventRoundMs);
}

test('an event goes out at once after a quiet time, then at most once a round', async () => {
  const { model, feeds } = setUp();
  const sink = openSink(feeds);
  await model.clock.advance(1000);
  const chunksBefore = sink.chunks.length;
  model.flip(0);
  await model.clock.advance(0);
  assert.equal(sink.chunks.length, chunksBefore + 1);
  for (let index = 0; index < 10; index++) model.flip(index);
  await model.clock.advance(eventRoundMs - 1);
  assert.equal(sink.chunks.length, chunksBefore + 1);
  await model.clock.advance(1);
  assert.equal(sink.chunks.length, chunksBefore + 2);
  assert.deepEqual(sink.witness.live, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  feeds.stop();
});

test('nothing is looked at in the middle of a change', async () => {
  const { model, feeds } = setUp();
  const sink = openSink(feeds);
  await model.clock.advance(1000);
  const before = sink.chunks.length;
  model.flip(0);
  assert.equal(sink.chunks.length, before, 'the wake-up itself delivers nothing');
  feeds.stop();
});

test('subscribers at one place get the very same bytes', async () => {
  const { model, feeds } = setUp();
  const sinks = [openSink(feeds), openSink(feeds), openSink(feeds, { kind: ['backend'] })];
  await model.clock.advance(1000);
  model.flip(0);
  await model.clock.advance(eventRoundMs);
  const [first, second, other] = sinks.map(({ chunks }) => chunks.at(-1));
  assert.equal(first, second);
  assert.notEqual(first, other);
  assert.deepEqual(first, other);
  feeds.stop();
});

test('one turn serves a bounded number of subscribers', async () => {
  const { model, feeds } = setUp();
  const sinks = Array.from({ length: 2 * eventWritesPerTurnMax + 1 }, () => openSink(feeds));
  await model.clock.advance(1000);
  const served = () => sinks.filter(({ witness }) => witness.live.length > 0).length;
  const perTurn: number[] = [];
  const { afterIo } = model.clock;
  model.clock.afterIo = (fn) =>
    afterIo(() => {
      const before = served();
      fn();
      perTurn.push(served() - before);
    });
  model.flip(0);
  await model.clock.advance(eventRoundMs);
  assert.equal(served(), sinks.length);
  assert.deepEqual(perTurn, [eventWritesPerTurnMax, 1]);
  feeds.stop();
});

test('a heartbeat comes after silence only, and says where the stream stands', async () => {
  const { model, feeds } = setUp();
  const all = openSink(feeds);
  const filtered = openSink(feeds, { kind: ['vpp'] });
  const beats = ({ events }: typeof all) => events().filter(({ kind }) => kind === 'heartbeat');
  await model.clock.advance(10_000);
  model.flip(0);
  await model.clock.advance(10_000);
  assert.deepEqual([beats(all).length, beats(filtered).length], [0, 2], 'its empty picture, and silence');
  assert.deepEqual(
    beats(filtered).map(({ id }) => id),
    ['e1-0', 'e1-1'],
  );
  await model.clock.advance(eventHeartbeatMs);
  assert.equal(beats(all).length, 1);
  feeds.stop();
});

test('a peer that takes nothing costs its bound; it is told to resync when it takes again', async () => {
  const { model, feeds } = setUp();
  const sink = openSink(feeds);
  await model.clock.advance(1000);
  sink.stall();
  await flood(model);
  const most = eventPendingBytesMax + Math.max(...sink.chunks.map(({ length }) => length));
  assert.ok(sink.pending() > eventPendingBytesMax && sink.pending() <= most, `${sink.pending()} bytes`);
  sink.take();
  await model.clock.advance(eventRoundMs);
  const kinds = sink.events().map(({ kind }) => kind);
  assert.deepEqual(kinds, ['resync', 'backend', 'backend', 'backend', 'frontend']);
  assert.equal(feeds.counts().resyncs, 1);
  feeds.stop();
});

test('a peer that takes nothing for too long is dropped, and others are not', async () => {
  const { model, feeds } = setUp();
  const stuck = openSink(feeds);
  const well = openSink(feeds);
  await model.clock.advance(1000);
  stuck.stall();
  await flood(model);
  await model.clock.advance(eventStalledMsMax + eventSweepMs);
  assert.deepEqual([stuck.fate(), well.fate()], ['destroyed', 'open']);
  assert.deepEqual([feeds.counts().dropped, feeds.counts().subscribers], [1, 1]);
  feeds.stop();
});

test('who leaves before its turn is handed nothing', async () => {
  const { model, feeds } = setUp();
  const [leaver, stayer] = [openSink(feeds), openSink(feeds)];
  leaver.stream.close();
  leaver.stream.close();
  await model.clock.advance(1000);
  assert.deepEqual([leaver.chunks.length, stayer.chunks.length], [0, 1]);
  feeds.stop();
});

test('who leaves in the middle of a picture gives it up: it is not counted against others', async () => {
  const { model, feeds } = setUp(5 * eventPortionMax);
  const openDeaf = async () => {
    const sink = openSink(feeds);
    sink.stall();
    await model.clock.advance(eventRoundMs);
    assert.ok(sink.pending() > eventPendingBytesMax);
    return sink;
  };
  const slow = await openDeaf();
  for (let count = 0; count <= eventPicturesMax; count++) {
    model.flip(count);
    (await openDeaf()).stream.close();
  }
  slow.take();
  await model.clock.advance(eventRoundMs);
  assert.equal(feeds.counts().resyncs, 0);
  assert.deepEqual(
    [slow.witness.states.size, slow.witness.live.length],
    [5 * eventPortionMax, eventPicturesMax + 1],
  );
  feeds.stop();
});

test('one subscriber too many is refused with a sentence', () => {
  const { feeds } = setUp();
  const sinks = Array.from({ length: eventSubscribersMax }, () => openSink(feeds));
  assert.throws(() => openSink(feeds), {
    code: 'resource_exhausted',
    message: /^2000 event streams are open/,
  });
  sinks[0]?.stream.close();
  openSink(feeds);
  feeds.stop();
});

test('after a stop nothing is left: no timer, no subscriber, no wish for debug lines', async () => {
  const { model, feeds } = setUp();
  const sinks = [openSink(feeds, { level: 'debug' }), openSink(feeds)];
  const full = openSink(feeds);
  const watched = feeds.watch({}, new AbortController().signal);
  assert.equal((await Promise.all([watched.next(), model.clock.advance(0)]))[0].done, false);
  full.stall();
  await flood(model);
  feeds.stop();
  assert.deepEqual(
    [...sinks, full].map(({ fate }) => fate()),
    ['ended', 'ended', 'destroyed'],
  );
  while (!(await watched.next()).done);
  assert.deepEqual([model.clock.pendingTimerCount(), model.events.subscriberCount()], [0, 0]);
  assert.equal(model.events.append({ kind: 'log', level: 'debug', message: '', attributes: {} }), undefined);
  assert.throws(() => openSink(feeds), { code: 'unavailable' });
});

test('who pulls gets the same, and its signal ends it', async () => {
  const { model, feeds } = setUp(2 * eventPortionMax);
  const { signal, abort } = withAbort();
  const witness = createWitness();
  const reading = (async () => {
    for await (const event of feeds.watch({ kind: ['backend'] }, signal)) witness.tell([event]);
  })();
  // An iterator takes a few promises for each event: more than one step of the clock waits for.
  for (let turn = 0; turn < eventPortionMax; turn++) await model.clock.advance(1);
  assert.equal(witness.states.size, 2 * eventPortionMax);
  model.flip(7);
  await model.clock.advance(eventRoundMs);
  assert.deepEqual([witness.live, witness.states.get('b7')], [[1], 'down']);
  abort();
  await reading;
  assert.deepEqual([model.clock.pendingTimerCount(), feeds.counts().subscribers], [0, 0]);
});

test('who stops pulling is dropped after its time, and told so at its next step', async () => {
  const { model, feeds } = setUp();
  const watched = feeds.watch({}, new AbortController().signal);
  await Promise.all([watched.next(), model.clock.advance(0)]);
  await model.clock.advance(eventStalledMsMax + 2 * eventSweepMs);
  assert.deepEqual([feeds.counts().subscribers, feeds.counts().dropped], [0, 1]);
  await assert.rejects(watched.next(), { code: 'resource_exhausted' });
});

function withAbort() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

test('property: sinks stall, take and leave as they like: nothing lost, doubled or left over', async () => {
  const step = fc.record({
    t: fc.constantFrom('flip', 'flip', 'advance', 'stall', 'take', 'leave', 'open'),
    index: fc.nat({ max: 5 }),
    count: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 30 }) }, fc.nat({ max: 2500 })),
  });
  const run = async (steps: readonly { t: string; index: number; count: number }[]) => {
    const { model, feeds } = setUp();
    const sinks: ReturnType<typeof openSink>[] = [];
    for (const { t, index, count } of steps) {
      const sink = sinks[index % Math.max(1, sinks.length)];
      if (t === 'flip') for (let i = 0; i < count; i++) model.flip(i);
      else if (t === 'advance') await model.clock.advance(count);
      else if (t === 'open') sinks.push(openSink(feeds));
      else if (t === 'stall') sink?.stall();
      else if (t === 'take') sink?.take();
      else if (sink) sinks.splice(sinks.indexOf(sink), 1)[0]?.stream.close();
    }
    for (const sink of sinks) sink.take();
    await model.clock.advance(1000);
    for (const { witness } of sinks) {
      assert.equal(witness.sequence, model.events.lastSequence());
      for (const [name, state] of witness.states) assert.equal(state, model.stateOf(name));
      for (const [at, sequence] of witness.live.entries()) {
        assert.equal(sequence, (witness.live[0] ?? 0) + at, 'numbers rise by one');
      }
    }
    feeds.stop();
    assert.deepEqual([model.clock.pendingTimerCount(), model.events.subscriberCount()], [0, 0]);
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), run), { numRuns: 60 });
});
