import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createEventModel, createWitness, type EventModel } from '../../test/support/event-model.ts';
import { eventKinds, logLevels } from '../events/event.ts';
import { eventPicturesMax, eventRingCountMax } from '../lib/limits.ts';
import { EventFeed, type EventFilter, filterOf, type Place } from './event-feed.ts';
import type { EventJson, WatchRequest } from './event-schemas.ts';

/** Everything that there is now for a reader, and where it stands then. */
function drain(feed: EventFeed, place: Place, request: WatchRequest = {}) {
  const events: EventJson[] = [];
  for (let at = place; ; ) {
    const portion = feed.pull(at, filterOf(request));
    events.push(...portion.events);
    at = portion.place;
    if (portion.isCaughtUp) return { events, place: at };
  }
}

const kindsOf = (events: readonly EventJson[]) => events.map(({ kind }) => kind);

test('the picture comes first, and its last event alone says where to continue', () => {
  const model = createEventModel(2);
  model.flip(0);
  const feed = new EventFeed(model);
  const { events, place } = drain(feed, feed.begin(undefined));
  assert.deepEqual(
    events.map(({ id, kind, snapshot }) => [id, kind, snapshot]),
    [
      [undefined, 'backend', true],
      [undefined, 'backend', true],
      ['e1-1', 'frontend', true],
    ],
  );
  const { from, to } = events[0]?.backend?.transition ?? {};
  assert.deepEqual([from, to], ['down', 'down']);
  model.flip(1);
  assert.deepEqual(
    drain(feed, place).events.map(({ id, snapshot }) => [id, snapshot]),
    [['e1-2', undefined]],
  );
});

test('without backends and frontends a heartbeat says where one stands', () => {
  const model = createEventModel();
  model.log('info');
  const feed = new EventFeed(model);
  const { events } = drain(feed, feed.begin(undefined), { kind: ['log'] });
  assert.deepEqual([events[0]?.kind, events[0]?.id, events.length], ['heartbeat', 'e1-1', 1]);
});

test('who has seen an event that is still kept continues behind it', () => {
  const model = createEventModel();
  for (let count = 0; count < 5; count++) model.flip(count);
  const feed = new EventFeed(model);
  const { events } = drain(feed, feed.begin('e1-3'));
  assert.deepEqual(
    events.map(({ id }) => id),
    ['e1-4', 'e1-5'],
  );
  assert.deepEqual(drain(feed, feed.begin('e1-5')).events, []);
});

test('what cannot be continued is announced, with the reason, and begins with the picture', () => {
  const model = createEventModel(1);
  for (let count = 0; count < eventRingCountMax + 2; count++) model.flip(0);
  const feed = new EventFeed(model);
  const cases = [
    ['e0-3', 'event e0-3 is of another run of maglevd'],
    ['e1-1', 'event e1-1 is older than what is kept'],
    ['e1-9999', 'event e1-9999 has not happened yet'],
    ['e1-9999999999999999', 'event e1-9999999999999999 has not happened yet'],
  ] as const;
  for (const [id, reason] of cases) {
    const { events } = drain(feed, feed.begin(id));
    assert.deepEqual(kindsOf(events), ['resync', 'backend', 'frontend'], id);
    assert.equal(events[0]?.resync?.reason, reason);
    assert.equal(events[0]?.id, undefined);
  }
});

test('a reader whose place is gone is told, and gets the picture', () => {
  const model = createEventModel(1);
  const feed = new EventFeed(model);
  const { place } = drain(feed, feed.begin(undefined));
  for (let count = 0; count <= eventRingCountMax; count++) model.flip(0);
  const { events } = drain(feed, place);
  assert.deepEqual(kindsOf(events), ['resync', 'backend', 'frontend']);
  assert.equal(events[0]?.resync?.reason, 'events after e1-0 were read too slowly and are no longer kept');
});

test('filters choose kinds and levels, and never hide a resync', () => {
  const model = createEventModel(1);
  const feed = new EventFeed(model);
  const stop = model.events.wantDebug();
  for (const level of logLevels) model.log(level);
  model.flip(0);
  const levelsOf = (request: WatchRequest) =>
    drain(feed, feed.begin('e1-0'), request).events.map((event) => event.log?.level ?? event.kind);
  assert.deepEqual(levelsOf({}), ['info', 'warn', 'error', 'backend']);
  assert.deepEqual(levelsOf({ level: 'debug' }), [...logLevels, 'backend']);
  assert.deepEqual(levelsOf({ level: 'error', kind: ['log'] }), ['error']);
  assert.deepEqual(levelsOf({ level: 'error', kind: ['backend'] }), ['backend']);
  stop();
  const { events } = drain(feed, feed.begin('e9-1'), { kind: ['backend'] });
  assert.deepEqual(kindsOf(events), ['resync', 'backend'], 'no frontend was asked for');
});

test('pictures that slow readers are in the middle of are bounded; the oldest is begun again', () => {
  const model = createEventModel(10);
  const feed = new EventFeed(model);
  const filter = filterOf({});
  const places: Place[] = [];
  for (let count = 0; count <= eventPicturesMax; count++) {
    model.flip(0);
    const { place } = feed.pull({ t: 'start' }, filter, 1);
    feed.hold(place);
    places.push(place);
  }
  const [first, second] = places as [Place, Place];
  assert.equal(feed.pull(first, filter).events[0]?.resync?.reason, 'the picture was read too slowly');
  assert.equal(feed.pull(second, filter).events[0]?.kind, 'backend');
  for (const place of places) feed.release(place);
});

type Step =
  | { readonly t: 'flip' | 'log'; readonly count: number }
  | { readonly t: 'pull'; readonly reader: number; readonly count: number }
  | { readonly t: 'reconnect'; readonly reader: number };

const readerCount = 3;
const count = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 20 }) }, fc.integer({ max: 2500 }));
const reader = fc.nat({ max: readerCount - 1 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ t: fc.constantFrom('flip' as const, 'log' as const), count }),
  fc.record({ t: fc.constant('pull' as const), reader, count: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ t: fc.constant('reconnect' as const), reader }),
);
const anyRequest: fc.Arbitrary<WatchRequest> = fc.record(
  { kind: fc.subarray([...eventKinds], { minLength: 1 }), level: fc.constantFrom(...logLevels) },
  { requiredKeys: [] },
);

/** Events since its last picture that the reader should have been told, by number. */
function expectedOf(model: EventModel, filter: EventFilter, first: number, last: number): number[] {
  return model.appended
    .filter(({ sequence }) => sequence > first && sequence <= last)
    .filter(({ event }) => filter.kinds.has(event.kind))
    .filter(
      ({ event }) =>
        event.kind !== 'log' || logLevels.indexOf(event.level) >= logLevels.indexOf(filter.level),
    )
    .map(({ sequence }) => sequence);
}

function createReader(model: EventModel, feed: EventFeed, request: WatchRequest) {
  const filter = filterOf(request);
  const stopDebug =
    filter.kinds.has('log') && filter.level === 'debug' ? model.events.wantDebug() : undefined;
  let witness = createWitness();
  let place: Place = feed.begin(undefined);
  let pictureSequence = 0;
  const move = (next: Place) => {
    feed.hold(next);
    feed.release(place);
    place = next;
  };
  return {
    /** True: there is nothing more. */
    pull(countMax: number): boolean {
      const portion = feed.pull(place, filter, countMax);
      witness.tell(portion.events);
      if (portion.events.some((event) => event.snapshot && event.id)) pictureSequence = witness.sequence;
      move(portion.place);
      return portion.isCaughtUp;
    },
    reconnect() {
      if (witness.sequence >= 0) move(feed.begin(`e1-${witness.sequence}`));
      else {
        witness = createWitness();
        move(feed.begin(undefined));
      }
    },
    check() {
      const told = witness.live.filter((sequence) => sequence > pictureSequence);
      const last = model.events.lastSequence();
      // What came after a resync without a picture (of neither kind) is told from a heartbeat on.
      if (filter.kinds.has('backend')) {
        for (const [name, state] of witness.states) assert.equal(state, model.stateOf(name));
        assert.deepEqual(told, expectedOf(model, filter, pictureSequence, last));
      }
      stopDebug?.();
      feed.release(place);
    },
  };
}

test('property: whatever is appended, read, stalled or connected again: no event is lost or doubled', () => {
  const anyRun = fc.record({
    requests: fc.array(anyRequest, { minLength: readerCount, maxLength: readerCount }),
    steps: fc.array(anyStep, { maxLength: 60 }),
  });
  fc.assert(
    fc.property(anyRun, ({ requests, steps }) => {
      const model = createEventModel();
      const feed = new EventFeed(model);
      const readers = requests.map((request) => createReader(model, feed, request));
      for (const step of steps) {
        if (step.t === 'pull') readers[step.reader]?.pull(step.count);
        else if (step.t === 'reconnect') readers[step.reader]?.reconnect();
        else {
          for (let index = 0; index < step.count; index++) {
            if (step.t === 'flip') model.flip(index);
            else model.log(logLevels[index % logLevels.length] ?? 'info');
          }
        }
      }
      for (const one of readers) {
        while (!one.pull(100));
        one.check();
      }
    }),
    { numRuns: 200 },
  );
});
