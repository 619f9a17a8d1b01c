// What is due when: a binary heap with lazy removal. It knows neither timers nor what an item means.

export interface AgendaItem {
  readonly atMs: number;
}

/** Items by time, earliest first; items of the same time come in no particular order. */
export class Agenda<T extends AgendaItem> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  earliestMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  add(item: T): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(item);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as T;
      if (parent.atMs <= item.atMs) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = item;
  }

  /** Removes and returns the earliest item if it is due at `nowMs`. */
  takeDue(nowMs: number): T | undefined {
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined || top.atMs > nowMs) return undefined;
    const last = heap.pop() as T;
    if (heap.length > 0) this.#sink(last);
    return top;
  }

  /** Drops every item that `keep` refuses. */
  retain(keep: (item: T) => boolean): void {
    const items = this.#heap.filter(keep);
    this.#heap.length = 0;
    for (const item of items) this.add(item);
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #sink(item: T): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= heap.length) break;
      const right = heap[childIndex + 1];
      if (right !== undefined && right.atMs < (heap[childIndex] as T).atMs) childIndex++;
      const child = heap[childIndex] as T;
      if (child.atMs >= item.atMs) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = item;
  }
}
