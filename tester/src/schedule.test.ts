import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSchedule, nextDueMs, takeDue } from './schedule.ts';

/** Chance that can be repeated: a linear congruence will do to spread. */
function createChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('each target keeps its rate within 10 %, and never starts twice within 0.9 intervals', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer(), (targets, seed) => {
      const random = createChance(seed);
      const schedule = createSchedule(targets, 100, 0);
      const lastMs = new Map<number, number>();
      const counts = new Array<number>(targets).fill(0);
      for (let nowMs = nextDueMs(schedule); nowMs < 5_000; nowMs = nextDueMs(schedule)) {
        for (const target of takeDue(schedule, nowMs, random)) {
          const gapMs = nowMs - (lastMs.get(target) ?? -1000);
          assert.ok(gapMs >= 89.999, `gap ${gapMs}`);
          lastMs.set(target, nowMs);
          counts[target] = (counts[target] ?? 0) + 1;
        }
      }
      for (const count of counts) assert.ok(count >= 45 && count <= 56, `${count} in 50 intervals`);
    }),
    { numRuns: 30 },
  );
});

test('starts are spread over the interval, at the beginning and a minute later', () => {
  const random = createChance(7);
  const schedule = createSchedule(200, 100, 0);
  const starts: number[] = [];
  for (let nowMs = 0; nowMs < 60_000; nowMs += 1) {
    for (const _ of takeDue(schedule, nowMs, random)) starts.push(nowMs);
  }
  for (const [fromMs, toMs] of [
    [0, 1_000],
    [59_000, 60_000],
  ] as const) {
    const perMs = Array.from({ length: toMs - fromMs }, (_, index) => fromMs + index).map(
      (ms) => starts.filter((start) => start === ms).length,
    );
    assert.ok(Math.max(...perMs) <= 12, `at most ${Math.max(...perMs)} in one millisecond of 2 on average`);
  }
});

test('time that was slept through is not caught up, and does not bunch the starts', () => {
  const random = createChance(3);
  const schedule = createSchedule(100, 100, 0);
  const due = takeDue(schedule, 10_000, random);
  assert.equal(due.length, 100);
  assert.ok(nextDueMs(schedule) > 10_000);
  assert.equal(takeDue(schedule, 10_000, random).length, 0);
  const after = Array.from(
    { length: 10 },
    (_, tenth) => takeDue(schedule, 10_010 + tenth * 10, random).length,
  );
  assert.ok(Math.max(...after) <= 25, `spread over the next interval: ${after}`);
});

test('the earliest due comes first', () => {
  const schedule = createSchedule(4, 100, 0);
  schedule.dueMs.set([30, 10, 20, 99]);
  assert.deepEqual(
    takeDue(schedule, 50, () => 0.5),
    [1, 2, 0],
  );
  assert.equal(nextDueMs(schedule), 99);
});
