// A clock that tests move by hand. It visits every deadline in order and lets promises settle in between,
// so that a timer set by a timer inside the window fires too.
import type { Clock, Timer } from '../../src/lib/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time forward, running what falls due on the way. */
  advance(byMs: number): Promise<void>;
  /** Moves time forward at once, running nothing until the next `advance`: our process was not scheduled. */
  stall(byMs: number): void;
  /** The wall clock jumps; the monotonic one does not. */
  jumpWall(byMs: number): void;
  /** As `setTimer`, for a `fn` that starts nothing but timers: no promise has to settle after it. */
  setPlainTimer(delayMs: number, fn: () => void): Timer;
  pendingTimerCount(): number;
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly fn: () => void;
  readonly isPlain: boolean;
}

/** How many turns of the microtask queue are enough for everything that a timer's callback started. */
const settleTurns = 20;
const resolved = Promise.resolve();

export function createFakeClock(startWallMs = 1_700_000_000_000): FakeClock {
  let nowMs = 1000;
  let wallOffsetMs = startWallMs - nowMs;
  let order = 0;
  const entries = new Set<Entry>();

  function add(atMs: number, fn: () => void, isPlain = false): Timer {
    const entry = { atMs, order: order++, fn, isPlain };
    entries.add(entry);
    return { cancel: () => void entries.delete(entry) };
  }
  function earliest(): Entry | undefined {
    let best: Entry | undefined;
    for (const entry of entries) {
      if (!best || entry.atMs < best.atMs || (entry.atMs === best.atMs && entry.order < best.order))
        best = entry;
    }
    return best;
  }
  async function settle(): Promise<void> {
    for (let i = 0; i < settleTurns; i++) await resolved;
  }

  return {
    nowMs: () => nowMs,
    wallMs: () => nowMs + wallOffsetMs,
    setTimer: (delayMs, fn) => add(nowMs + Math.max(0, delayMs), fn),
    setPlainTimer: (delayMs, fn) => add(nowMs + Math.max(0, delayMs), fn, true),
    afterIo: (fn) => add(nowMs, fn),
    async advance(byMs) {
      const endMs = nowMs + byMs;
      await settle();
      for (let next = earliest(); next && next.atMs <= endMs; next = earliest()) {
        entries.delete(next);
        nowMs = Math.max(nowMs, next.atMs);
        next.fn();
        if (!next.isPlain) await settle();
      }
      nowMs = Math.max(nowMs, endMs);
    },
    stall(byMs) {
      nowMs += byMs;
    },
    jumpWall(byMs) {
      wallOffsetMs += byMs;
    },
    pendingTimerCount: () => entries.size,
  };
}
