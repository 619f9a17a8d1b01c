import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scheduleTickMs, stallNoiseMs } from '../lib/limits.ts';
import { Agenda } from './agenda.ts';
import { firstDueMs, jitteredMs, nextDueMs } from './interval.ts';
import { Histogram } from './probe-stats.ts';
import { StallMeter } from './stall-meter.ts';
import { isTooLate, judgeProbe, type ProbeCourse } from './verdict.ts';

const course: ProbeCourse = { durationMs: 100, stalledMs: 0, timeoutMs: 1000 };
const ok = { ok: true, code: 'L7OK' } as const;
const refused = { ok: false, code: 'L4CON' } as const;
const status = { ok: false, code: 'L7STS' } as const;
const closed = { ok: false, code: 'L7RSP' } as const;

const table: readonly [string, Partial<ProbeCourse>, ReturnType<typeof judgeProbe>][] = [
  ['ok in time', { answer: ok }, 'valid'],
  ['refused in time', { answer: refused }, 'valid'],
  ['closed in time', { answer: closed }, 'valid'],
  ['silence that we watched', { durationMs: 1010 }, 'valid'],
  ['silence, a small hiccup of ours', { durationMs: 1010, stalledMs: 200 }, 'valid'],
  ['silence, away for half of it', { durationMs: 1010, stalledMs: 500 }, 'late'],
  ['ok in time although we were away', { answer: ok, stalledMs: 900, durationMs: 950 }, 'valid'],
  ['refused although we were away', { answer: refused, stalledMs: 900, durationMs: 950 }, 'valid'],
  ['wrong status although we were away', { answer: status, stalledMs: 900, durationMs: 950 }, 'valid'],
  ['closed while we were away', { answer: closed, stalledMs: 900, durationMs: 950 }, 'late'],
  ['ok after the deadline because of us', { answer: ok, durationMs: 1500, stalledMs: 600 }, 'late'],
  ['refused after the deadline because of us', { answer: refused, durationMs: 1500, stalledMs: 600 }, 'late'],
  ['ok after the deadline because of them', { answer: ok, durationMs: 1015, stalledMs: 0 }, 'timeout'],
  ['ok long after, we explain only a part', { answer: ok, durationMs: 1500, stalledMs: 100 }, 'timeout'],
];
for (const [name, changes, expected] of table) {
  test(`verdict: ${name}`, () => assert.equal(judgeProbe({ ...course, ...changes }), expected));
}

test('a start is too late when a whole timeout has passed since it was due', () => {
  assert.equal(isTooLate(1000, 1000), false);
  assert.equal(isTooLate(1001, 1000), true);
});

test('property: a failure that counts was never explained by our absence', () => {
  const ms = fc.double({ min: 0, max: 5000, noNaN: true });
  const answer = fc.option(fc.constantFrom(ok, refused, status, closed), { nil: undefined });
  fc.assert(
    fc.property(ms, ms, answer, (durationMs, stalled, given) => {
      const stalledMs = Math.min(stalled, durationMs);
      const verdict = judgeProbe({
        durationMs,
        stalledMs,
        timeoutMs: 1000,
        ...(given && { answer: given }),
      });
      if (verdict === 'timeout') assert.ok(durationMs - stalledMs > 1000);
      if (verdict === 'valid' && !given) assert.ok(stalledMs <= 250);
    }),
  );
});

test('agenda: buckets come out in order of time, and only when due', () => {
  const arbitraryTimes = fc.array(fc.integer({ min: 0, max: 100 }));
  fc.assert(
    fc.property(arbitraryTimes, fc.integer({ min: 0, max: 100 }), (times, nowMs) => {
      const agenda = new Agenda<{ atMs: number; index: number }>();
      for (const [index, atMs] of times.entries()) agenda.add({ atMs, index });
      const taken: { atMs: number; index: number }[] = [];
      for (let due = agenda.takeDue(nowMs); due; due = agenda.takeDue(nowMs)) taken.push(...due);
      const expected = times.map((atMs, index) => ({ atMs, index })).filter(({ atMs }) => atMs <= nowMs);
      expected.sort((a, b) => a.atMs - b.atMs || a.index - b.index);
      assert.deepEqual(taken, expected);
      assert.equal(agenda.size, times.length - taken.length);
      assert.equal(agenda.earliestMs(), times.filter((t) => t > nowMs).sort((a, b) => a - b)[0]);
    }),
  );
});

test('agenda: retain keeps the order of what stays, clear leaves nothing', () => {
  const agenda = new Agenda<{ atMs: number }>();
  for (const atMs of [5, 3, 8, 1, 9, 2]) agenda.add({ atMs });
  agenda.retain((item) => item.atMs % 2 === 1);
  assert.equal(agenda.size, 4);
  const taken = [1, 2, 3, 4].map(() => agenda.takeDue(8)?.[0]?.atMs);
  assert.deepEqual(taken, [1, 3, 5, undefined]);
  agenda.clear();
  assert.equal(agenda.earliestMs(), undefined);
  assert.equal(agenda.size, 0);
});

test('intervals: jitter stays within a tenth, starts lie on the grid and never in the past', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 10, max: 100_000 }),
      fc.integer({ min: 0, max: 100_000 }),
      (random, baseMs, agoMs) => {
        const jittered = jitteredMs(baseMs, random);
        assert.ok(jittered >= baseMs * 0.9 - 1e-6 && jittered <= baseMs * 1.1 + 1e-6);
        const nowMs = 200_000;
        const dueMs = nextDueMs(nowMs - agoMs, nowMs, baseMs, random);
        assert.equal(dueMs % scheduleTickMs, 0);
        assert.ok(dueMs >= nowMs);
        assert.ok(dueMs < Math.max(nowMs, nowMs - agoMs + jittered) + scheduleTickMs);
      },
    ),
  );
  assert.equal(firstDueMs(1000, 500, 0, 10), 1000);
  assert.equal(firstDueMs(1000, 500, 9, 10), 1460);
});

test('stall meter: noise is ignored, an overdue tick counts before it runs', () => {
  const meter = new StallMeter();
  meter.plan(100);
  assert.equal(meter.totalMs(100 + stallNoiseMs), 0);
  assert.equal(meter.totalMs(400), 300);
  assert.equal(meter.tick(400), 300);
  assert.equal(meter.totalMs(500), 300, 'no tick is planned: nobody is late');
  meter.plan(520);
  meter.tick(525);
  assert.equal(meter.totalMs(525), 300);
});

test('histogram: bounds are inclusive, the rest has its own bucket', () => {
  const histogram = new Histogram([0.01, 0.1]);
  for (const ms of [10, 11, 100, 101]) histogram.observeMs(ms);
  assert.deepEqual(histogram.counts, [1, 2, 1]);
  assert.equal(histogram.count, 4);
  assert.ok(Math.abs(histogram.sumSeconds - 0.222) < 1e-9);
});
