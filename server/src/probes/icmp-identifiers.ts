// Echo identifiers of one network namespace: one for each family and source address, whose echoes share their
// sockets in the engine. Knows no sockets.
import type { IpFamily } from '../config/config.ts';
import { assert } from '../lib/assert.ts';
import { createPrng, randomSeed } from '../lib/prng.ts';

const identifierCount = 0x10000;

/** Gives the identifier for a family and source address: the same each time, and no other's. */
export type IcmpIdentifiers = (family: IpFamily, source?: string) => number;

/** They begin at random, so that other pingers on this host hardly have the same. */
export function createIcmpIdentifiers(): IcmpIdentifiers {
  const identifiers = new Map<string, number>();
  const first = createPrng(randomSeed()).below(identifierCount);
  return (family, source) => {
    const key = `${family} ${source ?? ''}`;
    const known = identifiers.get(key);
    if (known !== undefined) return known;
    assert(identifiers.size < identifierCount, 'there are fewer source addresses than identifiers');
    const identifier = (first + identifiers.size) % identifierCount;
    identifiers.set(key, identifier);
    return identifier;
  };
}
