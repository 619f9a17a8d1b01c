// The one home of time: everything else takes a Clock (shells) or a number (pure code).
// It must not know what is being timed.

/** A pending timer; `cancel` is idempotent and cheap. */
export interface Timer {
  cancel(): void;
}

/** Time as an argument. Monotonic for measuring, wall for showing. */
export interface Clock {
  /** Monotonic milliseconds with sub-millisecond fraction; only differences mean anything. */
  nowMs(): number;
  /** Wall clock, milliseconds since the Unix epoch; may jump. */
  wallMs(): number;
  /** Runs `fn` once, not before `delayMs` from now (clamped to 0 .. 2^31-1). */
  setTimer(delayMs: number, fn: () => void): Timer;
  /** Runs `fn` once, after the I/O that is already pending has been handed out. */
  afterIo(fn: () => void): Timer;
}

const delayMsMax = 2 ** 31 - 1;

export const realClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(delayMs, fn) {
    const handle = setTimeout(fn, Math.min(Math.max(0, delayMs), delayMsMax));
    return { cancel: () => clearTimeout(handle) };
  },
  afterIo(fn) {
    const handle = setImmediate(fn);
    return { cancel: () => clearImmediate(handle) };
  },
};
