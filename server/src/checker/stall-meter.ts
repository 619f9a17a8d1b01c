// How long our own loop was away: the sum of how late its ticks came. Time is an argument.
import { stallNoiseMs } from '../lib/limits.ts';

/**
 * Told before each tick when it is planned, and at the tick when it ran. A probe notes `totalMs` at its start
 * and at its end; the difference is time in which nobody looked at the sockets.
 */
export class StallMeter {
  #plannedMs: number | undefined;
  #sumMs = 0;

  /** The next tick is planned for `atMs`; undefined: none is. */
  plan(atMs: number | undefined): void {
    this.#plannedMs = atMs;
  }

  /** A tick runs at `nowMs`. Returns how late it is, noise included. */
  tick(nowMs: number): number {
    const lateMs = this.#lateMs(nowMs);
    if (lateMs > stallNoiseMs) this.#sumMs += lateMs;
    this.#plannedMs = undefined;
    return lateMs;
  }

  /** All time away until `nowMs`, with the delay of a tick that is overdue just now. Never decreases. */
  totalMs(nowMs: number): number {
    const lateMs = this.#lateMs(nowMs);
    return this.#sumMs + (lateMs > stallNoiseMs ? lateMs : 0);
  }

  #lateMs(nowMs: number): number {
    return this.#plannedMs === undefined ? 0 : Math.max(0, nowMs - this.#plannedMs);
  }
}
