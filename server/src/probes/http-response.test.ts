import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  chunkLineBytesMax,
  responseBodyBytesMax,
  responseHeadBytesMax,
  statusLineBytesMax,
} from '../lib/limits.ts';
import { HttpResponse, type ResponsePhase } from './http-response.ts';

interface Reading {
  readonly phase: ResponsePhase;
  readonly status: number;
  readonly fault: string;
  readonly body: string;
}

function readingOf(response: HttpResponse): Reading {
  const { phase, status, fault } = response;
  return { phase, status, fault, body: Buffer.from(response.body).toString('latin1') };
}

interface How {
  readonly isHead?: boolean;
  readonly wantsBody?: boolean;
  /** Bytes per piece; default: all at once. */
  readonly pieceBytes?: number;
  readonly isEnded?: boolean;
}

function read(text: string, how: How = {}): Reading {
  const response = new HttpResponse({ isHead: how.isHead ?? false, wantsBody: how.wantsBody ?? true });
  const bytes = Buffer.from(text, 'latin1');
  const pieceBytes = how.pieceBytes ?? bytes.length;
  // The buffer is overwritten after each piece, as the sockets' shared one is.
  const shared = new Uint8Array(Math.max(1, pieceBytes));
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    shared.set(piece);
    response.feed(shared, piece.length);
    shared.fill(0x21);
  }
  if (how.isEnded) response.end();
  return readingOf(response);
}

const head = 'HTTP/1.1 200 OK\r\n';
const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;

/** Whole and byte by byte must give this. */
function assertReads(text: string, how: How, expected: Partial<Reading>): void {
  for (const pieceBytes of [text.length, 1, 7]) {
    const reading = read(text, { ...how, pieceBytes: Math.max(1, pieceBytes) });
    for (const [key, value] of Object.entries(expected)) {
      assert.equal(reading[key as keyof Reading], value, `${key} of ${JSON.stringify(text.slice(0, 200))}`);
    }
  }
}

describe('where a reply is whole', () => {
  const rows: readonly [name: string, text: string, how: How, expected: Partial<Reading>][] = [
    [
      'with its head, when no body is wanted',
      `${head}Content-Length: 9\r\n\r\n`,
      { wantsBody: false },
      { phase: 'whole', status: 200 },
    ],
    ['with its sized body', `${head}Content-Length: 3\r\n\r\nok\nmore`, {}, { phase: 'whole', body: 'ok\n' }],
    ['with no body at all', `${head}Content-Length: 0\r\n\r\nmore`, {}, { phase: 'whole', body: '' }],
    [
      'with its last chunk',
      `${chunked}2;a=b\r\nok\r\n1 \r\n!\r\n0\r\nTrailer: x\r\n\r\nmore`,
      {},
      { phase: 'whole', body: 'ok!' },
    ],
    ['with its close', `${head}\r\nok`, { isEnded: true }, { phase: 'whole', body: 'ok' }],
    [
      'with its close, when another coding frames it',
      `${head}Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nok`,
      { isEnded: true },
      { phase: 'whole', body: 'ok' },
    ],
    [
      'with the head of a HEAD',
      `${head}Content-Length: 3\r\n\r\n`,
      { isHead: true },
      { phase: 'whole', body: '' },
    ],
    [
      'with the head of a 204',
      'HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\n',
      {},
      { phase: 'whole', status: 204 },
    ],
    [
      'with the head of a 304',
      'HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n',
      {},
      { phase: 'whole', status: 304 },
    ],
    [
      'after interim replies',
      `HTTP/1.1 100 x\r\nContent-Length: 5\r\n\r\nHTTP/1.1 103 x\r\n\r\n${head}Content-Length: 2\r\n\r\nok`,
      {},
      { phase: 'whole', status: 200, body: 'ok' },
    ],
    ['with bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', {}, { phase: 'whole', body: 'ok' }],
    [
      'with folded headers',
      `${head}X: a\r\n b\r\n\tc\r\nContent-Length: 2\r\n\r\nok`,
      {},
      { phase: 'whole', body: 'ok' },
    ],
    [
      'chunked though it has a length',
      `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n`,
      {},
      { phase: 'whole', body: 'ok' },
    ],
    [
      'at the limit of the body',
      `${head}\r\n${'x'.repeat(responseBodyBytesMax + 1)}`,
      {},
      { phase: 'whole', body: 'x'.repeat(responseBodyBytesMax) },
    ],
  ];
  for (const [name, text, how, expected] of rows) test(name, () => assertReads(text, how, expected));
});

describe('where it is not whole', () => {
  const rows: readonly [text: string, phase: ResponsePhase][] = [
    ['', 'status line'],
    ['HTTP/1.1 200 OK', 'status line'],
    [head, 'headers'],
    [`${head}Content-Length: 3`, 'headers'],
    [`${head}Content-Length: 3\r\n\r\nok`, 'body'],
    [`${head}\r\nok`, 'body'],
    [`${chunked}2\r\nok`, 'body'],
    [`${chunked}2\r\nok\r\n0`, 'body'],
    ['HTTP/1.1 100 Continue\r\n\r\n', 'status line'],
    ['garbage of few bytes', 'status line'],
  ];
  for (const [text, phase] of rows) test(JSON.stringify(text), () => assertReads(text, {}, { phase }));
});

describe('what is malformed, and how that is said', () => {
  const rows: readonly [text: string, fault: string][] = [
    ['garbage\r\n', 'not HTTP: "garbage"'],
    ['\r\n', 'malformed status line ""'],
    [`${'g'.repeat(23)}\r\n`, `not HTTP: "${'g'.repeat(23)}"`],
    [`${'g'.repeat(24)}\r\n`, `not HTTP: "${'g'.repeat(24)}"`],
    ['g'.repeat(25), `not HTTP: "${'g'.repeat(24)}"`],
    ['HTTP/1.1 200 OK\rX: y\r\n', 'malformed status line "HTTP/1.1 200 OK\\x0dX: y"'],
    ['HTTP/1.1 101 x\r\n', 'unexpected HTTP 101'],
    [`${head} folded: x\r\n`, 'malformed header " folded: x"'],
    [`${head}Content-Length: 3\r\n 4\r\n`, 'malformed header " 4"'],
    [`${head}X: a\0b\r\n`, 'malformed header "X: a\\x00b"'],
    [`${head}Content-Length: 3\r\nContent-Length: 4\r\n`, 'malformed header "Content-Length: 4"'],
    [`${chunked}2\nok`, 'malformed chunk: bare line feed'],
    [`${chunked}2\r\nok\n`, 'malformed chunk: bare line feed'],
    [`${chunked}\r\n`, 'malformed chunk size ""'],
    [`${chunked}2\r\nokay\r\n`, 'malformed chunk: "ay" after its data'],
  ];
  for (const [text, fault] of rows) {
    test(JSON.stringify(text), () => assertReads(text, {}, { phase: 'malformed', fault }));
  }
});

describe('what an end in the middle means', () => {
  const rows: readonly [text: string, fault: string][] = [
    ['', 'connection closed without a reply'],
    ['HTTP', 'connection closed before the reply was whole'],
    ['HTPT', 'not HTTP: "HTPT"'],
    [head, 'connection closed before the reply was whole'],
    ['HTTP/1.1 100 Continue\r\n\r\n', 'connection closed before the reply was whole'],
    [`${head}Content-Length: 3\r\n\r\nok`, 'connection closed before the body was whole'],
    [`${chunked}2\r\nok\r\n`, 'connection closed before the body was whole'],
  ];
  for (const [text, fault] of rows) {
    test(JSON.stringify(text), () => assertReads(text, { isEnded: true }, { phase: 'malformed', fault }));
  }
});

describe('limits', () => {
  const line = (bytes: number) => `HTTP/1.1 200 ${'x'.repeat(bytes - 13)}`;
  const headOf = (bytes: number) => `${head}X: ${'x'.repeat(bytes - head.length - 7)}\r\n\r\n`;
  test('status line', () => {
    assertReads(`${line(statusLineBytesMax)}\r\n`, {}, { phase: 'headers' });
    for (const text of [`${line(statusLineBytesMax + 1)}\r\n`, line(statusLineBytesMax + 9)]) {
      assertReads(text, {}, { phase: 'malformed', fault: 'status line exceeds 8 KiB' });
    }
  });
  test('head', () => {
    assertReads(headOf(responseHeadBytesMax), { wantsBody: false }, { phase: 'whole' });
    for (const text of [headOf(responseHeadBytesMax + 1), headOf(responseHeadBytesMax + 1).slice(0, -1)]) {
      assertReads(text, { wantsBody: false }, { phase: 'malformed', fault: 'headers exceed 64 KiB' });
    }
  });
  test('head, with many interim replies', () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
    const text = interim.repeat(Math.ceil(responseHeadBytesMax / interim.length));
    assertReads(text, {}, { phase: 'malformed', fault: 'headers exceed 64 KiB' });
  });
  test('chunk size', () => {
    const size = (bytes: number) => `${chunked}1;${'x'.repeat(bytes - 4)}\r\n`;
    assertReads(size(chunkLineBytesMax), {}, { phase: 'body' });
    assertReads(size(chunkLineBytesMax + 1), {}, { phase: 'malformed', fault: 'chunk size line too long' });
  });
});
