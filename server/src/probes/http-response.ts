// Reads an HTTP/1 reply from bytes as they come, in any pieces, and says how far it got. Pure: no sockets, no
// opinion on which status is good. What it finds depends on the bytes alone, never on how they were cut.
//
// How strict, and why (RFC 9112 and 9110 by section):
// - A line may end in a bare LF (2.2 allows it; HAProxy and curl do it too: small home-made health pages
// often   send it). Inside chunked framing (7.1) it may not: there a wrong guess would shift the body.
// - A bare CR or a NUL inside a line is malformed (2.2; 9110 5.5); other control characters in a value pass.
// - Folded header lines (5.2) are taken, except for the two headers that frame the body.
// - Transfer-Encoding wins over Content-Length (6.3); Content-Lengths that disagree are malformed.
// - Interim replies (1xx) are skipped, and their bytes count as head; 101 is malformed, nobody asked for it.
import {
  chunkLineBytesMax,
  notHttpBytesMin,
  responseBodyBytesMax,
  responseHeadBytesMax,
  statusLineBytesMax,
} from '../lib/limits.ts';
import { quoteBytes } from './detail.ts';
import {
  isChunkedLast,
  isHttpPrefix,
  nameOf,
  parseChunkSize,
  parseContentLength,
  parseStatusLine,
} from './http-syntax.ts';

/**
 * - `status line`, `headers`: still reading the head (an interim reply starts it anew).
 * - `body`: the head is whole; only when the body is wanted.
 * - `whole`: all that is wanted is there. - `malformed`: see `fault`.
 */
export type ResponsePhase = 'status line' | 'headers' | 'body' | 'whole' | 'malformed';

/** What the next bytes are, one step finer than the phase. */
type Step = 'line' | 'sized body' | 'body until close' | 'chunk size' | 'chunk' | 'chunk end';

const CR = 13;
const LF = 10;

const headTooLong = `headers exceed ${responseHeadBytesMax / 1024} KiB`;
const statusLineTooLong = `status line exceeds ${statusLineBytesMax / 1024} KiB`;

/** One reply. A class because thousands of these live at once and each holds a dozen small fields. */
export class HttpResponse {
  phase: ResponsePhase = 'status line';
  /** Of the final reply; 0 until its head is whole. */
  status = 0;
  /** What is wrong, for people; empty unless `phase` is `malformed`. */
  fault = '';

  readonly #isHead: boolean;
  readonly #wantsBody: boolean;
  #step: Step = 'line';
  /** Status of the line just read, before its headers are whole. */
  #pendingStatus = 0;
  /** Bytes of all lines of all heads so far. */
  #headBytes = 0;
  /** A line whose end has not come yet. */
  #line: Uint8Array | undefined;
  #lineLength = 0;
  /** Of the reply's framing headers; -1 = not given. */
  #contentLength = -1;
  #transferEncoding: 'none' | 'chunked' | 'other' = 'none';
  /** A header was read, so that a folded line has something to continue; and whether it may. */
  #foldable: 'nothing' | 'plain' | 'framing' = 'nothing';
  /** Bytes that the sized body or the present chunk still owes. */
  #owed = 0;
  #body: Uint8Array | undefined;
  #bodyLength = 0;

  constructor(options: { readonly isHead: boolean; readonly wantsBody: boolean }) {
    this.#isHead = options.isHead;
    this.#wantsBody = options.wantsBody;
  }

  /** The body so far, decoded, at most `responseBodyBytesMax`; a view that the next `feed` may change. */
  get body(): Uint8Array {
    return this.#body?.subarray(0, this.#bodyLength) ?? new Uint8Array(0);
  }

  get bodyLength(): number {
    return this.#bodyLength;
  }

  /** Memory held for this reply: the fuzzer's oracle for "bounded". */
  get heldBytes(): number {
    return (this.#line?.length ?? 0) + (this.#body?.length ?? 0);
  }

  /** True when not a single byte came. */
  get isEmpty(): boolean {
    return this.#headBytes === 0 && this.#lineLength === 0;
  }

  /**
   * Takes the first `length` bytes of `bytes`; keeps no reference to them. No effect once the end is reached.
   */
  feed(bytes: Uint8Array, length: number): void {
    let at = 0;
    while (at < length && this.phase !== 'whole' && this.phase !== 'malformed') {
      switch (this.#step) {
        case 'line':
        case 'chunk size':
        case 'chunk end':
          at = this.#takeLine(bytes, at, length);
          break;
        case 'sized body':
        case 'chunk':
        case 'body until close':
          at = this.#takeBody(bytes, at, length);
      }
    }
  }

  /** The peer has closed its side in good order. */
  end(): void {
    if (this.phase === 'whole' || this.phase === 'malformed') return;
    if (this.#step === 'body until close') {
      this.phase = 'whole';
    } else if (this.phase === 'body') {
      this.#fail('connection closed before the body was whole');
    } else if (this.isEmpty) {
      this.#fail('connection closed without a reply');
    } else if (this.#isNotHttp()) {
      this.#failNotHttp(this.#line ?? new Uint8Array(0), 0, this.#lineLength);
    } else {
      this.#fail('connection closed before the reply was whole');
    }
  }

  #fail(fault: string): void {
    this.phase = 'malformed';
    this.fault = fault;
    this.#line = undefined;
  }

  /** Takes bytes up to a line's end, or all there are; gives the place after them. */
  #takeLine(bytes: Uint8Array, start: number, length: number): number {
    const bytesMax = this.#lineBytesMax();
    const end = Math.min(length, start + bytesMax - this.#lineLength);
    let at = start;
    while (at < end && bytes[at] !== LF) at++;
    if (at < end) {
      this.#takeWholeLine(bytes, start, at + 1);
      return at + 1;
    }
    this.#keep(bytes, start, end);
    if (this.#lineLength >= bytesMax) this.#failLong();
    else if (this.#lineLength > notHttpBytesMin && this.#isNotHttp()) {
      this.#failNotHttp(this.#line ?? bytes, 0, this.#lineLength);
    }
    return end;
  }

  /** How long the line that is being read may be, with its end. */
  #lineBytesMax(): number {
    if (this.#step !== 'line') return chunkLineBytesMax;
    const left = responseHeadBytesMax - this.#headBytes;
    return this.phase === 'status line' ? Math.min(left, statusLineBytesMax + 2) : left;
  }

  #failLong(): void {
    if (this.#step !== 'line') this.#fail('chunk size line too long');
    else if (this.#isNotHttp()) this.#failNotHttp(this.#line ?? new Uint8Array(0), 0, this.#lineLength);
    else if (this.#headBytes + this.#lineLength >= responseHeadBytesMax) this.#fail(headTooLong);
    else this.#fail(statusLineTooLong);
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const lengthNew = this.#lineLength + end - start;
    this.#line = grown(this.#line, this.#lineLength, lengthNew);
    this.#line.set(bytes.subarray(start, end), this.#lineLength);
    this.#lineLength = lengthNew;
  }

  /** `end` is the place after the line feed. */
  #takeWholeLine(bytes: Uint8Array, start: number, end: number): void {
    if (this.#lineLength === 0) {
      this.#readLine(bytes, start, end);
      return;
    }
    this.#keep(bytes, start, end);
    const line = this.#line ?? bytes;
    const lineLength = this.#lineLength;
    this.#lineLength = 0;
    this.#readLine(line, 0, lineLength);
  }

  #readLine(bytes: Uint8Array, start: number, end: number): void {
    const hasCr = end - start >= 2 && bytes[end - 2] === CR;
    const textEnd = end - (hasCr ? 2 : 1);
    if (this.#step === 'line') {
      this.#headBytes += end - start;
      if (this.phase === 'status line') this.#readStatusLine(bytes, start, textEnd);
      else if (textEnd === start) this.#endHead();
      else this.#readHeader(bytes, start, textEnd);
    } else if (!hasCr) {
      this.#fail('malformed chunk: bare line feed');
    } else if (this.#step === 'chunk size') {
      this.#readChunkSize(bytes, start, textEnd);
    } else if (textEnd !== start) {
      this.#fail(`malformed chunk: ${quoteBytes(bytes, start, textEnd)} after its data`);
    } else {
      this.#step = 'chunk size';
    }
  }

  #isNotHttp(): boolean {
    return (
      this.phase === 'status line' && !isHttpPrefix(this.#line ?? new Uint8Array(0), 0, this.#lineLength)
    );
  }

  /** Shows the same bytes however the reply was cut: the first of the line, without its end. */
  #failNotHttp(bytes: Uint8Array, start: number, end: number): void {
    this.#fail(`not HTTP: ${quoteBytes(bytes, start, Math.min(end, start + notHttpBytesMin))}`);
  }

  #readStatusLine(bytes: Uint8Array, start: number, end: number): void {
    if (!isHttpPrefix(bytes, start, end)) {
      this.#failNotHttp(bytes, start, end);
      return;
    }
    const status = parseStatusLine(bytes, start, end);
    if (status < 0) this.#fail(`malformed status line ${quoteBytes(bytes, start, end)}`);
    else if (status === 101) this.#fail('unexpected HTTP 101');
    else {
      this.#pendingStatus = status;
      this.#foldable = 'nothing';
      this.phase = 'headers';
    }
  }

  #readHeader(bytes: Uint8Array, start: number, end: number): void {
    const nameEnd = nameOf(bytes, start, end);
    if (nameEnd < 0 || (nameEnd === start && this.#foldable !== 'plain')) {
      this.#fail(`malformed header ${quoteBytes(bytes, start, end)}`);
      return;
    }
    // A name of no length is a folded line: it continues a header that has been read already.
    if (nameEnd === start) return;
    this.#foldable = 'plain';
    const nameLength = nameEnd - start;
    if (nameLength === 14) this.#readContentLength(bytes, start, nameEnd, end);
    else if (nameLength === 17) this.#readTransferEncoding(bytes, start, nameEnd, end);
  }

  #readContentLength(bytes: Uint8Array, start: number, nameEnd: number, end: number): void {
    if (!isName(bytes, start, 'content-length')) return;
    const value = parseContentLength(bytes, nameEnd + 1, end);
    if (value < 0 || (this.#contentLength >= 0 && this.#contentLength !== value)) {
      this.#fail(`malformed header ${quoteBytes(bytes, start, end)}`);
    }
    this.#contentLength = value;
    this.#foldable = 'framing';
  }

  #readTransferEncoding(bytes: Uint8Array, start: number, nameEnd: number, end: number): void {
    if (!isName(bytes, start, 'transfer-encoding')) return;
    this.#transferEncoding = isChunkedLast(bytes, nameEnd + 1, end) ? 'chunked' : 'other';
    this.#foldable = 'framing';
  }

  #endHead(): void {
    if (this.#pendingStatus < 200) {
      this.phase = 'status line';
      this.#contentLength = -1;
      this.#transferEncoding = 'none';
      return;
    }
    this.status = this.#pendingStatus;
    this.#line = undefined;
    this.phase = this.#wantsBody ? 'body' : 'whole';
    if (this.#wantsBody) this.#startBody();
  }

  /** RFC 9112 6.3, in its order. */
  #startBody(): void {
    if (this.#isHead || this.status === 204 || this.status === 304) {
      this.phase = 'whole';
    } else if (this.#transferEncoding !== 'none') {
      this.#step = this.#transferEncoding === 'chunked' ? 'chunk size' : 'body until close';
    } else if (this.#contentLength < 0) {
      this.#step = 'body until close';
    } else {
      this.#step = 'sized body';
      this.#owed = this.#contentLength;
      if (this.#owed === 0) this.phase = 'whole';
    }
  }

  #readChunkSize(bytes: Uint8Array, start: number, end: number): void {
    const size = parseChunkSize(bytes, start, end);
    if (size < 0) {
      this.#fail(`malformed chunk size ${quoteBytes(bytes, start, end)}`);
    } else if (size === 0) {
      // All data is there. The trailer that may follow says nothing that is wanted.
      this.phase = 'whole';
    } else {
      this.#step = 'chunk';
      this.#owed = size;
    }
  }

  /** Takes body bytes, or all there are; gives the place after them. */
  #takeBody(bytes: Uint8Array, start: number, length: number): number {
    const owed = this.#step === 'body until close' ? responseBodyBytesMax : this.#owed;
    const count = Math.min(length - start, owed, responseBodyBytesMax - this.#bodyLength);
    this.#body = grown(this.#body, this.#bodyLength, this.#bodyLength + count);
    this.#body.set(bytes.subarray(start, start + count), this.#bodyLength);
    this.#bodyLength += count;
    this.#owed -= count;
    if (this.#bodyLength === responseBodyBytesMax) this.phase = 'whole';
    else if (this.#step === 'sized body' && this.#owed === 0) this.phase = 'whole';
    else if (this.#step === 'chunk' && this.#owed === 0) this.#step = 'chunk end';
    return start + count;
  }
}

/**
 * The buffer, or a larger one with its first `used` bytes; grows by doubling, so that copying stays linear.
 */
function grown(buffer: Uint8Array | undefined, used: number, needed: number): Uint8Array {
  if (buffer !== undefined && buffer.length >= needed) return buffer;
  const larger = new Uint8Array(Math.max(256, needed, 2 * (buffer?.length ?? 0)));
  if (buffer !== undefined) larger.set(buffer.subarray(0, used));
  return larger;
}

/** Compares a name of the right length, whatever its case. */
function isName(bytes: Uint8Array, start: number, lowerCase: string): boolean {
  for (let at = 0; at < lowerCase.length; at++) {
    if (((bytes[start + at] ?? 0) | 0x20) !== lowerCase.charCodeAt(at)) return false;
  }
  return true;
}
