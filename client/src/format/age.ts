// Times as people read them: ages and durations in two units. Pure.
import { formatDuration as formatSpan } from '@vpp-maglev/server/duration';

/** The two most significant units: "10m30s", "2d4h"; below a minute seconds alone. Never negative. */
export function formatAge(ms: number): string {
  return formatSpan(Math.floor(ms / 1000) * 1000);
}

/** Age of a time of RFC 3339; `-` of what is none. */
export function ageOf(time: string | undefined, nowMs: number): string {
  const atMs = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(atMs) ? '-' : formatAge(nowMs - atMs);
}

/** A proto JSON duration for people: "0.500s" is "500ms", "0.001234s" is "1.23ms", "90s" is "1m30s". */
export function formatDuration(text: string): string {
  const ms = Number(text.replace(/s$/, '')) * 1000;
  if (!/s$/.test(text) || Number.isNaN(ms)) return text;
  if (ms >= 60_000 && ms % 1000 === 0) return formatAge(ms);
  if (ms >= 1000) return `${trim(ms / 1000)}s`;
  return `${trim(ms)}ms`;
}

/** Three significant digits at most. */
function trim(value: number): string {
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

/** `2026-11-23 06:51:04Z` from RFC 3339. */
export function formatTime(time: string): string {
  const ms = Date.parse(time);
  return Number.isNaN(ms)
    ? time
    : new Date(ms)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z');
}
