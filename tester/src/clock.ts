// The one home of time and chance: pure code takes numbers, shells take this clock.
// It must not know what is being timed.

/** A pending timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/** Time and chance as arguments. */
export interface Clock {
  /**
   * Milliseconds, monotonic, with fractions; counted from the Unix epoch as it was when the thread started,
   * so that threads agree and a moment can be shown. A wall clock that is set later does not move it.
   */
  nowMs(): number;
  /** Minutes that local time is ahead of UTC at this moment. */
  offsetMinutes(atMs: number): number;
  /** 0 <= x < 1 */
  random(): number;
  /** Runs `fn` once, not before `delayMs` from now. */
  setTimer(delayMs: number, fn: () => void): Timer;
  /** Runs `fn` once, after the input that is already there has been handed out. */
  afterInput(fn: () => void): Timer;
}

const delayMsMax = 2 ** 31 - 1;
const originMs = performance.timeOrigin;

export const realClock: Clock = {
  nowMs: () => originMs + performance.now(),
  offsetMinutes: (atMs) => -new Date(atMs).getTimezoneOffset(),
  random: () => Math.random(),
  setTimer(delayMs, fn) {
    const handle = setTimeout(fn, Math.min(Math.max(0, delayMs), delayMsMax));
    return { cancel: () => clearTimeout(handle) };
  },
  afterInput(fn) {
    const handle = setImmediate(fn);
    return { cancel: () => clearImmediate(handle) };
  },
};
