// The last messages as text, numbered, for browsers that come back and for those that are behind. Pure:
// bounded by count and bytes, it must not know who reads it.
import { pieceBytesMax, ringBytesMax, ringCountMax } from './limits.ts';

interface Entry {
  readonly text: string;
  readonly byteLength: number;
}

export interface Piece {
  readonly bytes: Buffer;
  /** Number of the last message in it. */
  readonly last: number;
}

export class Ring {
  #entries: Entry[] = [];
  #byteLength = 0;
  #last = 0;
  readonly #pieces = new Map<number, Piece>();

  /** Number of the newest message. */
  last(): number {
    return this.#last;
  }

  /** Appends the text that `write` makes for its number. */
  append(write: (number: number) => string): void {
    this.#last += 1;
    const text = write(this.#last);
    const byteLength = Buffer.byteLength(text);
    this.#entries.push({ text, byteLength });
    this.#byteLength += byteLength;
    this.#pieces.clear();
    let excess = 0;
    while (this.#entries.length - excess > ringCountMax || this.#byteLength > ringBytesMax) {
      this.#byteLength -= this.#entries[excess]?.byteLength ?? 0;
      excess += 1;
    }
    // A shift for each append would move the whole array each time.
    if (excess > 0) this.#entries = this.#entries.slice(excess);
  }

  /** Forgets all; whoever continues behind an earlier message has missed some. */
  clear(): void {
    this.#entries = [];
    this.#byteLength = 0;
    this.#last += 1;
    this.#pieces.clear();
  }

  /** Whether everything behind message `number` is still there. */
  holds(number: number): boolean {
    return number <= this.#last && number >= this.#last - this.#entries.length;
  }

  /**
   * What follows message `number`, shared by all who stand there; `holds(number)`, and it is not the last.
   */
  after(number: number): Piece {
    const known = this.#pieces.get(number);
    if (known) return known;
    const texts: string[] = [];
    let byteLength = 0;
    let last = number;
    const first = this.#last - this.#entries.length;
    while (last < this.#last && byteLength < pieceBytesMax) {
      const entry = this.#entries[last - first] as Entry;
      texts.push(entry.text);
      byteLength += entry.byteLength;
      last += 1;
    }
    const piece = { bytes: Buffer.from(texts.join('')), last };
    this.#pieces.set(number, piece);
    return piece;
  }
}
