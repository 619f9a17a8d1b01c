import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as assertProperty, property, string } from 'fast-check';
import { cutLine, joinWords, splitAtBars } from './words.ts';

const texts = (line: string) => cutLine(line).words.map(({ text }) => text);

test('quotes, backslashes, bars and comments', () => {
  assert.deepEqual(texts('show  backends'), ['show', 'backends']);
  assert.deepEqual(texts('reason "kernel upgrade" \'a "b"\''), ['reason', 'kernel upgrade', 'a "b"']);
  assert.deepEqual(texts('a|b'), ['a', '|', 'b']);
  assert.deepEqual(texts('include "a|b" \\| \\d+'), ['include', 'a|b', '|', '\\d+']);
  assert.deepEqual(texts('show # not this'), ['show']);
  assert.deepEqual(texts('reason "#5"'), ['reason', '#5']);
  assert.deepEqual(texts('""'), ['']);
});

test('places are columns of the line', () => {
  const { words } = cutLine('show "a b"|x');
  assert.deepEqual(
    words.map(({ start, end, isBar }) => [start, end, isBar]),
    [
      [0, 4, false],
      [5, 10, false],
      [10, 11, true],
      [11, 12, false],
    ],
  );
});

test('an open quote is told', () => {
  assert.equal(cutLine('include "a').isOpen, true);
  assert.equal(cutLine('include "a"').isOpen, false);
  assert.equal(cutLine('show ').endsBetweenWords, true);
  assert.equal(cutLine('show').endsBetweenWords, false);
});

test('runs between bars, empty ones too', () => {
  const runs = splitAtBars(cutLine('a b | c |').words).map((run) => run.map(({ text }) => text));
  assert.deepEqual(runs, [['a', 'b'], ['c'], []]);
});

test('property: words that came one by one are the words of the line that they make', () => {
  assertProperty(
    property(array(string({ maxLength: 8 })), (words) => {
      const joined = joinWords(words);
      assert.deepEqual(
        joined.words.map(({ text }) => text),
        words,
      );
      for (const { start, end } of joined.words) assert.ok(start <= end && end <= joined.line.length);
    }),
  );
});
