// The last 60 seconds of a VIP, the worst of each second. Pure; changed in place. It must not know how a
// second is drawn.
import { stripSeconds } from './limits.ts';

/** Nothing sent, passed, passed late (a spike), failed; a worse one wins its second. */
export const levels = { none: 0, ok: 1, slow: 2, error: 3 } as const;
export type Level = (typeof levels)[keyof typeof levels];

export interface Strip {
  /** By second modulo 60. */
  readonly cells: Uint8Array;
  /** The second that was last written to, since the epoch. */
  latestSecond: number;
}

export function createStrip(): Strip {
  return { cells: new Uint8Array(stripSeconds), latestSecond: 0 };
}

/** `atMs`: when the probe was sent. What lies more than 60 s behind the latest is too late to be shown. */
export function markStrip(strip: Strip, atMs: number, level: Level): void {
  const second = Math.floor(atMs / 1000);
  clearBetween(strip, second);
  if (second <= strip.latestSecond - stripSeconds) return;
  const cell = second % stripSeconds;
  strip.cells[cell] = Math.max(strip.cells[cell] ?? 0, level);
}

function clearBetween(strip: Strip, second: number): void {
  if (second <= strip.latestSecond) return;
  const first = Math.max(strip.latestSecond + 1, second - stripSeconds + 1);
  for (let passed = first; passed <= second; passed += 1) strip.cells[passed % stripSeconds] = levels.none;
  strip.latestSecond = second;
}

/** The 60 seconds up to `nowMs`, oldest first, in `columns` cells (a divisor of 60): the worst in each. */
export function readStrip(strip: Strip, nowMs: number, columns: number): Level[] {
  const nowSecond = Math.floor(nowMs / 1000);
  const perCell = stripSeconds / columns;
  const shown: Level[] = new Array<Level>(columns).fill(levels.none);
  for (let index = 0; index < stripSeconds; index += 1) {
    const second = nowSecond - stripSeconds + 1 + index;
    if (second > strip.latestSecond || second <= strip.latestSecond - stripSeconds) continue;
    const cell = Math.floor(index / perCell);
    const level = (strip.cells[second % stripSeconds] ?? 0) as Level;
    if (level > (shown[cell] ?? 0)) shown[cell] = level;
  }
  return shown;
}
