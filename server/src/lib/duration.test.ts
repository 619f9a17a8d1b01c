import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationPattern, formatDuration, formatProtoDuration, parseDuration } from './duration.ts';

const good: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['0s', 0],
  ['0ms', 0],
  ['200ms', 200],
  ['2s', 2000],
  ['1m30s', 90_000],
  ['1h', 3_600_000],
  ['1.5s', 1500],
  ['1.5h', 5_400_000],
  ['0.001s', 1],
  ['1.0ms', 1],
  ['24h', 86_400_000],
  ['1h2m3s4ms', 3_723_004],
  ['1h4ms', 3_600_004],
  ['90m', 5_400_000],
  ['007s', 7000],
  ['2501999792h', 9_007_199_251_200_000],
];

test('durations that operators write', () => {
  for (const [text, ms] of good) {
    assert.deepEqual(parseDuration(text), { ok: true, ms }, text);
    assert.match(text, new RegExp(durationPattern));
  }
});

const bad: readonly (readonly [string, string])[] = [
  ['', 'is empty'],
  ['5', 'needs a unit: ms, s, m or h'],
  ['1.5', 'needs a unit: ms, s, m or h'],
  ['00', 'needs a unit: ms, s, m or h'],
  ['-1s', 'must not have a sign'],
  ['+1s', 'must not have a sign'],
  ['1d', 'has an unknown unit "d": use ms, s, m or h'],
  ['1h2d', 'has an unknown unit "d": use ms, s, m or h'],
  ['1us', 'has an unknown unit "us": use ms, s, m or h'],
  ['1µs', 'has an unknown unit "µs": use ms, s, m or h'],
  ['1S', 'has an unknown unit "S": use ms, s, m or h'],
  ['1s1m', 'must have its units from large to small'],
  ['1s1s', 'must have its units from large to small'],
  ['0.5ms', 'is finer than a millisecond'],
  ['1.0001s', 'is finer than a millisecond'],
  ['.5s', 'is not a duration such as 500ms, 2s or 1m30s'],
  ['1.s', 'is not a duration such as 500ms, 2s or 1m30s'],
  ['1 s', 'is not a duration such as 500ms, 2s or 1m30s'],
  [' 1s', 'is not a duration such as 500ms, 2s or 1m30s'],
  ['1s ', 'is not a duration such as 500ms, 2s or 1m30s'],
  ['s', 'is not a duration such as 500ms, 2s or 1m30s'],
  ['1e3s', 'has an unknown unit "e": use ms, s, m or h'],
  ['٣s', 'is not a duration such as 500ms, 2s or 1m30s'],
  ['2501999793h', 'is too long'],
  [`${'1'.repeat(32)}s`, 'is longer than 32 characters'],
];

test('anything else is refused with a reason', () => {
  for (const [text, reason] of bad) assert.deepEqual(parseDuration(text), { ok: false, reason }, text);
});

test('proto JSON has 0, 3, 6 or 9 digits of fraction', () => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [2000, '2s'],
    [500, '0.500s'],
    [1, '0.001s'],
    [1500, '1.500s'],
    [12.345, '0.012345s'],
    [0.001, '0.000001s'],
    [0.000001, '0.000000001s'],
    [1.0000005, '0.001000001s'],
    [60_000, '60s'],
    [-500, '-0.500s'],
    [86_400_000_000, '86400000s'],
  ];
  for (const [ms, text] of table) assert.equal(formatProtoDuration(ms), text);
});

test('people see the two most significant units', () => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [0.4, '0s'],
    [-5, '0s'],
    [850, '850ms'],
    [999.9, '999ms'],
    [1000, '1s'],
    [1500, '1s500ms'],
    [59_999, '59s999ms'],
    [60_000, '1m'],
    [630_000, '10m30s'],
    [630_999, '10m30s'],
    [7_500_000, '2h5m'],
    [7_200_000 + 5000, '2h'],
    [3 * 86_400_000 + 4 * 3_600_000 + 59 * 60_000, '3d4h'],
    [400 * 86_400_000, '400d'],
  ];
  for (const [ms, text] of table) assert.equal(formatDuration(ms), text);
});

test('what is shown of a length below a minute is read back as the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 59_999 }), (ms) => {
      assert.deepEqual(parseDuration(formatDuration(ms)), { ok: true, ms });
    }),
  );
});

test('any units in order give their sum, and any text gives a result', () => {
  const count = fc.integer({ min: 0, max: 9999 });
  fc.assert(
    fc.property(count, count, count, count, (h, m, s, ms) => {
      const sum = h * 3_600_000 + m * 60_000 + s * 1000 + ms;
      assert.deepEqual(parseDuration(`${h}h${m}m${s}s${ms}ms`), { ok: true, ms: sum });
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.hms-]{0,12}$/)), (text) => {
      const result = parseDuration(text);
      if (result.ok) assert.ok(Number.isSafeInteger(result.ms) && result.ms >= 0);
      else assert.notEqual(result.reason, '');
      if (result.ok) assert.match(text, new RegExp(durationPattern));
    }),
  );
});
