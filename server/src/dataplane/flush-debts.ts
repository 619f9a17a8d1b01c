// Flushes that are owed and not yet acknowledged: the one thing about VPP that is not a level. The sole
// keeper of them; it knows VIPs and addresses by their names only.
import type { FlushDebt } from './plan.ts';

export class FlushDebts {
  readonly #debts = new Map<string, Map<string, { kind: FlushDebt; number: number }>>();
  #number = 0;

  /** An unconditional debt is not lessened by a conditional one. */
  owe(vip: string, address: string, kind: FlushDebt): void {
    const ofVip = this.#debts.get(vip) ?? new Map();
    this.#debts.set(vip, ofVip);
    const present = ofVip.get(address);
    const both = present?.kind === 'always' ? 'always' : kind;
    ofVip.set(address, { kind: both, number: ++this.#number });
  }

  of(vip: string, address: string): FlushDebt | undefined {
    return this.#debts.get(vip)?.get(address)?.kind;
  }

  /** Stands for all debts so far: what is owed later is not settled by what was planned before. */
  mark(): number {
    return this.#number;
  }

  /** One server's debt is paid, if it is no younger than `mark`. */
  settle(vip: string, address: string, mark: number): void {
    const ofVip = this.#debts.get(vip);
    const debt = ofVip?.get(address);
    if (ofVip === undefined || debt === undefined || debt.number > mark) return;
    ofVip.delete(address);
    if (ofVip.size === 0) this.#debts.delete(vip);
  }

  /** A VIP was brought to its state: what was owed only where there was still a weight is void. */
  settleConditional(vip: string, mark: number): void {
    for (const [address, { kind }] of this.#debts.get(vip) ?? []) {
      if (kind === 'if-weighted') this.settle(vip, address, mark);
    }
  }

  /**
   * Keeps what `isMeant`: a VIP or server that is gone from the configuration is flushed as it is deleted.
   */
  retain(isMeant: (vip: string, address: string) => boolean): void {
    for (const [vip, ofVip] of this.#debts) {
      for (const address of ofVip.keys()) if (!isMeant(vip, address)) ofVip.delete(address);
      if (ofVip.size === 0) this.#debts.delete(vip);
    }
  }

  /** Another VPP has no flows. */
  clear(): void {
    this.#debts.clear();
  }

  isEmpty(): boolean {
    return this.#debts.size === 0;
  }
}
