import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { eventRingAgeMsMax, eventRingCountMax } from '../lib/limits.ts';
import type { MaglevEvent } from './event.ts';
import { createEventLog } from './event-log.ts';

const event = (message: string): MaglevEvent => ({ kind: 'log', level: 'info', message, attributes: {} });

test('numbers rise by one and readers get what they have not seen', () => {
  const log = createEventLog(createFakeClock(), 'e1');
  for (let i = 1; i <= 5; i++) assert.equal(log.append(event(`m${i}`))?.sequence, i);
  const read = log.read(2, 2);
  assert.equal(read.t, 'events');
  assert.deepEqual(read.t === 'events' && read.events.map((e) => e.sequence), [3, 4]);
  assert.equal(read.cursor, 4);
  assert.deepEqual(log.read(5, 10), { t: 'events', events: [], cursor: 5 });
});

test('a cursor from the future, or one whose place is gone, gets a resync', () => {
  const log = createEventLog(createFakeClock(), 'e1');
  for (let i = 0; i < eventRingCountMax + 10; i++) log.append(event('m'));
  assert.deepEqual(log.read(3, 10), { t: 'resync', cursor: eventRingCountMax + 10 });
  assert.equal(log.read(10, 1).t, 'events', 'the oldest event that is kept has number 11');
  assert.equal(log.read(9, 1).t, 'resync');
  assert.equal(log.read(99_999, 1).t, 'resync');
  assert.equal(log.read(-1, 1).t, 'resync');
});

test('events grow old', async () => {
  const clock = createFakeClock();
  const log = createEventLog(clock, 'e1');
  log.append(event('old'));
  await clock.advance(eventRingAgeMsMax + 1);
  log.append(event('new'));
  assert.equal(log.read(0, 10).t, 'resync');
  assert.equal(log.read(1, 10).t, 'events');
});

test('subscribers are woken after each append until they leave', () => {
  const log = createEventLog(createFakeClock(), 'e1');
  let woken = 0;
  const stop = log.subscribe(() => {
    woken++;
    assert.equal(log.lastSequence(), woken);
  });
  log.append(event('a'));
  log.append(event('b'));
  stop();
  log.append(event('c'));
  assert.equal(woken, 2);
  assert.equal(log.subscriberCount(), 0);
});

test('debug lines have a number only while somebody wants them', () => {
  const log = createEventLog(createFakeClock(), 'e1');
  const debug: MaglevEvent = { kind: 'log', level: 'debug', message: 'probe', attributes: {} };
  assert.equal(log.append(debug), undefined);
  const [first, second] = [log.wantDebug(), log.wantDebug()];
  assert.equal(log.append(debug)?.sequence, 1);
  first();
  first();
  assert.equal(log.append(debug)?.sequence, 2, 'the second still wants them');
  second();
  assert.equal(log.append(debug), undefined);
  assert.equal(log.append(event('info'))?.sequence, 3, 'no number is missing');
});

test('property: any mix of appends and reads sees consecutive numbers or a resync', () => {
  const step = fc.oneof(
    fc.record({ t: fc.constant('append' as const), count: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ t: fc.constant('read' as const), count: fc.integer({ min: 1, max: 700 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const log = createEventLog(createFakeClock(), 'e');
      let cursor = 0;
      for (const { t, count } of steps) {
        if (t === 'append') {
          for (let i = 0; i < count; i++) log.append(event('m'));
          continue;
        }
        const read = log.read(cursor, count);
        if (read.t === 'resync') {
          assert.ok(log.lastSequence() - cursor > eventRingCountMax);
        } else {
          for (const [i, e] of read.events.entries()) assert.equal(e.sequence, cursor + 1 + i);
          assert.equal(read.events.length, Math.min(count, log.lastSequence() - cursor));
        }
        cursor = read.cursor;
      }
    }),
    { numRuns: 50 },
  );
});
