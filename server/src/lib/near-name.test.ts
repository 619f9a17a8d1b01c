import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeMissingName, nearestName } from './near-name.ts';

test('near misses find their name', () => {
  const names = ['interval', 'fast-interval', 'down-interval', 'timeout', 'rise', 'fall'];
  const table: readonly (readonly [string, string | undefined])[] = [
    ['intervall', 'interval'],
    ['intreval', 'interval'],
    ['fast_interval', 'fast-interval'],
    ['Fast-Interval', 'fast-interval'],
    ['fastinterval', 'fast-interval'],
    ['time-out', 'timeout'],
    ['ris', 'rise'],
    ['fals', 'fall'],
    ['period', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ];
  for (const [word, nearest] of table) assert.equal(nearestName(word, names), nearest, word.slice(0, 20));
});

test('a short word is too little to guess from', () => {
  assert.equal(nearestName('d', ['a', 'b']), undefined);
  assert.equal(nearestName('A', ['a', 'b']), 'a');
});

test('the closest wins, of equals the first', () => {
  assert.equal(nearestName('nginx9', ['mail', 'nginx10', 'nginx1', 'nginx2']), 'nginx1');
});

test('names beyond the bound are not looked at', () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `backend-number-${index}`);
  assert.equal(nearestName('mail-server', [...names, 'mail-servers']), undefined);
});

test('a name that is not there, in words', () => {
  const names = ['nginx0-ams', 'nginx1-ams'];
  assert.equal(
    describeMissingName('backend', 'nginx9-ams', names),
    'backend nginx9-ams: no such backend (did you mean nginx0-ams?)',
  );
  assert.equal(
    describeMissingName('pool', 'x', ['a'], ' in frontend www'),
    'pool x: no such pool in frontend www',
  );
  assert.equal(describeMissingName('pool', 'a\nb', []), 'pool "a\\nb": no such pool');
});
