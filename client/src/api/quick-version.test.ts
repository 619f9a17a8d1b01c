import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as assertProperty, property, string } from 'fast-check';
import { parseAnswer } from './quick-version.ts';

const version = { version: '0.1.0', commit: 'abc', date: '2026', node: '26' };
const json = JSON.stringify(version);
const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

test('an answer in one piece or in chunks', () => {
  assert.deepEqual(parseAnswer(`${head}\r\n${json}`), version);
  const rest = json.slice(10);
  const chunks = `a\r\n${json.slice(0, 10)}\r\n${rest.length.toString(16)}\r\n${rest}\r\n0\r\n\r\n`;
  assert.deepEqual(parseAnswer(`${head}Transfer-Encoding: chunked\r\n\r\n${chunks}`), version);
});

test('anything else is left to gRPC', () => {
  for (const text of [
    '',
    json,
    `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n${json}`,
    `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n${json}`,
    `${head}\r\n${json.slice(1)}`,
    `${head}\r\n{"version":1}`,
    `${head}\r\n[]`,
  ]) {
    assert.equal(parseAnswer(text), undefined);
  }
  assertProperty(property(string(), (text) => assert.equal(parseAnswer(`${head}\r\n${text}`), undefined)));
});
