// Time that passes as fast as it can be worked through, for trials inside this process. Few timers at once:
// they lie in a plain list. It must not know what is timed.
import type { Clock, Timer } from '../../src/lib/clock.ts';

interface Pending {
  readonly atMs: number;
  readonly fn: () => void;
}

export interface VirtualClock extends Clock {
  /** Moves to the next timer and runs it; false when there is none up to `endMs`. */
  step(endMs: number): boolean;
}

export function createVirtualClock(): VirtualClock {
  const pending: Pending[] = [];
  let nowMs = 0;
  const add = (atMs: number, fn: () => void): Timer => {
    const item = { atMs, fn };
    pending.push(item);
    return {
      cancel() {
        const index = pending.indexOf(item);
        if (index >= 0) pending.splice(index, 1);
      },
    };
  };
  return {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    setTimer: (delayMs, fn) => add(nowMs + Math.max(0, delayMs), fn),
    afterIo: (fn) => add(nowMs, fn),
    step(endMs) {
      let next = pending[0];
      for (const item of pending) if (next !== undefined && item.atMs < next.atMs) next = item;
      if (next === undefined || next.atMs > endMs) return false;
      pending.splice(pending.indexOf(next), 1);
      nowMs = next.atMs;
      next.fn();
      return true;
    },
  };
}
