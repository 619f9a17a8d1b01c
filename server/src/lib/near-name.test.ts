import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearestName } from './near-name.ts';

const names = ['nginx0-ams', 'nginx1-ams', 'fast-interval', 'fall', 'up'];

const table: readonly [string, string | undefined][] = [
  ['nginx0-ams', 'nginx0-ams'],
  ['ngnix0-ams', 'nginx0-ams'],
  ['nginx9-ams', 'nginx0-ams'],
  ['fast_interval', 'fast-interval'],
  ['FALL', 'fall'],
  ['fal', 'fall'],
  ['u', 'up'],
  ['xyz', undefined],
  ['', undefined],
  ['x'.repeat(10_000), undefined],
];
for (const [word, expected] of table) {
  test(`near name of ${JSON.stringify(word.slice(0, 20))}`, () =>
    assert.equal(nearestName(word, names), expected));
}

test('property: what is found is at most two edits away, and a name finds itself', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), fc.nat(), (words, index) => {
      const word = words[index % words.length] as string;
      assert.equal(nearestName(word, words)?.length, word.length);
    }),
  );
});
