// Random HTTP replies, valid and broken, for property tests and the fuzzer. Everything comes from a seed.
import type { Prng } from '../../src/lib/prng.ts';

const pick = <T>(prng: Prng, items: readonly T[]): T => items[prng.below(items.length)] as T;
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

export interface ValidReply {
  readonly bytes: Buffer;
  /** What a reader must find. */
  readonly status: number;
  readonly body: Buffer;
  /** The body ends with the connection. */
  readonly needsClose: boolean;
}

/** A reply that every HTTP/1 reader must take, in the shapes that servers really send. */
export function validReply(prng: Prng): ValidReply {
  const status = pick(prng, [200, 201, 206, 299, 302, 404, 418, 500, 503, 599]);
  const body = Buffer.from(times(prng.below(prng.below(20) === 0 ? 5000 : 60), () => prng.below(256)));
  const framing = pick(prng, ['length', 'chunked', 'close'] as const);
  const lines = [
    ...times(prng.below(4) === 0 ? prng.below(3) : 0, () => pick(prng, interim)),
    `HTTP/1.1 ${status}${pick(prng, [' ', ' OK', ' Not Found', ' Ünïcode'])}`,
    ...times(prng.below(6), () => pick(prng, headers)),
  ];
  if (framing === 'length') lines.push(`${pick(prng, ['Content-Length', 'content-length'])}: ${body.length}`);
  if (framing === 'chunked') lines.push(`${pick(prng, ['Transfer-Encoding', 'TRANSFER-ENCODING'])}: chunked`);
  lines.push(...times(prng.below(3), () => pick(prng, headers)), '', '');
  const head = Buffer.from(lines.join('\r\n'), 'latin1');
  const payload = framing === 'chunked' ? chunksOf(prng, body) : body;
  return { bytes: Buffer.concat([head, payload]), status, body, needsClose: framing === 'close' };
}

const interim = ['HTTP/1.1 100 Continue\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n'];
const headers = [
  'Server: nginx/1.22.1',
  'Date: Mon, 23 Nov 2026 00:43:17 GMT',
  'Content-Type: text/plain; charset=utf-8',
  'Connection: close',
  'X-Empty:',
  'X-Blanks: \t a  b \t ',
  'x!#$%&\'*+-.^_`|~9: "quoted", (comment)',
  `Set-Cookie: id=${'c'.repeat(300)}`,
];

function chunksOf(prng: Prng, body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const size = 1 + prng.below(Math.min(40, body.length - at));
    const extension = prng.below(5) === 0 ? ';name="value"' : '';
    parts.push(
      Buffer.from(`${size.toString(16)}${extension}\r\n`),
      body.subarray(at, at + size),
      Buffer.from('\r\n'),
    );
    at += size;
  }
  parts.push(Buffer.from(pick(prng, ['0\r\n\r\n', '000\r\n\r\n', '0\r\nX-Trailer: yes\r\n\r\n'])));
  return Buffer.concat(parts);
}

/** Pieces of replies that a mutation puts in: what readers are known to trip over. */
const tokens = [
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 ',
  'HTTP/',
  '101',
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  ':',
  ';',
  ',',
  'Content-Length: 5\r\n',
  'Content-Length: 5, 5\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip\r\n',
  ' folded\r\n',
  'ffffffffffffff\r\n',
  '0\r\n\r\n',
  'ok',
  'é',
  '\x80\xff',
];

/** A reply spoilt in a few places: bytes changed, taken out, put in, repeated, cut off. */
export function mutate(prng: Prng, valid: Buffer): Buffer {
  let bytes = valid;
  for (let left = prng.below(5); left > 0; left--) bytes = mutateOnce(prng, bytes);
  return bytes;
}

function mutateOnce(prng: Prng, bytes: Buffer): Buffer {
  const at = prng.below(bytes.length + 1);
  const count = prng.below(prng.below(4) === 0 ? 200 : 4);
  const before = bytes.subarray(0, at);
  const behind = bytes.subarray(at);
  switch (prng.below(8)) {
    case 0:
      return Buffer.concat([before, behind.subarray(count)]);
    case 1:
      return Buffer.concat([before, Buffer.from(times(count, () => prng.below(256))), behind]);
    case 2:
      return Buffer.concat([
        before,
        Buffer.from(times(count, () => prng.below(256))),
        behind.subarray(count),
      ]);
    case 3:
      return Buffer.concat([before, behind.subarray(0, count), behind]);
    case 4:
      return prng.below(4) === 0 ? Buffer.from(before) : bytes;
    case 5:
      return prng.below(8) === 0 ? Buffer.concat([before, enlarged(prng), behind]) : bytes;
    default:
      return Buffer.concat([before, Buffer.from(pick(prng, tokens), 'latin1'), behind]);
  }
}

/** Something near one of the limits, or beyond it. */
function enlarged(prng: Prng): Buffer {
  const size = pick(prng, [1024, 8 * 1024, 64 * 1024]) + prng.below(40) - 20;
  const pattern = pick(prng, ['x', 'X: y\r\n', 'HTTP/1.1 100 x\r\n\r\n', '1\r\nx\r\n', '\r\n']);
  return Buffer.from(pattern.repeat(Math.ceil(size / pattern.length)).slice(0, size), 'latin1');
}

/** Cuts bytes into pieces: whole, one by one, or at random places. */
export function cut(prng: Prng, bytes: Buffer): Buffer[] {
  const style = prng.below(4);
  const longest = style === 0 ? bytes.length : style === 1 ? 1 : style === 2 ? 8 : 2000;
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = style <= 1 ? longest : 1 + prng.below(longest);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
