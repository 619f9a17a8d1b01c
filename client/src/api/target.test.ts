import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorityOf, parseTarget } from './target.ts';

test('every form of a server', () => {
  const tcp = (host: string, port: number, isTls = false) => ({ kind: 'tcp', host, port, isTls });
  const table: readonly (readonly [string, object])[] = [
    ['localhost:9090', tcp('localhost', 9090)],
    ['lb1', tcp('lb1', 9090)],
    [':7000', tcp('localhost', 7000)],
    ['192.0.2.1:1', tcp('192.0.2.1', 1)],
    ['[2001:db8::1]:9090', tcp('2001:db8::1', 9090)],
    ['[::1]', tcp('::1', 9090)],
    ['::1', tcp('::1', 9090)],
    ['http://lb1:80/', tcp('lb1', 80)],
    ['https://lb1', tcp('lb1', 443, true)],
    ['https://[::1]:9090', tcp('::1', 9090, true)],
    ['unix:/run/maglevd.sock', { kind: 'unix', path: '/run/maglevd.sock' }],
    ['unix:///run/maglevd.sock', { kind: 'unix', path: '/run/maglevd.sock' }],
  ];
  for (const [text, target] of table) assert.deepEqual(parseTarget(text), target, text);
});

test('what is none is refused', () => {
  for (const text of [
    'unix:here',
    'a:b',
    'a:0',
    'a:70000',
    'https://',
    'ftp://a',
    'a b',
    'u@a:1',
    '[::1',
    'a/b',
  ]) {
    assert.ok('refusal' in parseTarget(text), text);
  }
});

test('the authority of a request', () => {
  assert.equal(authorityOf({ kind: 'tcp', host: '::1', port: 1, isTls: false }), '[::1]:1');
  assert.equal(authorityOf({ kind: 'unix', path: '/x' }), 'localhost');
});
