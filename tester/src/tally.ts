// Which backend answered: values of one response header, counted. Pure; changed in place.
import { tallyFreshMs, tallyValueCountMax, windowSampleCount } from './limits.ts';

/** Answers without the header, and values beyond the bound. */
export const noHeader = '(no header)';
export const otherValues = '(others)';

interface Entry {
  readonly value: string;
  count: number;
  /** Among the last 100 answers. */
  recentCount: number;
  lastMs: number;
}

export interface Tally {
  /** In the order of first sight. */
  readonly entries: Map<string, Entry>;
  /** Who gave the last 100 answers; a ring. */
  readonly recent: Entry[];
  next: number;
}

export interface TallyShare {
  readonly value: string;
  /** Since the start, or the last reset. */
  readonly count: number;
  /** Of the last 100 answers. */
  readonly sharePercent: number;
  readonly lastMs: number;
  /** Seen within the last 5 s. */
  readonly isFresh: boolean;
}

export function createTally(): Tally {
  return { entries: new Map(), recent: [], next: 0 };
}

/** One answer; `value` undefined: it had no such header. */
export function countAnswer(tally: Tally, value: string | undefined, atMs: number): void {
  const entry = entryOf(tally, value ?? noHeader);
  entry.count += 1;
  entry.recentCount += 1;
  entry.lastMs = Math.max(entry.lastMs, atMs);
  const oldest = tally.recent[tally.next];
  if (oldest) oldest.recentCount -= 1;
  tally.recent[tally.next] = entry;
  tally.next = (tally.next + 1) % windowSampleCount;
}

function entryOf(tally: Tally, value: string): Entry {
  const known = tally.entries.get(value);
  if (known) return known;
  if (tally.entries.size >= tallyValueCountMax && value !== otherValues) return entryOf(tally, otherValues);
  const entry = { value, count: 0, recentCount: 0, lastMs: 0 };
  tally.entries.set(value, entry);
  return entry;
}

/** All values in the order of first sight, so that none moves while one reads. */
export function readTally(tally: Tally, nowMs: number): TallyShare[] {
  return Array.from(tally.entries.values(), ({ value, count, recentCount, lastMs }) => ({
    value,
    count,
    sharePercent: (recentCount / tally.recent.length) * 100,
    lastMs,
    isFresh: nowMs - lastMs <= tallyFreshMs,
  }));
}
