import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Figures, isFlat, slope, trendsOf } from './figures.ts';

const flat = { residentBytes: 1e8, heapBytes: 2e7, descriptors: 30, threads: 12, timers: 9 };
const mebibyte = 2 ** 20;

function hour(change: (index: number) => Partial<Figures>): readonly Figures[] {
  return Array.from({ length: 361 }, (_, index) => ({ ...flat, atMs: index * 10_000, ...change(index) }));
}
const growing = (samples: readonly Figures[]) =>
  trendsOf(samples)
    .filter((trend) => !isFlat(trend))
    .map(({ name }) => name);

test('the slope is that of the line, and none without a spread', () => {
  const line = [1, 2, 3, 10].map((x) => [x, 5 * x - 3] as const);
  assert.ok(Math.abs(slope(line) - 5) < 1e-9);
  assert.equal(slope([[1, 7]]), 0);
  assert.equal(slope([]), 0);
});

test('what stays, and what saws within bounds, is flat', () => {
  assert.deepEqual(growing(hour(() => ({}))), []);
  assert.deepEqual(growing(hour((index) => ({ residentBytes: 1e8 + (index % 7) * mebibyte }))), []);
  assert.deepEqual(growing(hour((index) => ({ heapBytes: index < 100 ? 1e7 : 2e7 }))), []);
});

test('what leaks is found, each figure for itself', () => {
  assert.deepEqual(growing(hour((index) => ({ heapBytes: 2e7 + (index * mebibyte) / 40 }))), ['heapBytes']);
  assert.deepEqual(growing(hour((index) => ({ descriptors: 30 + Math.floor(index / 50) }))), ['descriptors']);
  assert.deepEqual(growing(hour((index) => ({ timers: 9 + Math.floor(index / 50) }))), ['timers']);
  assert.deepEqual(growing(hour((index) => ({ threads: 12 + Math.floor(index / 100) }))), ['threads']);
});
