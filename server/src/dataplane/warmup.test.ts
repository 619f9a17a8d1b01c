import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackendState } from '../health/backend-health.ts';
import type { EffectivePool } from '../health/weights.ts';
import { isReleased, nextPhaseMs, type WarmupPhase, warmupPhase } from './warmup.ts';

const delays = { startupMinDelayMs: 5000, startupMaxDelayMs: 30_000 };
const table: readonly [number, WarmupPhase, number | undefined][] = [
  [0, 'hands-off', 5000],
  [4999.5, 'hands-off', 0.5],
  [5000, 'releasing', 25_000],
  [29_999, 'releasing', 1],
  [30_000, 'open', undefined],
];
for (const [sinceMs, phase, nextMs] of table) {
  test(`${sinceMs} ms after the start: ${phase}`, () => {
    assert.equal(warmupPhase(sinceMs, delays), phase);
    assert.equal(nextPhaseMs(sinceMs, delays), nextMs);
  });
}

test('without delays everything is open at once; with equal ones there is nothing between', () => {
  assert.equal(warmupPhase(0, { startupMinDelayMs: 0, startupMaxDelayMs: 0 }), 'open');
  const equal = { startupMinDelayMs: 10, startupMaxDelayMs: 10 };
  assert.deepEqual([warmupPhase(9, equal), warmupPhase(10, equal)], ['hands-off', 'open']);
});

function pools(...states: readonly BackendState[][]): { readonly pools: readonly EffectivePool[] } {
  const backends = (of: readonly BackendState[]) =>
    of.map((state, index) => ({ name: `b${index}`, state, weight: 0, flush: false, configuredWeight: 1 }));
  return {
    pools: states.map((of, index) => ({ name: `p${index}`, active: index === 0, backends: backends(of) })),
  };
}

test('a frontend is released when all its backends have left unknown, or when time is up', () => {
  const known = pools(['up', 'down'], ['paused', 'disabled']);
  const waiting = pools(['up', 'down'], ['unknown']);
  assert.equal(isReleased('releasing', known), true);
  assert.equal(isReleased('releasing', waiting), false);
  assert.equal(isReleased('open', waiting), true);
  assert.equal(isReleased('hands-off', known), false);
});
