// How late we are ourselves: seen at each timer, and remembered for as long as a probe may be under way, so
// that a latency can be shown with what of it may be ours. Pure: moments are arguments; changed in place.
import { lagHighMs, stallCountMax } from './limits.ts';

export interface LagWatch {
  /** The timer that is set is due then. */
  dueMs: number;
  /** Times at which we stood still, oldest first. */
  readonly stalls: { readonly endMs: number; readonly lagMs: number }[];
}

export function createLagWatch(nowMs: number): LagWatch {
  return { dueMs: nowMs, stalls: [] };
}

/** The timer has come; gives how late. */
export function noteTimer(watch: LagWatch, nowMs: number): number {
  const lagMs = Math.max(0, nowMs - watch.dueMs);
  if (lagMs >= lagHighMs) {
    watch.stalls.push({ endMs: nowMs, lagMs });
    if (watch.stalls.length > stallCountMax) watch.stalls.shift();
  }
  return lagMs;
}

/** The longest that we stood still between `startMs` and `nowMs`; less than high counts as nothing. */
export function lagSince({ dueMs, stalls }: LagWatch, startMs: number, nowMs: number): number {
  // Input is handed out before timers: the one that is overdue has not told yet.
  let lagMsMax = nowMs - dueMs >= lagHighMs ? nowMs - dueMs : 0;
  for (let index = stalls.length - 1; index >= 0; index -= 1) {
    const stall = stalls[index];
    if (stall === undefined || stall.endMs < startMs) break;
    lagMsMax = Math.max(lagMsMax, stall.lagMs);
  }
  return lagMsMax;
}
