// Reads VPP's stats segment (layout version 2): directory, counters, scalars. Synchronous and without a
// clock; knows the layout, but neither where the bytes come from nor what a counter is for.
// Layout: VPP's src/vlib/stats/shared.h; vectors: src/vppinfra/vec_bootstrap.h. Host order, little-endian.
import {
  statsHeaderLooksMax,
  statsReadAttemptsMax,
  statsThreadsMax,
  statsVectorLengthMax,
} from '../../lib/limits.ts';
import type { StatsHeader, StatsMapping } from '../../native-vpp.ts';

export type { StatsMapping };

/** `absent`: all is well, but no entry has the name; VPP creates many only when they are first used. */
export type StatsResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly absent: boolean; readonly reason: string };

export interface DirectoryEntry {
  readonly index: number;
  /** See `entryTypes`; others exist. */
  readonly type: number;
  readonly name: string;
}

export interface CombinedCount {
  readonly packets: bigint;
  readonly bytes: bigint;
}

export const entryTypes = {
  illegal: 0,
  scalar: 1,
  simpleCounter: 2,
  combinedCounter: 3,
  empty: 5,
  symlink: 6,
  gauge: 9,
} as const;

const layoutVersion = 2n;
const entryBytes = 144;
const valueOffset = 8;
const nameOffset = 16;
const nameBytesMax = 128;
/** In front of a vector's first element; its length is the u32 at the start. */
const vectorHeaderBytes = 8;
const pointerBytes = 8;
/** From this many bytes per wanted element on, single reads are cheaper than a copy of all. */
const sparseBytes = 4096;

/** What stands in the segment cannot be read. Never leaves this file. */
class Unreadable extends Error {
  readonly absent: boolean;

  constructor(reason: string, absent = false) {
    super(reason);
    this.absent = absent;
  }
}

interface Vector {
  readonly offset: number;
  readonly length: number;
}

interface StoredEntry {
  readonly type: number;
  /** A value, a pointer, or two indexes: what the type says. */
  readonly value: bigint;
  readonly name: string;
}

interface CachedDirectory {
  readonly epoch: bigint;
  readonly length: number;
  readonly entries: readonly DirectoryEntry[];
  readonly indexes: ReadonlyMap<string, number>;
}

/** Reads one mapping, which is its own to close. */
export class StatsSegment {
  readonly #mapping: StatsMapping;
  #cached: CachedDirectory | undefined;

  constructor(mapping: StatsMapping) {
    this.#mapping = mapping;
  }

  /** Idempotent; nothing may be read afterwards. */
  close(): void {
    this.#mapping.close();
  }

  /** All that has a name, in the segment's order. */
  readDirectory(): StatsResult<readonly DirectoryEntry[]> {
    return this.#readSettled((header) => this.#directory(header).entries);
  }

  /** Integer: boottime in seconds, a heartbeat, a gauge. */
  readScalar(name: string): StatsResult<bigint> {
    return this.#readSettled((header) => {
      const entry = this.#find(header, name);
      if (entry.type === entryTypes.scalar || entry.type === entryTypes.gauge) return entry.value;
      throw new Unreadable(`"${name}" has type ${entry.type}, it is no scalar`);
    });
  }

  /**
   * Counts by index, summed over threads; with `indexes` only those, in that order, and 0 for what the vector
   * does not reach. A symlink has the one index 0.
   */
  readSimpleCounter(name: string, indexes?: readonly number[]): StatsResult<bigint[]> {
    return this.#readSettled((header) => {
      const words = this.#sumCounter(header, name, entryTypes.simpleCounter, indexes);
      return Array.from(words);
    });
  }

  /** The same for packets with their bytes. */
  readCombinedCounter(name: string, indexes?: readonly number[]): StatsResult<CombinedCount[]> {
    return this.#readSettled((header) => {
      const words = this.#sumCounter(header, name, entryTypes.combinedCounter, indexes);
      return Array.from({ length: words.length / 2 }, (_, index) => ({
        packets: words[2 * index] ?? 0n,
        bytes: words[2 * index + 1] ?? 0n,
      }));
    });
  }

  /**
   * VPP's optimistic protocol: what was read counts when no change of the layout was under way before and
   * after, and none happened between. What looks malformed counts likewise: it may have been half a change.
   */
  #readSettled<T>(read: (header: StatsHeader) => T): StatsResult<T> {
    let reason = '';
    for (let attempt = 0; attempt < statsReadAttemptsMax; attempt += 1) {
      const before = this.#quietHeader();
      if (before === undefined) {
        return { ok: false, absent: false, reason: 'a change of the layout does not end' };
      }
      if (before.version !== layoutVersion) {
        return { ok: false, absent: false, reason: `layout version ${before.version}, not 2` };
      }
      const result = refusedAsValue(() => read(before));
      const after = this.#mapping.header();
      const isSame = after.epoch === before.epoch && after.base === before.base;
      if (isSame && after.inProgress === 0n) return result;
      reason = `the layout changed in each of ${statsReadAttemptsMax} attempts`;
    }
    return { ok: false, absent: false, reason };
  }

  #quietHeader(): StatsHeader | undefined {
    for (let look = 0; look < statsHeaderLooksMax; look += 1) {
      const header = this.#mapping.header();
      if (header.inProgress === 0n) return header;
    }
    return undefined;
  }

  #directory(header: StatsHeader): CachedDirectory {
    const vector = this.#vector(header, header.directory, entryBytes, 'the directory');
    const cached = this.#cached;
    if (cached?.epoch === header.epoch && cached.length === vector.length) return cached;
    const bytes = this.#mapping.read(vector.offset, vector.length * entryBytes);
    const entries: DirectoryEntry[] = [];
    const indexes = new Map<string, number>();
    for (let index = 0; index < vector.length; index += 1) {
      const { type, name } = parseEntry(bytes, index * entryBytes);
      if (name === '') continue;
      entries.push({ index, type, name });
      if (!indexes.has(name)) indexes.set(name, index);
    }
    this.#cached = { epoch: header.epoch, length: vector.length, entries, indexes };
    return this.#cached;
  }

  /** The entry as it stands there now. Not every change of a name is announced, so that it is compared. */
  #find(header: StatsHeader, name: string): StoredEntry {
    for (const isFresh of [false, true]) {
      if (isFresh) this.#cached = undefined;
      const index = this.#directory(header).indexes.get(name);
      if (index === undefined) throw new Unreadable(`no entry "${name}"`, true);
      const entry = this.#entry(header, index);
      if (entry.name === name) return entry;
    }
    throw new Unreadable(`the name of "${name}" does not stay`);
  }

  #entry(header: StatsHeader, index: number): StoredEntry {
    const vector = this.#vector(header, header.directory, entryBytes, 'the directory');
    if (index >= vector.length) throw new Unreadable(`entry ${index} is not in the directory`);
    return parseEntry(this.#mapping.read(vector.offset + index * entryBytes, entryBytes), 0);
  }

  /** Words of the counter, one (simple) or two (combined) per index. */
  #sumCounter(
    header: StatsHeader,
    name: string,
    type: 2 | 3,
    indexes: readonly number[] | undefined,
  ): BigUint64Array {
    const entry = this.#find(header, name);
    if (entry.type !== entryTypes.symlink) return this.#sumVectors(header, entry, name, type, indexes);
    const target = this.#entry(header, Number(entry.value & 0xffffffffn));
    const column = Number(entry.value >> 32n);
    const one = this.#sumVectors(header, target, name, type, [column]);
    if (indexes === undefined) return one;
    const width = one.length;
    const words = new BigUint64Array(indexes.length * width);
    for (const [at, index] of indexes.entries()) if (index === 0) words.set(one, at * width);
    return words;
  }

  #sumVectors(
    header: StatsHeader,
    entry: StoredEntry,
    name: string,
    type: 2 | 3,
    indexes: readonly number[] | undefined,
  ): BigUint64Array {
    if (entry.type !== type) throw new Unreadable(`"${name}" has type ${entry.type}, not ${type}`);
    const width = type === entryTypes.simpleCounter ? 1 : 2;
    const threads = this.#threadVectors(header, entry, width * 8, name);
    const lengthMax = threads.reduce((length, vector) => Math.max(length, vector.length), 0);
    const words = new BigUint64Array((indexes?.length ?? lengthMax) * width);
    for (const vector of threads) this.#addVector(words, vector, width, indexes);
    return words;
  }

  #threadVectors(header: StatsHeader, entry: StoredEntry, elementBytes: number, name: string): Vector[] {
    const threads = this.#vector(header, entry.value, pointerBytes, `"${name}"`);
    if (threads.length > statsThreadsMax) {
      throw new Unreadable(`"${name}" has ${threads.length} threads`);
    }
    const pointers = this.#mapping.read(threads.offset, threads.length * pointerBytes);
    return Array.from({ length: threads.length }, (_, thread) => {
      const pointer = pointers.readBigUInt64LE(thread * pointerBytes);
      return this.#vector(header, pointer, elementBytes, `"${name}" of thread ${thread}`);
    });
  }

  #addVector(words: BigUint64Array, vector: Vector, width: number, indexes?: readonly number[]): void {
    const elementBytes = width * 8;
    const wanted = indexes?.filter((index) => index < vector.length).length ?? vector.length;
    if (wanted === 0) return;
    // Single reads where they are far fewer than the elements, else one copy of all.
    const isSparse = vector.length * elementBytes > wanted * sparseBytes;
    const all = isSparse ? undefined : this.#mapping.read(vector.offset, vector.length * elementBytes);
    const count = words.length / width;
    for (let at = 0; at < count; at += 1) {
      const index = indexes?.[at] ?? at;
      if (index >= vector.length) continue;
      const start = index * elementBytes;
      const bytes = all ?? this.#mapping.read(vector.offset + start, elementBytes);
      for (let word = 0; word < width; word += 1) {
        const value = bytes.readBigUInt64LE((all === undefined ? 0 : start) + word * 8);
        // The array wraps at 2^64, as VPP's counters do.
        words[at * width + word] = (words[at * width + word] ?? 0n) + value;
      }
    }
  }

  /** Where the elements lie, all of them inside of the segment. A null pointer is an empty vector. */
  #vector(header: StatsHeader, pointer: bigint, elementBytes: number, what: string): Vector {
    if (pointer === 0n) return { offset: 0, length: 0 };
    const start = pointer - header.base;
    const size = this.#mapping.size;
    if (start < vectorHeaderBytes || start > size) {
      throw new Unreadable(`${what} lies outside of the segment`);
    }
    const offset = Number(start);
    const length = this.#mapping.read(offset - vectorHeaderBytes, vectorHeaderBytes).readUInt32LE(0);
    if (length > statsVectorLengthMax || length * elementBytes > size - offset) {
      throw new Unreadable(`${what} has a length of ${length}`);
    }
    return { offset, length };
  }
}

function parseEntry(bytes: Buffer, at: number): StoredEntry {
  const nameStart = at + nameOffset;
  const nameEnd = nameStart + nameBytesMax;
  const end = bytes.subarray(nameStart, nameEnd).indexOf(0);
  const type = bytes.readUInt32LE(at);
  // VPP clears the name of a removed entry last.
  const isFree = type === entryTypes.illegal || type === entryTypes.empty;
  const name = isFree ? '' : bytes.toString('latin1', nameStart, end < 0 ? nameEnd : nameStart + end);
  return { type, value: bytes.readBigUInt64LE(at + valueOffset), name };
}

function refusedAsValue<T>(read: () => T): StatsResult<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { ok: false, absent: error.absent, reason: error.message };
  }
}
