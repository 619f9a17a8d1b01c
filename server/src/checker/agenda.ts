// What is due when: items in buckets of the same time, for times that lie on a grid. It knows neither timers
// nor what an item means.

export interface AgendaItem {
  readonly atMs: number;
}

/**
 * Cheap where many items share few times: adding costs a look-up, and order is kept between times, not items.
 * An item that is no longer wanted is left in place and told apart by who takes it.
 */
export class Agenda<T extends AgendaItem> {
  readonly #buckets = new Map<number, T[]>();
  /** Times of the buckets, latest first. */
  #times: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  earliestMs(): number | undefined {
    return this.#times.at(-1);
  }

  add(item: T): void {
    this.#size++;
    const bucket = this.#buckets.get(item.atMs);
    if (bucket !== undefined) {
      bucket.push(item);
      return;
    }
    this.#buckets.set(item.atMs, [item]);
    this.#insertTime(item.atMs);
  }

  /**
   * Removes and returns the items of the earliest time, in the order of their adding, if it is due at
   * `nowMs`.
   */
  takeDue(nowMs: number): readonly T[] | undefined {
    const atMs = this.#times.at(-1);
    if (atMs === undefined || atMs > nowMs) return undefined;
    this.#times.pop();
    const bucket = this.#buckets.get(atMs) as T[];
    this.#buckets.delete(atMs);
    this.#size -= bucket.length;
    return bucket;
  }

  /** Drops every item that `keep` refuses. */
  retain(keep: (item: T) => boolean): void {
    const items = Array.from(this.#buckets.values()).flat().filter(keep);
    this.clear();
    for (const item of items) this.add(item);
  }

  clear(): void {
    this.#buckets.clear();
    this.#times = [];
    this.#size = 0;
  }

  #insertTime(atMs: number): void {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] as number) > atMs) low = middle + 1;
      else high = middle;
    }
    this.#times.splice(low, 0, atMs);
  }
}
