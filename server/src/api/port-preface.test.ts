import assert from 'node:assert/strict';
import { test } from 'node:test';
import { http2Preface, protocolOf, tlsOnlyAnswer } from './port-preface.ts';

test('the preface is HTTP/2 when it is whole, and undecided before', () => {
  for (let length = 0; length < 24; length++) {
    assert.equal(protocolOf(http2Preface.subarray(0, length), false), undefined, `${length} bytes`);
  }
  assert.equal(protocolOf(http2Preface, false), 'http2');
  assert.equal(protocolOf(Buffer.concat([http2Preface, Buffer.from([0, 0, 0])]), false), 'http2');
});

test('one byte that is not the preface makes it HTTP/1', () => {
  for (let index = 0; index < 24; index++) {
    const bytes = Buffer.from(http2Preface.subarray(0, index + 1));
    bytes[index] = (bytes[index] ?? 0) ^ 0x20;
    assert.equal(protocolOf(bytes, false), 'http1', `byte ${index}`);
  }
  assert.equal(protocolOf(Buffer.from('GET / HTTP/1.1\r\n'), false), 'http1');
  assert.equal(protocolOf(Buffer.from('POST'), false), 'http1');
  assert.equal(protocolOf(Buffer.from([0x16, 3, 1]), false), 'http1');
});

test('with TLS the first byte says whether it is TLS', () => {
  assert.equal(protocolOf(Buffer.from([]), true), undefined);
  assert.equal(protocolOf(Buffer.from([0x16]), true), 'tls');
  assert.equal(protocolOf(Buffer.from('G'), true), 'plain-on-tls');
  assert.equal(protocolOf(http2Preface, true), 'plain-on-tls');
});

test('the answer to plain HTTP on TLS has the length that it says', () => {
  const [head = '', body = ''] = tlsOnlyAnswer.split('\r\n\r\n');
  assert.match(head, new RegExp(`content-length: ${body.length}\\r\\n`));
  assert.match(body, /https:\/\//);
});
