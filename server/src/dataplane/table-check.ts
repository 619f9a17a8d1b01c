// Whether VPP's new-flow tables are those that were predicted: read back, not assumed. Keeps the last
// prediction of each VIP, because that costs more than the comparison; it changes nothing.
import type { ObservedAs, VipKey } from './lb-state.ts';
import { vipName } from './lb-state.ts';
import { predictBuckets } from './maglev-table.ts';

type Servers = readonly { readonly address: ObservedAs['address']; readonly weight: number }[];

/** A VIP as it was programmed. */
export interface ProgrammedVip extends VipKey {
  readonly applicationServers: Servers;
  readonly newFlowsTableLength: number;
}

interface Prediction {
  readonly addresses: readonly string[];
  readonly weights: readonly number[];
  readonly length: number;
  readonly buckets: readonly number[];
}

export class TableCheck {
  readonly #predictions = new Map<string, Prediction>();

  /** Buckets that each of the servers gets, in their order. */
  predict(vip: ProgrammedVip): readonly number[] {
    const { applicationServers: servers, newFlowsTableLength: length } = vip;
    const name = vipName(vip);
    const known = this.#predictions.get(name);
    if (known !== undefined && isOf(known, servers, length)) return known.buckets;
    const buckets = predictBuckets(servers, length);
    const addresses = servers.map(({ address }) => address.text);
    this.#predictions.set(name, { addresses, weights: servers.map(({ weight }) => weight), length, buckets });
    return buckets;
  }

  /** Forgets the VIPs that are none any more. */
  retain(vips: { has(name: string): boolean }): void {
    for (const name of this.#predictions.keys()) if (!vips.has(name)) this.#predictions.delete(name);
  }

  /** What is wrong with the VIP as it was read back, in words; undefined: nothing. */
  findMismatch(programmed: ProgrammedVip, observed: readonly ObservedAs[] | undefined): string | undefined {
    if (observed === undefined) return 'VPP does not have it';
    const held = new Map(observed.map((server) => [server.address.text, server]));
    const predicted = this.predict(programmed);
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

function isOf({ addresses, weights, length }: Prediction, servers: Servers, wantedLength: number): boolean {
  if (length !== wantedLength || addresses.length !== servers.length) return false;
  return servers.every(
    ({ address, weight }, index) => weight === weights[index] && address.text === addresses[index],
  );
}
