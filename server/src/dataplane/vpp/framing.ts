// Frames of VPP's API socket: 16 bytes of header, then one message. Pure; knows nothing of what a message
// says, nor of sockets. Wire facts: msgbuf_t in VPP's src/vlibapi/api_common.h.
import { assert } from '../../lib/assert.ts';
import { MalformedMessage } from './bytes.ts';

/** u64 of the sender's own (ignored), u32 length of the message (big-endian), u32 ignored. */
export const frameHeaderBytes = 16;
const lengthOffset = 8;

/** The message behind a header of its own. It must not be empty: VPP waits for more after an empty one. */
export function frameMessage(message: Uint8Array): Buffer {
  assert(message.length > 0, 'a frame has a message');
  const frame = Buffer.alloc(frameHeaderBytes + message.length);
  frame.writeUInt32BE(message.length, lengthOffset);
  frame.set(message, frameHeaderBytes);
  return frame;
}

/**
 * Calls `fn` with each message (a view into `bytes`), in order. `bytes` holds whole frames only, as the
 * native transport hands them over.
 */
export function forEachFrame(bytes: Uint8Array, fn: (message: Buffer) => void): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  while (offset < buffer.length) {
    assert(offset + frameHeaderBytes <= buffer.length, 'a batch ends with a whole frame');
    const start = offset + frameHeaderBytes;
    offset = start + buffer.readUInt32BE(offset + lengthOffset);
    assert(offset <= buffer.length, 'a batch ends with a whole frame');
    fn(buffer.subarray(start, offset));
  }
}

/** Cuts a byte stream into messages; holds at most one unfinished frame and the chunk that came last. */
export class FrameSplitter {
  readonly #frameBytesMax: number;
  #chunks: Buffer[] = [];
  #pendingBytes = 0;
  /** Nothing can be cut off before this many bytes are there. */
  #neededBytes = frameHeaderBytes;

  /** `frameBytesMax`: longest message, header not counted. */
  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes of a frame that is not whole yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * The messages that `chunk` completes (views, valid as long as they are kept; `chunk` must not be reused).
   * Throws MalformedMessage at an empty or too long message: a stream has no point to start again from, so
   * that the connection must be closed.
   */
  push(chunk: Uint8Array): Buffer[] {
    this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#pendingBytes += chunk.length;
    const messages: Buffer[] = [];
    if (this.#pendingBytes < this.#neededBytes) return messages;
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    let offset = 0;
    this.#neededBytes = this.#frameBytesAt(bytes, offset);
    while (bytes.length - offset >= this.#neededBytes) {
      messages.push(bytes.subarray(offset + frameHeaderBytes, offset + this.#neededBytes));
      offset += this.#neededBytes;
      this.#neededBytes = this.#frameBytesAt(bytes, offset);
    }
    this.#chunks = offset === bytes.length ? [] : [bytes.subarray(offset)];
    this.#pendingBytes = bytes.length - offset;
    return messages;
  }

  /** Bytes of the frame at `offset`, or of its header where that is not whole. */
  #frameBytesAt(bytes: Buffer, offset: number): number {
    if (bytes.length - offset < frameHeaderBytes) return frameHeaderBytes;
    const length = bytes.readUInt32BE(offset + lengthOffset);
    if (length === 0) throw new MalformedMessage('a frame without a message');
    if (length > this.#frameBytesMax) {
      throw new MalformedMessage(`a frame of ${length} bytes, more than ${this.#frameBytesMax}`);
    }
    return frameHeaderBytes + length;
  }
}
