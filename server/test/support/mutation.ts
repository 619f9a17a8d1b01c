// Small damage to bytes, from a seed: for fuzzers that start from something nearly right.
import type { Prng } from '../../src/lib/prng.ts';

type Mutation = (prng: Prng, bytes: Uint8Array) => Uint8Array;

const mutations: readonly Mutation[] = [flipBit, setByte, cut, cut, insert, remove, repeat];
const edgeValues = [0, 1, 4, 5, 7, 8, 0x3f, 0x40, 0x45, 0x4f, 0x60, 0x7f, 0x80, 0x81, 0xfe, 0xff];

/** A copy with that many mutations, each drawn at random. */
export function mutate(prng: Prng, bytes: Uint8Array, count: number): Uint8Array {
  let mutated = Uint8Array.from(bytes);
  for (let index = 0; index < count; index += 1) {
    const mutation = mutations[prng.below(mutations.length)] as Mutation;
    if (mutated.length > 0) mutated = Uint8Array.from(mutation(prng, mutated));
  }
  return mutated;
}

function flipBit(prng: Prng, bytes: Uint8Array): Uint8Array {
  const index = prng.below(bytes.length);
  return bytes.with(index, (bytes[index] as number) ^ (1 << prng.below(8)));
}

function setByte(prng: Prng, bytes: Uint8Array): Uint8Array {
  const value = prng.next() < 0.5 ? prng.below(256) : (edgeValues[prng.below(edgeValues.length)] as number);
  return bytes.with(prng.below(bytes.length), value);
}

function cut(prng: Prng, bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, prng.below(bytes.length));
}

function insert(prng: Prng, bytes: Uint8Array): Uint8Array {
  const at = prng.below(bytes.length + 1);
  const added = Array.from({ length: 1 + prng.below(8) }, () => prng.below(256));
  return Uint8Array.from([...bytes.subarray(0, at), ...added, ...bytes.subarray(at)]);
}

function remove(prng: Prng, bytes: Uint8Array): Uint8Array {
  const at = prng.below(bytes.length);
  return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + prng.below(8))]);
}

function repeat(prng: Prng, bytes: Uint8Array): Uint8Array {
  const from = prng.below(bytes.length);
  const piece = bytes.subarray(from, from + 1 + prng.below(16));
  const at = prng.below(bytes.length + 1);
  return Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)]);
}
