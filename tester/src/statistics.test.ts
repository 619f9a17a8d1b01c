// Every number of a VIP against the plainest way to count it, from all the probes at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { histogramPercentile } from './histogram.ts';
import type { Outage } from './outages.ts';
import type { Outcome, Verdict } from './outcome.ts';
import { windowOkPercent, windowPercentile } from './sample-window.ts';
import { createVipStatistics, recordOutcome } from './statistics.ts';
import { type Level, readStrip } from './strip.ts';
import { noHeader, otherValues, readTally } from './tally.ts';

const startMs = 1_700_000_000_000;

const verdict = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Verdict>('ok') },
  { weight: 2, arbitrary: fc.constantFrom<Verdict[]>('timeout', 'http-err', 'net-err') },
);
const latencyMs = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 3000 }).map((hundredths) => hundredths / 100) },
  { weight: 1, arbitrary: fc.integer({ min: 30, max: 2000 }) },
);
const probe = fc.record({
  verdict,
  latencyMs,
  gapMs: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 10, max: 400 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1_000, max: 90_000 }) },
  ),
  value: fc.option(
    fc.integer({ min: 0, max: 45 }).map((n) => `backend-${n}`),
    { nil: undefined },
  ),
});

function outcomesOf(probes: readonly (typeof probe extends fc.Arbitrary<infer P> ? P : never)[]): Outcome[] {
  let atMs = startMs;
  return probes.map(({ verdict, latencyMs, gapMs, value }) => {
    atMs += gapMs;
    const status = verdict === 'ok' ? 200 : verdict === 'http-err' ? 503 : 0;
    const answer = status > 0 && value !== undefined ? { value } : {};
    return { verdict, latencyMs, atMs, status, detail: '', ...answer };
  });
}

/** Nearest rank: the smallest value that at least this share of them does not exceed. */
function rank(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.find((_, index) => (index + 1) / sorted.length >= share - 1e-12);
}

const passed = (outcomes: readonly Outcome[]) =>
  outcomes.filter(({ verdict }) => verdict === 'ok').map(({ latencyMs }) => latencyMs);

function isSpikeReference(outcomes: readonly Outcome[], index: number): boolean {
  const before = passed(outcomes.slice(Math.max(0, index - 100), index));
  const own = outcomes[index];
  if (own?.verdict !== 'ok' || before.length < 20) return false;
  const p95Ms = rank(before, 0.95) ?? 0;
  return own.latencyMs > 3 * p95Ms && own.latencyMs > p95Ms + 20;
}

/** Failures less than 2 s before the next passing stretch of 2 s belong together. */
function outagesReference(outcomes: readonly Outcome[]): { past: Outage[]; openStartMs: number | undefined } {
  const past: Outage[] = [];
  let first = -1;
  let last = -1;
  for (const [index, { atMs, verdict }] of outcomes.entries()) {
    if (verdict !== 'ok') {
      if (first < 0) first = index;
      last = index;
      continue;
    }
    if (first < 0) continue;
    const lastMs = outcomes[last]?.atMs ?? 0;
    if (atMs - lastMs < 2000) continue;
    const between = outcomes.slice(first, last + 1);
    past.push({
      startMs: outcomes[first]?.atMs ?? 0,
      endMs: outcomes[last + 1]?.atMs ?? 0,
      probes: between.length,
      failures: between.filter((outcome) => outcome.verdict !== 'ok').length,
    });
    first = -1;
  }
  return { past, openStartMs: first < 0 ? undefined : outcomes[first]?.atMs };
}

function stripReference(outcomes: readonly Outcome[], spikes: readonly boolean[], nowMs: number): Level[] {
  const nowSecond = Math.floor(nowMs / 1000);
  return Array.from({ length: 60 }, (_, cell) => {
    const second = nowSecond - 59 + cell;
    const found = outcomes.map(({ atMs, verdict }, index): Level => {
      if (Math.floor(atMs / 1000) !== second) return 0;
      return verdict !== 'ok' ? 3 : spikes[index] ? 2 : 1;
    });
    return Math.max(0, ...found) as Level;
  });
}

test('all statistics are those of the plain reference', () => {
  fc.assert(
    fc.property(
      fc.array(probe, { maxLength: 400 }),
      fc.integer({ min: 0, max: 70_000 }),
      (probes, laterMs) => {
        const outcomes = outcomesOf(probes);
        const statistics = createVipStatistics();
        const faults = outcomes.map((outcome) => recordOutcome(statistics, outcome, true));
        const spikes = outcomes.map((_, index) => isSpikeReference(outcomes, index));
        assert.deepEqual(
          faults,
          outcomes.map(({ verdict }, index) =>
            verdict !== 'ok' ? verdict : spikes[index] ? 'spike' : undefined,
          ),
        );
        assert.equal(statistics.count, outcomes.length);
        assert.equal(statistics.failures, outcomes.length - passed(outcomes).length);
        const last = outcomes.slice(-100);
        for (const share of [0.5, 0.95, 0.99, 1]) {
          assert.equal(windowPercentile(statistics.window, share), rank(passed(last), share));
        }
        const okPercent = last.length === 0 ? undefined : (passed(last).length / last.length) * 100;
        assert.equal(windowOkPercent(statistics.window), okPercent);
        const nowMs = (outcomes.at(-1)?.atMs ?? startMs) + laterMs;
        assert.deepEqual(readStrip(statistics.strip, nowMs, 60), stripReference(outcomes, spikes, nowMs));
        const reference = outagesReference(outcomes);
        assert.deepEqual(statistics.outages.past, reference.past.slice(-20));
        assert.equal(statistics.outages.pastCount, reference.past.length);
        assert.equal(statistics.outages.open?.startMs, reference.openStartMs);
      },
    ),
    { numRuns: 150 },
  );
});

test('the tally has every answer once, and the last 100 as shares', () => {
  fc.assert(
    fc.property(fc.array(probe, { maxLength: 300 }), (probes) => {
      const outcomes = outcomesOf(probes);
      const statistics = createVipStatistics();
      for (const outcome of outcomes) recordOutcome(statistics, outcome, true);
      const seen: string[] = [];
      const answers = outcomes
        .filter(({ status }) => status > 0)
        .map(({ value = noHeader, atMs, latencyMs }) => {
          if (!seen.includes(value) && seen.length < 32) seen.push(value);
          return { name: seen.includes(value) ? value : otherValues, atMs: atMs + latencyMs };
        });
      const nowMs = (outcomes.at(-1)?.atMs ?? startMs) + 1000;
      const names = Array.from(new Set(answers.map(({ name }) => name)));
      const recent = answers.slice(-100);
      assert.deepEqual(
        readTally(statistics.tally, nowMs),
        names.map((value) => {
          const own = answers.filter(({ name }) => name === value);
          const lastMs = Math.max(...own.map(({ atMs }) => atMs));
          return {
            value,
            count: own.length,
            sharePercent: (recent.filter(({ name }) => name === value).length / recent.length) * 100,
            lastMs,
            isFresh: nowMs - lastMs <= 5000,
          };
        }),
      );
    }),
    { numRuns: 150 },
  );
});

test('percentiles of the whole run are at most 3 % above the true ones, and never below', () => {
  fc.assert(
    fc.property(fc.array(latencyMs, { minLength: 1, maxLength: 500 }), (latenciesMs) => {
      const statistics = createVipStatistics();
      for (const [index, ms] of latenciesMs.entries()) {
        const outcome = {
          verdict: 'ok',
          latencyMs: ms,
          atMs: startMs + index,
          status: 0,
          detail: '',
        } as const;
        recordOutcome(statistics, outcome, true);
      }
      for (const share of [0.5, 0.95, 0.99, 1]) {
        const truthMs = rank(latenciesMs, share) ?? 0;
        const foundMs = histogramPercentile(statistics.histogram, share) ?? 0;
        assert.ok(
          foundMs >= truthMs * 0.999999 && foundMs <= truthMs * 1.031,
          `${share}: ${foundMs} ${truthMs}`,
        );
      }
      assert.equal(histogramPercentile(statistics.histogram, 1), Math.max(...latenciesMs));
    }),
    { numRuns: 200 },
  );
});

test('answers that come in after a later failure are part of its outage', () => {
  const statistics = createVipStatistics();
  const at = (ms: number, verdict: Verdict) =>
    recordOutcome(statistics, { verdict, latencyMs: 1, atMs: startMs + ms, status: 0, detail: '' }, false);
  at(100, 'timeout');
  at(50, 'ok');
  at(40, 'net-err');
  at(200, 'ok');
  at(2100, 'ok');
  const outage = { startMs: startMs + 40, endMs: startMs + 200, probes: 3, failures: 2 };
  assert.deepEqual(statistics.outages.past, [outage]);
  assert.equal(statistics.tally.entries.size, 0, 'no tally was asked for');
});
