import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListenAddress } from './listen-address.ts';

const good: readonly [string, object][] = [
  [':9090', { port: 9090 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  ['[::1]:9090', { host: '::1', port: 9090 }],
  ['localhost:65535', { host: 'localhost', port: 65535 }],
];
for (const [text, expected] of good) {
  test(`listen address ${text}`, () => assert.deepEqual(parseListenAddress(text), expected));
}

for (const text of [
  '',
  '9090',
  '::1:9090',
  'localhost',
  'localhost:',
  ':65536',
  ':123456',
  '[::1]',
  'a b:1',
  ':-1',
]) {
  test(`no listen address: ${JSON.stringify(text)}`, () => assert.ok('refusal' in parseListenAddress(text)));
}
