// A stats segment as bytes: header, directory, vectors, as VPP lays them out (version 2). Pure: content in,
// image out; who hands it out and when it changes is not known here. Source: vlib/stats/shared.h,
// vppinfra/vec_bootstrap.h.
import { assert } from '../../lib/assert.ts';

/** The header has the first page; vectors follow. */
export const statsHeaderBytes = 4096;
export const statsHeaderOffsets = { version: 0, base: 8, epoch: 16, inProgress: 24, directory: 32 } as const;
export const statsVersion = 2n;
const entryBytes = 144;
const nameOffset = 16;
const vectorHeaderBytes = 8;
const alignment = 16;
const types = { scalar: 1, simple: 2, combined: 3, empty: 5, symlink: 6 } as const;

/** One entry of the directory. Counters have one row per thread, and a number (or two) per index. */
export type StatsEntry =
  | { readonly t: 'scalar'; readonly name: string; readonly value: bigint }
  | { readonly t: 'simple'; readonly name: string; readonly rows: readonly (readonly bigint[])[] }
  | {
      readonly t: 'combined';
      readonly name: string;
      readonly rows: readonly (readonly (readonly [packets: bigint, bytes: bigint])[])[];
    }
  | { readonly t: 'empty' }
  /** One index of another entry, under a name of its own. */
  | { readonly t: 'symlink'; readonly name: string; readonly target: number; readonly column: number };

export interface StatsImage {
  /** What stands behind the header, from `statsHeaderBytes` on. */
  readonly bytes: Buffer;
  /** Pointer to the directory. */
  readonly directory: bigint;
  /** Equal as long as nothing but numbers changed. */
  readonly shape: string;
}

/** `base` is the address at which VPP itself would have the segment. Pointers are in the host's order. */
export function layOutStats(entries: readonly StatsEntry[], base: bigint): StatsImage {
  const heap = new Heap(base);
  const directory = Buffer.alloc(entries.length * entryBytes);
  entries.forEach((entry, index) => {
    writeEntry(directory.subarray(index * entryBytes, (index + 1) * entryBytes), entry, heap);
  });
  const pointer = heap.vector(directory, entries.length);
  const shape = entries.map((entry) => shapeOf(entry)).join('\n');
  return { bytes: heap.bytes(), directory: pointer, shape };
}

function shapeOf(entry: StatsEntry): string {
  if (entry.t === 'empty') return 'empty';
  const lengths = 'rows' in entry ? entry.rows.map((row) => row.length).join(',') : '';
  const target = entry.t === 'symlink' ? `${entry.target},${entry.column}` : '';
  return `${entry.t} ${entry.name} ${lengths}${target}`;
}

function writeEntry(slot: Buffer, entry: StatsEntry, heap: Heap): void {
  slot.writeUInt32LE(types[entry.t], 0);
  if (entry.t === 'empty') return;
  assert(entry.name.length < entryBytes - nameOffset, 'a name of fewer than 128 bytes');
  slot.write(entry.name, nameOffset, 'latin1');
  switch (entry.t) {
    case 'scalar':
      slot.writeBigUInt64LE(entry.value, 8);
      break;
    case 'symlink':
      slot.writeUInt32LE(entry.target, 8);
      slot.writeUInt32LE(entry.column, 12);
      break;
    case 'simple': {
      const rows = entry.rows.map((row) => heap.vector(words(row), row.length));
      slot.writeBigUInt64LE(heap.vector(words(rows), rows.length), 8);
      break;
    }
    case 'combined': {
      const rows = entry.rows.map((row) => heap.vector(words(row.flat()), row.length));
      slot.writeBigUInt64LE(heap.vector(words(rows), rows.length), 8);
      break;
    }
  }
}

function words(values: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, index) => {
    bytes.writeBigUInt64LE(value, 8 * index);
  });
  return bytes;
}

/** Vectors one behind the other. */
class Heap {
  readonly #base: bigint;
  readonly #parts: Buffer[] = [];
  #length = 0;

  constructor(base: bigint) {
    this.#base = base;
  }

  /** Pointer to element 0 of a vector; its length stands 8 bytes before. */
  vector(content: Buffer, length: number): bigint {
    const used = vectorHeaderBytes + content.length;
    // Element 0 is aligned, the header before it is not.
    const start = this.#length + ((alignment - ((this.#length + vectorHeaderBytes) % alignment)) % alignment);
    const part = Buffer.alloc(start - this.#length + used);
    part.writeUInt32LE(length, part.length - used);
    content.copy(part, part.length - content.length);
    this.#parts.push(part);
    this.#length = start + used;
    return this.#base + BigInt(statsHeaderBytes + start + vectorHeaderBytes);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
