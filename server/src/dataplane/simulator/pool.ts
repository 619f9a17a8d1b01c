// VPP's pool: items at stable indexes, and the index freed last is the next one used. Knows nothing of its
// items.

export class Pool<T> {
  readonly #items: (T | undefined)[] = [];
  readonly #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Gives the index of the new item. */
  put(item: T): number {
    const index = this.#free.pop() ?? this.#items.length;
    this.#items[index] = item;
    this.#size++;
    return index;
  }

  get(index: number): T | undefined {
    return this.#items[index];
  }

  free(index: number): void {
    if (this.#items[index] === undefined) return;
    this.#items[index] = undefined;
    this.#free.push(index);
    this.#size--;
  }

  /** Ascending by index; a snapshot, so that items may be freed meanwhile. */
  entries(): readonly (readonly [index: number, item: T])[] {
    return this.#items.flatMap((item, index) => (item === undefined ? [] : [[index, item] as const]));
  }
}
