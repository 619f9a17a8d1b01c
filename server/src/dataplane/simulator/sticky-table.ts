// The sticky table of one worker: which flow went to which application server. Buckets of four entries,
// whose slots keep their expiry when they are flushed. Pure; seconds come in. Source of the rules:
// lb/lbhash.h, node.c.

const entriesPerBucket = 4;

interface Entry {
  hash: number;
  /** Second after which the slot may be taken over. */
  expiry: number;
  vip: number;
  /** Pool index of the application server; 0 = none. */
  as: number;
}

/** What one packet finds. `as` 0: nothing; `slot`: an entry that may be taken over. */
export interface StickyLookup {
  readonly as: number;
  readonly slot: Entry | undefined;
}

const nobody = -1;

export class StickyTable {
  readonly bucketCount: number;
  /** Filled as flows come: most buckets of a demo or a test stay unused. */
  readonly #buckets = new Map<number, Entry[]>();
  readonly #references = new Map<number, number>();

  constructor(bucketCount: number) {
    this.bucketCount = bucketCount;
  }

  /** Finds the flow and prolongs it. An entry without a server is prolonged, but not found. */
  look(hash: number, vip: number, nowSeconds: number, timeoutSeconds: number): StickyLookup {
    const bucket = this.#bucket(hash);
    const slot = bucket.find(({ expiry }) => expiry <= nowSeconds);
    const found = bucket.find((e) => e.expiry > nowSeconds && e.hash === hash && e.vip === vip);
    if (found) found.expiry = nowSeconds + timeoutSeconds;
    return { as: found?.as ?? 0, slot };
  }

  take(slot: Entry, flow: Entry): void {
    this.#refer(slot.as, -1);
    this.#refer(flow.as, 1);
    Object.assign(slot, flow);
  }

  /** Forgets the flows of a VIP, or of one of its servers; the slots stay taken until they expire. */
  flush(vip: number, as?: number): void {
    for (const bucket of this.#buckets.values()) {
      for (const entry of bucket) {
        if (entry.vip !== vip || (as !== undefined && entry.as !== as)) continue;
        this.#refer(entry.as, -1);
        entry.vip = nobody;
        entry.as = 0;
      }
    }
  }

  /** Entries that name a server, also those that have expired. */
  references(as: number): number {
    return this.#references.get(as) ?? 0;
  }

  #bucket(hash: number): Entry[] {
    const index = hash & (this.bucketCount - 1);
    let bucket = this.#buckets.get(index);
    if (!bucket) {
      bucket = Array.from({ length: entriesPerBucket }, () => ({ hash: 0, expiry: -1, vip: nobody, as: 0 }));
      this.#buckets.set(index, bucket);
    }
    return bucket;
  }

  #refer(as: number, difference: number): void {
    if (as !== 0) this.#references.set(as, this.references(as) + difference);
  }
}
