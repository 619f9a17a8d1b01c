// Times and spans in words. Pure: `now` is an argument.

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** A span by its two most significant units: `45s`, `10m30s`, `3h0m`, `12d4h`. Negative spans are `0s`. */
export function spanText(spanMs: number): string {
  const seconds = Math.max(0, Math.floor(spanMs / 1000));
  const first = units.findIndex(([, size]) => seconds >= size);
  const unit = units[first];
  if (unit === undefined) return '0s';
  const next = units[first + 1];
  const head = `${Math.floor(seconds / unit[1])}${unit[0]}`;
  return next === undefined ? head : `${head}${Math.floor((seconds % unit[1]) / next[1])}${next[0]}`;
}

/** How long ago `at` (RFC 3339) was; `-` where it is not a time. */
export function ageText(at: string | undefined, nowMs: number): string {
  const atMs = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isFinite(atMs) ? spanText(nowMs - atMs) : '-';
}

/** The time of the day in this browser's zone, to the second: `14:03:59`. */
export function clockText(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** The whole time for tooltips: `2026-11-23 14:03:59` in this browser's zone. */
export function fullTimeText(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${day.join('-')} ${clockText(at)}`;
}
