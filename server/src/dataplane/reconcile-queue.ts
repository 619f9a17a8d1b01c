// What the reconciler has to do, gathered until a run takes it: wake-ups that come twice are one. It does
// nothing.
import type { LbSyncCounts } from './lb-sync-counts.ts';

/** What an operator's wish for a run came to. */
export type SyncOutcome =
  | { readonly ok: true; readonly counts: LbSyncCounts; readonly inSync: boolean }
  | { readonly ok: false; readonly code: 'unavailable' | 'failed-precondition'; readonly message: string };

export interface Wish {
  /** Name of a VIP; absent: all. */
  readonly vip?: string;
  readonly settle: (outcome: SyncOutcome) => void;
}

/** One run. `only` absent: over everything. */
export interface Job {
  readonly only?: ReadonlySet<string>;
  readonly wishes: readonly Wish[];
}

export class ReconcileQueue {
  #everything = false;
  #due = new Set<string>();
  #touched = new Set<string>();
  #unverified = new Set<string>();
  #wishes: Wish[] = [];

  /** A run over everything is due. */
  addAll(): void {
    this.#everything = true;
  }

  add(vip: string): void {
    this.#due.add(vip);
  }

  addWish(wish: Wish): void {
    this.#wishes.push(wish);
  }

  /** VIPs that were changed: to be read back when it is time, and nothing else is to be done. */
  addTouched(vips: Iterable<string>): void {
    for (const vip of vips) this.#touched.add(vip);
  }

  hasTouched(): boolean {
    return this.#touched.size > 0;
  }

  /** It is time. */
  ripen(): void {
    for (const vip of this.#touched) this.#unverified.add(vip);
    this.#touched.clear();
  }

  isEmpty(): boolean {
    return !this.#isUrgent() && this.#unverified.size === 0;
  }

  /** Whether the VIP is to be brought to its state before anybody judges it. */
  holds(vip: string): boolean {
    return this.#everything || this.#due.has(vip);
  }

  /** The next run; undefined: there is only reading back to do. */
  take(): Job | undefined {
    if (!this.#isUrgent()) return undefined;
    const wishes = this.#wishes.splice(0);
    const named = new Set(this.#due);
    for (const { vip } of wishes) if (vip !== undefined) named.add(vip);
    const isFull = this.#everything || wishes.some(({ vip }) => vip === undefined);
    this.#everything = false;
    this.#due.clear();
    if (isFull) {
      this.#unverified.clear();
      this.#touched.clear();
    }
    return isFull ? { wishes } : { only: named, wishes };
  }

  hasUnverified(): boolean {
    return this.#unverified.size > 0;
  }

  /** One VIP, because each takes its time and what is urgent may come meanwhile. */
  takeUnverified(): string | undefined {
    const [vip] = this.#unverified;
    if (vip !== undefined) this.#unverified.delete(vip);
    return vip;
  }

  refuseWishes(message: string): void {
    for (const { settle } of this.#wishes.splice(0)) settle({ ok: false, code: 'unavailable', message });
  }

  #isUrgent(): boolean {
    return this.#everything || this.#due.size > 0 || this.#wishes.length > 0;
  }
}
