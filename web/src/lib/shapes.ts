// Outlines of the small drawings: signs, heartbeats, sparklines. Pure: numbers in, SVG paths out.
import type { ProbeTick } from '../contract.ts';
import { probesKept } from './fleet/model.ts';
import type { Shape } from './signs.ts';

const disc = 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13z';
const hole = 'M8 3.6a4.4 4.4 0 1 0 0 8.8a4.4 4.4 0 1 0 0-8.8z';

/** Filled by the even-odd rule, in a square of 16. */
export const signPaths: Readonly<Record<Shape, string>> = {
  disc,
  ring: `${disc}${hole}`,
  half: `${disc}M8 3.4a4.6 4.6 0 0 1 0 9.2z`,
  question:
    `${disc}M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10z` +
    'M7.2 9.5v-1.2l1.4-1.1q.5-.5.5-1q0-.9-1-.9-1 0-1.2 1.1l-1.5-.3q.4-2.2 2.8-2.2' +
    ' 2.5 0 2.5 2.2 0 1.2-1.1 2l-.8.6v.8z' +
    'M7.1 10.3h1.8v1.7h-1.8z',
  square: 'M2 2h12v12h-12z',
  bars: 'M3 2h3.5v12h-3.5zM9.5 2h3.5v12h-3.5z',
  crossed: `${disc}${hole}M4.5 5.6l1.1-1.1l5.9 5.9l-1.1 1.1z`,
  triangle: 'M8 1l7.5 13.5h-15zM7.2 5.5v4.5h1.6v-4.5zM7.2 11h1.6v1.7h-1.6z',
};
/** Height of the heartbeat in pixels. */
export const heartbeatHeight = 14;

/** A probe that takes this long has the full height, a failed one too. */
const tallMs = 1000;

/**
 * Two paths: probes that passed, as high as they were slow, and probes that failed. One pixel each, newest
 * right.
 */
export function heartbeatPaths(ticks: readonly ProbeTick[]): {
  readonly passed: string;
  readonly failed: string;
} {
  let passed = '';
  let failed = '';
  const start = probesKept - ticks.length;
  for (const [index, [, ok, , durationMs]] of ticks.entries()) {
    const left = `M${start + index} ${heartbeatHeight}`;
    if (ok) passed += `${left}h1v-${heightOf(durationMs)}h-1z`;
    else failed += `${left}h1v-${heartbeatHeight}h-1z`;
  }
  return { passed, failed };
}

/** Whole pixels by the logarithm: 1 ms is 2, a second all of it. */
function heightOf(durationMs: number): number {
  const part = Math.log1p(Math.max(0, durationMs)) / Math.log1p(tallMs);
  return Math.max(2, Math.min(heartbeatHeight, Math.round(part * heartbeatHeight)));
}

/** Pieces of a bar 8 high, as one path. */
export function barPath(pieces: readonly { readonly start: number; readonly width: number }[]): string {
  return pieces
    .map(({ start, width }) => `M${start.toFixed(2)} 0h${width.toFixed(2)}v8h-${width.toFixed(2)}z`)
    .join('');
}

/** A value and when it was measured, in ms. */
export type SparkPoint = readonly [atMs: number, value: number];

/** Where nothing was measured for more than so many usual steps the line has a hole, so wide and no wider. */
const holeSteps = 4;

/**
 * A line through `points`, oldest left, in a box of `width` x `height` from zero up. Empty for less than
 * two.
 */
export function sparkPath(points: readonly SparkPoint[], width: number, height: number): string {
  if (points.length < 2) return '';
  const stepsMs = points.slice(1).map(([atMs], index) => Math.max(0, atMs - (points[index]?.[0] ?? atMs)));
  const usualMs = [...stepsMs].sort((left, right) => left - right)[Math.floor(stepsMs.length / 2)] ?? 0;
  const holeMs = usualMs * holeSteps;
  const drawnMs = stepsMs.map((stepMs) => Math.min(stepMs, holeMs));
  const totalMs = Math.max(
    drawnMs.reduce((sum, stepMs) => sum + stepMs, 0),
    Number.MIN_VALUE,
  );
  const top = Math.max(...points.map(([, value]) => value), Number.MIN_VALUE);
  let x = 0;
  return points
    .map(([, value], index) => {
      const stepMs = stepsMs[index - 1] ?? 0;
      x += ((drawnMs[index - 1] ?? 0) / totalMs) * width;
      const y = height - 1 - (Math.max(0, value) / top) * (height - 2);
      return `${index === 0 || stepMs > holeMs ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
