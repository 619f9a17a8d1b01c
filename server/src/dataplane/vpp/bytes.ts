// Bounded reading and writing of VPP's packed, big-endian fields. Knows bytes and widths, no message.
import { assert } from '../../lib/assert.ts';

/** Input from VPP that does not hold what it should; the connection cannot be trusted any more. */
export class MalformedMessage extends Error {}

/** Reads fields one after the other; throws MalformedMessage beyond the end. */
export class FieldReader {
  readonly #bytes: Buffer;
  #offset: number;

  constructor(bytes: Buffer, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  #take(length: number): number {
    const start = this.#offset;
    if (start + length > this.#bytes.length) {
      throw new MalformedMessage(`message ends at ${this.#bytes.length}, needed ${start + length}`);
    }
    this.#offset = start + length;
    return start;
  }

  u8 = (): number => this.#bytes.readUInt8(this.#take(1));
  u16 = (): number => this.#bytes.readUInt16BE(this.#take(2));
  u32 = (): number => this.#bytes.readUInt32BE(this.#take(4));
  i32 = (): number => this.#bytes.readInt32BE(this.#take(4));
  bool = (): boolean => this.u8() !== 0;

  /** A view: whoever keeps it keeps the whole batch of messages. */
  raw(length: number): Uint8Array {
    const start = this.#take(length);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }

  /** Fixed-size, ends at its first NUL. */
  fixedText(length: number): string {
    const start = this.#take(length);
    const end = this.#bytes.indexOf(0, start);
    return this.#bytes.toString('latin1', start, end < 0 || end > start + length ? start + length : end);
  }

  /** Length first, no NUL counted. */
  text(): string {
    const length = this.u32();
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }
}

/** Writes fields one after the other into a buffer of exactly the message's size. */
export class FieldWriter {
  readonly bytes: Buffer;
  #offset = 0;

  constructor(size: number) {
    this.bytes = Buffer.alloc(size);
  }

  #take(length: number): number {
    const start = this.#offset;
    assert(start + length <= this.bytes.length, 'a message has the size of its fields');
    this.#offset = start + length;
    return start;
  }

  u8 = (value: number) => void this.bytes.writeUInt8(value, this.#take(1));
  u16 = (value: number) => void this.bytes.writeUInt16BE(value, this.#take(2));
  u32 = (value: number) => void this.bytes.writeUInt32BE(value, this.#take(4));
  i32 = (value: number) => void this.bytes.writeInt32BE(value, this.#take(4));
  bool = (value: boolean) => this.u8(value ? 1 : 0);

  /** Exactly `length` bytes. */
  raw(value: Uint8Array, length: number): void {
    assert(value.length === length, `a field of ${length} bytes, not ${value.length}`);
    this.bytes.set(value, this.#take(length));
  }

  /** NUL-terminated and padded with NULs to `length` bytes. */
  fixedText(value: string, length: number): void {
    const bytes = Buffer.from(value, 'utf8');
    assert(bytes.length < length && !bytes.includes(0), `a text of fewer than ${length} bytes, without NUL`);
    this.bytes.set(bytes, this.#take(length));
  }

  /** Length first, no NUL counted. */
  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.u32(bytes.length);
    this.bytes.set(bytes, this.#take(bytes.length));
  }
}
