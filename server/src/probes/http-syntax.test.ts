import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isChunkedLast, nameOf, parseChunkSize, parseContentLength, parseStatusLine } from './http-syntax.ts';

type Reader<T> = (bytes: Uint8Array, start: number, end: number) => T;

/** Reads the text from the middle of a buffer, so that a reader that leaves its bounds is caught. */
function read<T>(reader: Reader<T>, text: string): T {
  const bytes = Buffer.from(`1${text}1`, 'latin1');
  return reader(bytes, 1, 1 + Buffer.byteLength(text, 'latin1'));
}

function table<T>(
  name: string,
  reader: Reader<T>,
  rows: readonly (readonly [text: string, value: T])[],
): void {
  test(name, () => {
    for (const [text, value] of rows) assert.equal(read(reader, text), value, JSON.stringify(text));
  });
}

table('status lines', parseStatusLine, [
  ['HTTP/1.1 200 OK', 200],
  ['HTTP/1.0 404 Not Found', 404],
  ['HTTP/1.1 200', 200],
  ['HTTP/1.1 200 ', 200],
  ['HTTP/1.1 200 Sch\xf6n', 200],
  ['HTTP/1.1 999 x', 999],
  ['HTTP/1.1 100 Continue', 100],
  ['', -1],
  ['HTTP/1.1', -1],
  ['HTTP/1.1 20', -1],
  ['HTTP/1.1 2000 x', -1],
  ['HTTP/1.1 099 x', -1],
  ['HTTP/1.1 -20 x', -1],
  ['HTTP/1.1  200 x', -1],
  ['HTTP/1.1\t200 OK', -1],
  ['HTTP/1.1 200\tOK', -1],
  ['HTTP/1.2 200 OK', -1],
  ['HTTP/2.0 200 OK', -1],
  ['HTTP/1,1 200 OK', -1],
  ['http/1.1 200 OK', -1],
  ['HTTP/1.1 200 a\0b', -1],
  ['HTTP/1.1 200 a\rb', -1],
]);

table(
  'header lines: where the name ends',
  (bytes, start, end) => {
    const at = nameOf(bytes, start, end);
    return at < 0 ? -1 : at - start;
  },
  [
    ['Content-Length: 3', 14],
    ['X:', 1],
    ['X: \x01\x80', 1],
    [' folded', 0],
    ['\tfolded', 0],
    [' fo\0ded', -1],
    ['no colon', -1],
    ['nocolon', -1],
    [': no name', -1],
    ['Blank : x', -1],
    ['N\xe4me: x', -1],
    ['X: a\rb', -1],
    ['X: a\0b', -1],
  ],
);

table('Content-Length', parseContentLength, [
  ['0', 0],
  [' 42 ', 42],
  ['\t7', 7],
  ['007', 7],
  ['5, 5', 5],
  ['5,5 ,5', 5],
  ['9007199254740991', 2 ** 53 - 1],
  ['', -1],
  [' ', -1],
  ['-1', -1],
  ['+1', -1],
  ['1 2', -1],
  ['5, 6', -1],
  ['5,', -1],
  [',5', -1],
  ['0x10', -1],
  ['9007199254740992', -1],
  ['9'.repeat(400), -1],
]);

table('Transfer-Encoding: is chunked the last', isChunkedLast, [
  ['chunked', true],
  [' Chunked ', true],
  ['gzip, chunked', true],
  ['chunked, gzip', false],
  ['xchunked', false],
  ['chunked;q=1', false],
  ['', false],
]);

table('chunk sizes', parseChunkSize, [
  ['0', 0],
  ['000', 0],
  ['a', 10],
  ['1F', 31],
  ['1f ;name=value', 31],
  ['1f  ', 31],
  ['1f;', 31],
  ['1fffffffffffff', 2 ** 53 - 1],
  ['', -1],
  ['g', -1],
  [' 1', -1],
  ['-1', -1],
  ['0x1', -1],
  ['1 1', -1],
  ['20000000000000', -1],
  ['f'.repeat(300), -1],
]);
