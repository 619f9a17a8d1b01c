// Payloads of echo requests: random bytes, by which an echo tells its own answer from a forged one. Fetched
// for many echoes at once, since each call of the generator costs more than the rest of building a request.
import { randomFillSync } from 'node:crypto';
import { icmpPayloadBytes, icmpPayloadsPerFetch } from '../lib/limits.ts';

/** Gives a payload of `icmpPayloadBytes` that nobody was given before and that stays as it is. */
export type IcmpPayloads = () => Uint8Array;

export function createIcmpPayloads(): IcmpPayloads {
  let fetched = new Uint8Array(0);
  let used = 0;
  return () => {
    if (used === fetched.length) {
      // Never filled anew: echoes in flight still look at the old one.
      fetched = randomFillSync(new Uint8Array(icmpPayloadsPerFetch * icmpPayloadBytes));
      used = 0;
    }
    used += icmpPayloadBytes;
    return fetched.subarray(used - icmpPayloadBytes, used);
  };
}
