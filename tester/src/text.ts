// Text for the screen: cleaned of what a terminal would obey, cut to columns, numbers and times as people
// read them. Pure. It must not know colours or VIPs.
import stringWidth from 'string-width';

const plain = /^[\x20-\x7e]*$/;

/** Columns that `text` takes in a terminal. */
export function widthOf(text: string): number {
  return plain.test(text) ? text.length : stringWidth(text);
}

/**
 * Text from outside, made harmless: control and format characters become `?`, at most `lengthMax` characters.
 */
export function cleanText(text: string, lengthMax: number): string {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax - 1)}…` : text;
  return plain.test(cut) ? cut : cut.replace(/[\p{C}\u2028\u2029]/gu, '?');
}

/** The last characters go until it fits; a mark says so. */
export function cutEnd(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns <= 0) return '';
  return `${takeColumns(Array.from(text), columns - 1)}…`;
}

/** The middle goes until it fits: names often differ at both ends. */
export function cutMiddle(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns <= 2) return cutEnd(text, columns);
  const characters = Array.from(text);
  const tail = takeColumns(characters.toReversed(), Math.floor((columns - 1) / 2));
  const end = Array.from(tail).toReversed().join('');
  return `${takeColumns(characters, columns - 1 - widthOf(end))}…${end}`;
}

function takeColumns(characters: readonly string[], columns: number): string {
  let taken = '';
  let used = 0;
  for (const character of characters) {
    const width = widthOf(character);
    if (used + width > columns) break;
    taken += character;
    used += width;
  }
  return taken;
}

/** The same columns in ASCII, for a terminal that knows no more; escape sequences stay. */
export function toAscii(text: string): string {
  return text
    .replaceAll('…', '~')
    .replace(/[\u0080-\u{10ffff}]/gu, (character) => '?'.repeat(widthOf(character)));
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - widthOf(text))) + text;
}

/** 1234567 -> "1,234,567" */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** At most six columns: "99,999", "123k", "1.23M"; cut and not rounded. */
export function formatShortCount(count: number): string {
  if (count < 100_000) return formatCount(count);
  if (count < 1_000_000) return `${Math.floor(count / 1000)}k`;
  const millions = Math.floor(count / 10_000) / 100;
  return `${millions < 100 ? millions.toFixed(2) : Math.floor(millions)}M`;
}

/** Short enough for a column: "0.42", "12.3", "480", "2000". Milliseconds, without the unit. */
export function formatMs(ms: number | undefined): string {
  if (ms === undefined) return '-';
  if (ms < 9.995) return ms.toFixed(2);
  if (ms < 99.95) return ms.toFixed(1);
  return ms.toFixed(0);
}

/** 99.95 is not 100: a share below the whole is never shown as the whole, nor one above nothing as 0. */
export function formatPercent(percent: number | undefined): string {
  if (percent === undefined) return '-';
  if (percent === 100 || percent === 0) return String(percent);
  return Math.min(99.9, Math.max(0.1, percent)).toFixed(1);
}

export { formatDuration } from '@vpp-maglev/server/duration';

/** Time of day: "14:03:07.120". */
export function formatTime(atMs: number, offsetMinutes: number): string {
  return new Date(atMs + offsetMinutes * 60_000).toISOString().slice(11, 23);
}

/** RFC 3339, UTC. */
export function formatInstant(atMs: number): string {
  return new Date(atMs).toISOString();
}
