// The order of rows while somebody reads: nothing moves under the pointer. Pure.

export interface HeldOrder {
  readonly keys: readonly string[];
  /** How many rows would stand elsewhere, are new, or are gone. */
  readonly waiting: number;
}

/**
 * The keys to show: `wanted` as it is, or, while `isHeld`, `shown` as it was with the rows that are gone
 * left out and those that are new at the end.
 */
export function holdOrder(shown: readonly string[], wanted: readonly string[], isHeld: boolean): HeldOrder {
  if (!isHeld || shown.length === 0) return { keys: sameOr(shown, wanted), waiting: 0 };
  const there = new Set(wanted);
  const had = new Set(shown);
  const keys = [...shown.filter((key) => there.has(key)), ...wanted.filter((key) => !had.has(key))];
  return { keys: sameOr(shown, keys), waiting: movedCount(keys, wanted) };
}

function sameOr(before: readonly string[], after: readonly string[]): readonly string[] {
  return before.length === after.length && before.every((key, index) => key === after[index])
    ? before
    : after;
}

/** Rows that have to be lifted out so that the rest is in order: all but the longest rising run of places. */
function movedCount(keys: readonly string[], wanted: readonly string[]): number {
  const place = new Map(wanted.map((key, index) => [key, index]));
  const tails: number[] = [];
  for (const key of keys) {
    const at = place.get(key) ?? 0;
    const slot = tails.findIndex((tail) => tail >= at);
    tails[slot === -1 ? tails.length : slot] = at;
  }
  return keys.length - tails.length;
}
