// Whether VPP's new-flow tables are those that were predicted: read back, not assumed. Keeps predictions,
// because they cost more than the comparison; it changes nothing.
import { predictedTablesMax } from '../lib/limits.ts';
import type { ObservedAs } from './lb-state.ts';
import { predictBuckets } from './maglev-table.ts';

type Servers = readonly { readonly address: ObservedAs['address']; readonly weight: number }[];

/** A VIP as it was programmed. */
export interface ProgrammedVip {
  readonly applicationServers: Servers;
  readonly newFlowsTableLength: number;
}

export class TableCheck {
  readonly #predicted = new Map<string, readonly number[]>();

  /** Buckets that each of the servers gets, in their order. */
  predict(servers: Servers, length: number): readonly number[] {
    const key = `${length} ${servers.map(({ address, weight }) => `${address.text} ${weight}`).join(' ')}`;
    const known = this.#predicted.get(key);
    if (known !== undefined) {
      // The oldest in use comes last, so that what is dropped is what nobody asks for.
      this.#predicted.delete(key);
      this.#predicted.set(key, known);
      return known;
    }
    const predicted = predictBuckets(servers, length);
    this.#predicted.set(key, predicted);
    if (this.#predicted.size > predictedTablesMax) {
      for (const oldest of this.#predicted.keys()) {
        this.#predicted.delete(oldest);
        break;
      }
    }
    return predicted;
  }

  /** What is wrong with the VIP as it was read back, in words; undefined: nothing. */
  findMismatch(programmed: ProgrammedVip, observed: readonly ObservedAs[] | undefined): string | undefined {
    if (observed === undefined) return 'VPP does not have it';
    const held = new Map(observed.map((server) => [server.address.text, server]));
    const predicted = this.predict(programmed.applicationServers, programmed.newFlowsTableLength);
    for (const [index, { address, weight }] of programmed.applicationServers.entries()) {
      const server = held.get(address.text);
      held.delete(address.text);
      if (server === undefined) return `as ${address.text} is not in VPP`;
      if (server.weight !== weight) return `as ${address.text} has weight ${server.weight}, not ${weight}`;
      const expected = predicted[index] as number;
      if (server.buckets !== expected) {
        return `as ${address.text} has ${server.buckets} buckets, not the ${expected} that its weight gives`;
      }
    }
    for (const text of held.keys()) return `as ${text} is in VPP and not in the configuration`;
    return undefined;
  }
}
