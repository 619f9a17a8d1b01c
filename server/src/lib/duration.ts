// Lengths of time as text: as operators write them, as proto JSON has them, as people read them.
// It must not know what lasts.
import { durationLengthMax } from './limits.ts';

export type DurationResult =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly reason: string };

const unitsMs: ReadonlyMap<string, number> = new Map([
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]);

/** What `parseDuration` takes, for a JSON Schema; looser, since it cannot say that units get smaller. */
export const durationPattern = '^(0|([0-9]+([.][0-9]+)?(ms|h|m|s))+)$';

const part = /([0-9]+)(?:\.([0-9]+))?(ms|h|m|s)/y;

/**
 * Milliseconds of a Go-style duration: `200ms`, `2s`, `1m30s`, `1.5h`, `0`. Units from large to small, each
 * once; nothing finer than a millisecond. `reason` is the end of a sentence: "… needs a unit".
 */
export function parseDuration(text: string): DurationResult {
  if (text === '0') return { ok: true, ms: 0 };
  if (text.length > durationLengthMax) {
    return { ok: false, reason: `is longer than ${durationLengthMax} characters` };
  }
  let ms = 0;
  let smallestUnitMs = Number.POSITIVE_INFINITY;
  part.lastIndex = 0;
  while (part.lastIndex < text.length || text === '') {
    const match = part.exec(text);
    if (match === null) return { ok: false, reason: complain(text) };
    const [, whole = '', fraction = '', unit = ''] = match;
    const unitMs = unitsMs.get(unit) ?? 0;
    if (unitMs >= smallestUnitMs) return { ok: false, reason: 'must have its units from large to small' };
    smallestUnitMs = unitMs;
    const scale = 10n ** BigInt(fraction.length);
    const scaled = BigInt(whole + fraction) * BigInt(unitMs);
    if (scaled % scale !== 0n) return { ok: false, reason: 'is finer than a millisecond' };
    ms += Number(scaled / scale);
  }
  return ms <= Number.MAX_SAFE_INTEGER ? { ok: true, ms } : { ok: false, reason: 'is too long' };
}

function complain(text: string): string {
  if (text === '') return 'is empty';
  if (/^[+-]/.test(text)) return 'must not have a sign';
  if (/^[0-9]+([.][0-9]+)?$/.test(text)) return 'needs a unit: ms, s, m or h';
  // Escaped: one letter beyond Latin-1 would have V8 keep the whole bundle in two bytes a letter.
  const unit = /^(?:[0-9.]+(?:ms|h|m|s))*[0-9.]+([a-z\u00b5\u03bc]+)/i.exec(text)?.[1];
  if (unit !== undefined && !unitsMs.has(unit)) return `has an unknown unit "${unit}": use ms, s, m or h`;
  return 'is not a duration such as 500ms, 2s or 1m30s';
}

/** Proto3 JSON: seconds with 0, 3, 6 or 9 digits of fraction: 2000 -> "2s", 500 -> "0.500s". */
export function formatProtoDuration(ms: number): string {
  const nanoseconds = BigInt(Math.round(ms * 1e6));
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = (size % 1_000_000_000n)
    .toString()
    .padStart(9, '0')
    .replace(/(?:000){1,3}$/, '');
  const sign = nanoseconds < 0n ? '-' : '';
  return `${sign}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}s`;
}

const shownUnits: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
];

/** For people: the two most significant units, cut and not rounded: "10m30s", "2h5m", "3d4h", "850ms". */
export function formatDuration(ms: number): string {
  let restMs = Math.max(0, Math.floor(ms));
  const first = shownUnits.findIndex(([, unitMs]) => restMs >= unitMs);
  if (first < 0) return '0s';
  let text = '';
  for (const [name, unitMs] of shownUnits.slice(first, first + 2)) {
    const count = Math.floor(restMs / unitMs);
    restMs %= unitMs;
    if (count > 0) text += `${count}${name}`;
  }
  return text;
}
