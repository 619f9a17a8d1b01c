// Single lines of an HTTP/1 reply, read from bytes without making strings. Pure; lines come without their
// end. The places [start, end) lie in `bytes`; -1 stands for "malformed".

const SP = 0x20;
const HTAB = 9;
const COLON = 0x3a;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const ZERO = 0x30;

const httpName = [0x48, 0x54, 0x54, 0x50, 0x2f];

/** Can the line begin a status line (`HTTP/`), as far as it goes? */
export function isHttpPrefix(bytes: Uint8Array, start: number, end: number): boolean {
  const count = Math.min(httpName.length, end - start);
  for (let at = 0; at < count; at++) if (bytes[start + at] !== httpName[at]) return false;
  return true;
}

/**
 * The status (100..999) of `HTTP/1.0` and `HTTP/1.1` status lines (RFC 9112 4); the reason may be left out.
 */
export function parseStatusLine(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 12 || !isHttpPrefix(bytes, start, end)) return -1;
  const minor = bytes[start + 7];
  if (bytes[start + 5] !== 0x31 || bytes[start + 6] !== 0x2e) return -1;
  if ((minor !== 0x30 && minor !== 0x31) || bytes[start + 8] !== SP) return -1;
  let status = 0;
  for (let at = start + 9; at < start + 12; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    status = status * 10 + digit;
  }
  if (status < 100 || (end > start + 12 && bytes[start + 12] !== SP)) return -1;
  return isText(bytes, start + 12, end) ? status : -1;
}

/** Holds no NUL and no CR: the two bytes that other readers take for a line's end. */
function isText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === 0 || byte === 13) return false;
  }
  return true;
}

/** RFC 9110 5.6.2: 1 for what may stand in a header's name. */
const tokenBytes = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  tokenBytes[character.charCodeAt(0)] = 1;
}

/** Where the name of a header line ends, which is where its colon stands; `start` for a folded line. */
export function nameOf(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start];
  if (first === SP || first === HTAB) return isText(bytes, start, end) ? start : -1;
  let at = start;
  while (at < end && tokenBytes[bytes[at] ?? 0] === 1) at++;
  if (at === start || at === end || bytes[at] !== COLON) return -1;
  return isText(bytes, at, end) ? at : -1;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}

/** The value of Content-Length; a list of equal numbers is one (RFC 9112 6.3). */
export function parseContentLength(bytes: Uint8Array, start: number, end: number): number {
  let value = -1;
  let at = start;
  while (at <= end) {
    while (at < end && isBlank(bytes[at])) at++;
    let number = -1;
    for (; at < end; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      number = Math.max(number, 0) * 10 + digit;
      if (number > Number.MAX_SAFE_INTEGER) return -1;
    }
    while (at < end && isBlank(bytes[at])) at++;
    if (number < 0 || (value >= 0 && value !== number)) return -1;
    if (at < end && bytes[at] !== COMMA) return -1;
    value = number;
    at++;
  }
  return value;
}

/** Is `chunked` the last coding of a Transfer-Encoding value, that is, the one that frames the body? */
export function isChunkedLast(bytes: Uint8Array, start: number, end: number): boolean {
  let last = start;
  let until = end;
  for (let at = start; at < end; at++) if (bytes[at] === COMMA) last = at + 1;
  while (last < until && isBlank(bytes[last])) last++;
  while (until > last && isBlank(bytes[until - 1])) until--;
  return Buffer.from(bytes.subarray(last, until)).toString('latin1').toLowerCase() === 'chunked';
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The size of a chunk; extensions are ignored, and so is the blank padding that some old programs send. */
export function parseChunkSize(bytes: Uint8Array, start: number, end: number): number {
  let size = 0;
  let at = start;
  for (; at < end; at++) {
    const digit = hexDigit(bytes[at] ?? 0);
    if (digit < 0) break;
    size = size * 16 + digit;
    if (size > Number.MAX_SAFE_INTEGER) return -1;
  }
  if (at === start) return -1;
  while (at < end && isBlank(bytes[at])) at++;
  return at === end || bytes[at] === SEMICOLON ? size : -1;
}
