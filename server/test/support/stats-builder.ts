// Builds stats segments by hand, right or wrong, in plain memory: for tests of the reader. Written from the
// protocol note, apart from the simulator's own layout, so that the two can disagree.
import type { StatsHeader, StatsMapping } from '../../src/native-vpp.ts';

export const builtBase = 0x1_0000_0000_0000n;
const heapStart = 4096;

export class SegmentBuilder {
  readonly bytes: Buffer;
  #end = heapStart;
  #entries: Buffer[] = [];

  constructor(size = 64 * 1024) {
    this.bytes = Buffer.alloc(size);
    this.setHeader({ version: 2n, base: builtBase, epoch: 1n });
  }

  setHeader(words: Partial<StatsHeader>): void {
    for (const [index, name] of headerWords.entries()) {
      const word = words[name];
      if (word !== undefined) this.bytes.writeBigUInt64LE(word, index * 8);
    }
  }

  /** Pointer to a vector of that many elements. */
  vector(elements: Buffer, length: number): bigint {
    const start = this.#end + 8;
    this.bytes.writeUInt32LE(length, this.#end);
    this.bytes.set(elements, start);
    this.#end = (start + elements.length + 7) & ~7;
    return builtBase + BigInt(start);
  }

  words(values: readonly bigint[], perElement = 1): bigint {
    return this.vector(wordBytes(values), values.length / perElement);
  }

  /** `value`: what the union holds. */
  entry(type: number, name: string, value: bigint): number {
    const entry = Buffer.alloc(144);
    entry.writeUInt32LE(type, 0);
    entry.writeBigUInt64LE(value, 8);
    entry.write(name, 16, 'latin1');
    return this.#entries.push(entry) - 1;
  }

  /** One row of counts per thread; of pairs for `combined`. */
  counter(
    name: string,
    rows: readonly (readonly bigint[])[],
    kind: 'simple' | 'combined' = 'simple',
  ): number {
    const perElement = kind === 'simple' ? 1 : 2;
    const pointers = rows.map((row) => this.words(row, perElement));
    return this.entry(1 + perElement, name, this.words(pointers));
  }

  symlink(name: string, target: number, column: number): number {
    return this.entry(6, name, BigInt(target) | (BigInt(column) << 32n));
  }

  /** Writes the directory of all entries so far, elsewhere each time; gives its offset. */
  publish(): number {
    const directory = this.vector(Buffer.concat(this.#entries), this.#entries.length);
    this.setHeader({ directory });
    return Number(directory - builtBase);
  }

  /** `onHeader` is called before each look at the header, with the count of looks so far. */
  mapping(onHeader: (look: number) => void = () => undefined): StatsMapping & { readonly reads: number[] } {
    const reads: number[] = [];
    let looks = 0;
    return {
      reads,
      size: this.bytes.length,
      header: () => {
        onHeader(looks);
        looks += 1;
        return readHeader(this.bytes);
      },
      read: (offset, length) => {
        const isInside = offset >= 0 && length >= 0 && offset + length <= this.bytes.length;
        if (!isInside || !Number.isSafeInteger(offset) || !Number.isSafeInteger(length)) {
          throw new RangeError(`read of ${length} at ${offset}`);
        }
        reads.push(length);
        return Buffer.from(this.bytes.subarray(offset, offset + length));
      },
      close: () => undefined,
    };
  }
}

const headerWords = ['version', 'base', 'epoch', 'inProgress', 'directory'] as const;

function readHeader(bytes: Buffer): StatsHeader {
  const [version = 0n, base = 0n, epoch = 0n, inProgress = 0n, directory = 0n] = headerWords.map((_, index) =>
    bytes.readBigUInt64LE(index * 8),
  );
  return { version, base, epoch, inProgress, directory };
}

function wordBytes(values: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(value, index * 8);
  return bytes;
}
