import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as assertProperty, nat, property } from 'fast-check';
import { ageOf, formatAge, formatDuration, formatTime } from './age.ts';

test('ages have two units', () => {
  const table: readonly (readonly [number, string])[] = [
    [-5, '0s'],
    [0, '0s'],
    [999, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [630_000, '10m30s'],
    [3_600_000, '1h'],
    [3_659_000, '1h'],
    [7_500_000, '2h5m'],
    [187_200_000, '2d4h'],
    [86_400_000 * 400, '400d'],
  ];
  for (const [ms, text] of table) assert.equal(formatAge(ms), text, String(ms));
});

test('property: an age names at most two units and never more than it is', () => {
  const sizes: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
  assertProperty(
    property(nat(), (ms) => {
      const parts = Array.from(formatAge(ms).matchAll(/(\d+)([dhms])/g));
      assert.ok(parts.length >= 1 && parts.length <= 2);
      const shown = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (sizes[unit] ?? 0), 0);
      assert.ok(shown <= ms && ms - shown < (sizes[parts.at(-1)?.[2] ?? ''] ?? 0) * 60);
    }),
  );
});

test('durations and times of the API', () => {
  for (const [text, shown] of [
    ['0.500s', '500ms'],
    ['0.001234s', '1.23ms'],
    ['2s', '2s'],
    ['90s', '1m30s'],
    ['1.500s', '1.5s'],
    ['0s', '0ms'],
    ['odd', 'odd'],
  ] as const) {
    assert.equal(formatDuration(text), shown);
  }
  assert.equal(formatTime('2026-11-23T06:51:04.123Z'), '2026-11-23 06:51:04Z');
  assert.equal(formatTime('never'), 'never');
  assert.equal(ageOf('2026-11-23T00:00:00Z', Date.parse('2026-11-23T00:01:01Z')), '1m1s');
  assert.equal(ageOf(undefined, 0), '-');
});
