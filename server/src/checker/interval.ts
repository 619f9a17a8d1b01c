// When a backend is probed next. Pure: times and randomness are arguments.
import type { HealthCheck } from '../config/config.ts';
import { type BackendHealth, intervalKind } from '../health/backend-health.ts';
import { unreachable } from '../lib/assert.ts';
import { jitterShare, scheduleTickMs } from '../lib/limits.ts';

export type Timing = Pick<
  HealthCheck,
  'intervalMs' | 'fastIntervalMs' | 'downIntervalMs' | 'timeoutMs' | 'rise' | 'fall'
>;

/** The interval that holds for this health, without jitter. */
export function intervalMs(health: BackendHealth, timing: Timing): number {
  const kind = intervalKind(health, timing);
  switch (kind) {
    case 'fast':
      return timing.fastIntervalMs;
    case 'down':
      return timing.downIntervalMs;
    case 'steady':
      return timing.intervalMs;
    default:
      return unreachable(kind);
  }
}

/** `baseMs` moved by up to +-10 %; `random` is uniform in [0, 1). */
export function jitteredMs(baseMs: number, random: number): number {
  return baseMs * (1 + jitterShare * (2 * random - 1));
}

/** The next point of the schedule's grid at or after `atMs`: probes of one point start together. */
export function onGrid(atMs: number): number {
  return Math.ceil(atMs / scheduleTickMs) * scheduleTickMs;
}

/**
 * Due time of the probe after one that began at `startedMs`: intervals run from start to start, so that
 * `fall` failures take `fall` intervals and one timeout. Never before `nowMs`.
 */
export function nextDueMs(startedMs: number, nowMs: number, baseMs: number, random: number): number {
  return onGrid(Math.max(startedMs + jitteredMs(baseMs, random), nowMs));
}

/** Due time of the first probe of number `index` of `count` backends that start together. */
export function firstDueMs(nowMs: number, fastIntervalMs: number, index: number, count: number): number {
  return onGrid(nowMs + (fastIntervalMs * index) / Math.max(1, count));
}
