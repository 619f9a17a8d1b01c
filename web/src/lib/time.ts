// Times and spans in words. Pure: `now` is an argument.

import { formatDuration } from '@vpp-maglev/server/duration';
import type { MaglevdStatus } from '../contract.ts';

/**
 * A span by its two most significant units, cut to seconds: `45s`, `10m30s`, `3h`, `12d4h`; never negative.
 */
export function spanText(spanMs: number): string {
  return formatDuration(Math.floor(spanMs / 1000) * 1000);
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

/** A maglevd that cannot be asked, for how long, and why. */
export function sayAbsent({ name, connection, since, reason }: MaglevdStatus, nowMs: number): string {
  const what = connection === 'lost' ? 'has been lost' : 'has been tried without an answer';
  return `${name} ${what} for ${ageText(since, nowMs)}${reason === undefined ? '' : `: ${reason}`}.`;
}
