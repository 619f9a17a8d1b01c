// VPP's own new-flow table, rebuilt bit by bit from addresses, weights and length, so that the share of each
// AS is known before it is programmed. Pure. Source of the rule: lb_vip_update_new_flow_table in VPP's lb.c
// and the hash in its xxhash.h; 64-bit numbers are kept as two halves, because a BigInt costs twenty times as
// much.
import type { Address } from '../lib/address.ts';
import { assert } from '../lib/assert.ts';

export interface TableEntry {
  /** 16 bytes as VPP keeps them: an IPv4 address stands in the last four. */
  readonly key: Uint8Array;
  /** 0..255; entries with 0 take no bucket. */
  readonly weight: number;
}

/** The high 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const cross = aHigh * bLow + (low >>> 16);
  const middle = aLow * bHigh + (cross & 0xffff);
  return (aHigh * bHigh + Math.floor(cross / 0x10000) + Math.floor(middle / 0x10000)) >>> 0;
}

/** The high half of the low 64 bits of a product. */
function productHigh(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  return (multiplyHigh(aLow >>> 0, bLow >>> 0) + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0;
}

// The primes of xxHash64, high and low half.
const p1 = [0x9e3779b1 | 0, 0x85ebca87 | 0] as const;
const p2 = [0xc2b2ae3d | 0, 0x27d4eb4f | 0] as const;
const p3 = [0x165667b1 | 0, 0x9e3779f9 | 0] as const;
const p4 = [0x85ebca77 | 0, 0xc2b2ae63 | 0] as const;
/** 0x9e3779b97f4a7c13, the seed that VPP's lb gives, + the fifth prime + 8, the length of the input. */
const initial = [0xc60c64e8 | 0, 0x95a0e3e0 | 0] as const;

/**
 * The 64-bit hash that VPP seeds an entry with: one 8-byte round and the avalanche. Arguments and result are
 * halves, as signed 32-bit numbers.
 */
export function hashHalves(keyHigh: number, keyLow: number): readonly [high: number, low: number] {
  let high = productHigh(keyHigh, keyLow, p2[0], p2[1]);
  let low = Math.imul(keyLow, p2[1]);
  let turned = (high << 31) | (low >>> 1);
  low = (low << 31) | (high >>> 1);
  high = productHigh(turned, low, p1[0], p1[1]) ^ initial[0];
  low = Math.imul(low, p1[1]) ^ initial[1];
  turned = (high << 27) | (low >>> 5);
  low = (low << 27) | (high >>> 5);
  high = productHigh(turned, low, p1[0], p1[1]);
  low = Math.imul(low, p1[1]);
  const sum = (low >>> 0) + (p4[1] >>> 0);
  high = (high + p4[0] + (sum > 0xffffffff ? 1 : 0)) | 0;
  low = sum | 0;
  low ^= high >>> 1;
  high = productHigh(high, low, p2[0], p2[1]);
  low = Math.imul(low, p2[1]);
  const shifted = low ^ ((low >>> 29) | (high << 3));
  high ^= high >>> 29;
  low = shifted;
  high = productHigh(high, low, p3[0], p3[1]);
  low = Math.imul(low, p3[1]);
  return [high, low ^ high];
}

/**
 * The AS of each bucket, as an index into `entries`; -1 throughout when nobody has a weight. `length` is a
 * power of two.
 */
export function buildMaglevTable(entries: readonly TableEntry[], length: number): Int32Array {
  assert(length >= 1 && Number.isInteger(Math.log2(length)), 'a table length is a power of two');
  const table = new Int32Array(length).fill(-1);
  const order = entries.map((_, index) => index).sort((a, b) => compareKeys(entries, a, b));
  const replicaMax = entries.reduce((max, { weight }) => Math.max(max, weight), 0);
  const folded = entries.map(({ key }) => foldKey(key));
  const owners: number[] = [];
  const positions: number[] = [];
  const skips: number[] = [];
  // Each entry takes a bucket in the first round: what is beyond the length never gets one.
  for (let replica = 0; replica < replicaMax && owners.length < length; replica++) {
    for (const index of order) {
      if ((entries[index] as TableEntry).weight <= replica) continue;
      const [keyHigh, keyLow] = folded[index] as readonly [number, number];
      const [high, low] = hashHalves(keyHigh, keyLow ^ replica);
      owners.push(index);
      skips.push((low | 1) & (length - 1));
      positions.push(high & (length - 1));
    }
  }
  fill(table, owners, positions, skips);
  return table;
}

/** Entries take a free bucket in turn until none is left. */
function fill(table: Int32Array, owners: number[], positions: number[], skips: number[]): void {
  const mask = table.length - 1;
  let left = owners.length === 0 ? 0 : table.length;
  while (left > 0) {
    for (let i = 0; i < owners.length && left > 0; i++) {
      const skip = skips[i] as number;
      let position = positions[i] as number;
      while (table[position] !== -1) position = (position + skip) & mask;
      table[position] = owners[i] as number;
      positions[i] = position;
      left--;
    }
  }
}

/** Both halves of the key, read little-endian, folded into one: high, low. */
function foldKey(key: Uint8Array): readonly [number, number] {
  assert(key.length === 16, 'a key has 16 bytes');
  const view = new DataView(key.buffer, key.byteOffset, 16);
  return [view.getInt32(4, true) ^ view.getInt32(12, true), view.getInt32(0, true) ^ view.getInt32(8, true)];
}

function compareKeys(entries: readonly TableEntry[], a: number, b: number): number {
  return Buffer.compare((entries[a] as TableEntry).key, (entries[b] as TableEntry).key);
}

/** Buckets per entry, in the order of `entries`. */
export function countBuckets(table: Int32Array, entryCount: number): number[] {
  const counts = new Array<number>(entryCount).fill(0);
  for (const owner of table) if (owner >= 0) counts[owner] = (counts[owner] as number) + 1;
  return counts;
}

/** An address as VPP keeps it: 16 bytes, an IPv4 address in the last four. */
export function tableKey({ bytes }: Pick<Address, 'bytes'>): Uint8Array {
  const key = new Uint8Array(16);
  key.set(bytes, 16 - bytes.length);
  return key;
}

/** How many buckets each AS will get, in the order given. */
export function predictBuckets(
  servers: readonly { readonly address: Address; readonly weight: number }[],
  length: number,
): number[] {
  const entries = servers.map(({ address, weight }) => ({ key: tableKey(address), weight }));
  return countBuckets(buildMaglevTable(entries, length), servers.length);
}
