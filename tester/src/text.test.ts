import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDuration } from './durations.ts';
import { readKeys } from './keys.ts';
import * as text from './text.ts';

test('numbers are short and never nicer than the truth', () => {
  assert.deepEqual([0, 1234, 1234567].map(text.formatCount), ['0', '1,234', '1,234,567']);
  const counts = [99_999, 100_000, 999_999, 1_239_999, 99_999_999, 123_456_789];
  assert.deepEqual(counts.map(text.formatShortCount), ['99,999', '100k', '999k', '1.23M', '99.99M', '123M']);
  assert.deepEqual([undefined, 0.123, 9.999, 12.34, 480, 2000.4].map(text.formatMs), [
    '-',
    '0.12',
    '10.0',
    '12.3',
    '480',
    '2000',
  ]);
  assert.deepEqual([0, 0.01, 99.99, 100, 42].map(text.formatPercent), ['0', '0.1', '99.9', '100', '42.0']);
  assert.deepEqual([0, 850, 2150, 630_000, 3_600_000].map(text.formatDuration), [
    '0s',
    '850ms',
    '2s150ms',
    '10m30s',
    '1h',
  ]);
  assert.equal(text.formatTime(Date.UTC(2026, 0, 1, 23, 30, 1, 5), 60), '00:30:01.005');
});

test('text is cut to columns, at its end or in its middle', () => {
  assert.equal(text.cutEnd('abcdef', 4), 'abc…');
  assert.equal(text.cutMiddle('abcdefgh', 5), 'ab…gh');
  assert.equal(text.cutEnd('日本語', 4), '日…');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 30 }), (given, columns) => {
      const clean = text.cleanText(given, 100);
      assert.ok(text.widthOf(text.cutEnd(clean, columns)) <= columns);
      assert.ok(text.widthOf(text.cutMiddle(clean, columns)) <= columns);
    }),
  );
});

test('nothing from outside reaches a terminal as a command', () => {
  assert.equal(text.cleanText('a\x1b[2Jb\r\n\u009bc\u202ed\ufeff', 50), 'a?[2Jb???c?d?');
  assert.equal(text.cleanText('x'.repeat(70), 64).length, 64);
});

test('durations are read as Go writes them', () => {
  const given = ['100ms', '2s', '1m30s', '1.5h', '0', '', '5', '-1s', '1d', '1s '];
  const expected = [100, 2000, 90_000, 5_400_000, 0, undefined, undefined, undefined, undefined, undefined];
  assert.deepEqual(given.map(parseDuration), expected);
});

test('keys are read whole, however their bytes are cut', () => {
  const typed = 'p\x1b[A\x1b[6~\x1bOHq\x1b[1;5Cj\x03';
  const expected = ['pause', 'up', 'page-down', 'first', 'quit', 'down', 'quit'];
  assert.deepEqual(readKeys(typed), { keys: expected, rest: '' });
  for (let cut = 0; cut <= typed.length; cut += 1) {
    const first = readKeys(typed.slice(0, cut));
    const second = readKeys(first.rest + typed.slice(cut));
    assert.deepEqual([...first.keys, ...second.keys], expected, `cut at ${cut}`);
  }
  assert.deepEqual(readKeys('\x1bq').keys, ['quit'], 'Esc alone means nothing, and swallows nothing');
});
