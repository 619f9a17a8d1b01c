// When each VIP is probed next: starts are spread over the interval, each interval is 10 % off by chance, and
// time that was missed is not caught up in a burst. Pure: time and chance are arguments; changed in place.
import { jitterShare } from './limits.ts';

export interface Schedule {
  readonly intervalMs: number;
  /** By target. */
  readonly dueMs: Float64Array;
}

export function createSchedule(targets: number, intervalMs: number, nowMs: number): Schedule {
  const dueMs = new Float64Array(targets);
  for (let index = 0; index < targets; index += 1) dueMs[index] = nowMs + (index / targets) * intervalMs;
  return { intervalMs, dueMs };
}

/** Targets that are due at `nowMs`, earliest first; each of them gets its next moment. */
export function takeDue({ dueMs, intervalMs }: Schedule, nowMs: number, random: () => number): number[] {
  const due: number[] = [];
  for (let index = 0; index < dueMs.length; index += 1) if ((dueMs[index] ?? 0) <= nowMs) due.push(index);
  if (due.length > 1) due.sort((a, b) => (dueMs[a] ?? 0) - (dueMs[b] ?? 0) || a - b);
  for (const index of due) {
    const nextMs = (dueMs[index] ?? 0) + intervalMs * (1 + jitterShare * (2 * random() - 1));
    // More than an interval late: we stood still. Spread them anew.
    dueMs[index] = nextMs > nowMs ? nextMs : nowMs + intervalMs * random();
  }
  return due;
}

export function nextDueMs({ dueMs }: Schedule): number {
  let nextMs = Number.POSITIVE_INFINITY;
  for (let index = 0; index < dueMs.length; index += 1) nextMs = Math.min(nextMs, dueMs[index] ?? nextMs);
  return nextMs;
}
