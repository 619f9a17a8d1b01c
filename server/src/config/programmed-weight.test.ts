import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Pool } from './config.ts';
import { largestWeight, programmedWeight } from './programmed-weight.ts';

function pools(...weights: number[][]): { readonly pools: readonly Pool[] } {
  return {
    pools: weights.map((pool, index) => ({
      name: `p${index}`,
      backends: pool.map((weight, place) => ({ name: `b${place}`, weight })),
    })),
  };
}

test('W is the largest weight of all pools; of zeros only, 100', () => {
  assert.equal(largestWeight(pools([10, 30], [20])), 30);
  assert.equal(largestWeight(pools([10], [100, 0])), 100);
  assert.equal(largestWeight(pools([0, 0])), 100);
  assert.equal(largestWeight(pools()), 100);
});

test('programmed weights', () => {
  const table: readonly (readonly [weight: number, steps: number, largest: number, programmed: number])[] = [
    [0, 10, 100, 0],
    [100, 10, 100, 10],
    [50, 10, 100, 5],
    [54, 10, 100, 5],
    [55, 10, 100, 6],
    [1, 10, 100, 1],
    [4, 10, 100, 1],
    [37, 100, 100, 37],
    [50, 10, 50, 10],
    [25, 10, 50, 5],
    [1, 1, 100, 1],
    [100, 1, 100, 1],
    // At run time a weight may exceed the file's largest.
    [100, 10, 50, 20],
    [100, 100, 50, 100],
    [100, 100, 1, 100],
  ];
  for (const [weight, steps, largest, programmed] of table) {
    assert.equal(programmedWeight(weight, steps, largest), programmed, `${weight} of ${largest} in ${steps}`);
  }
});

test('always an integer that VPP takes, 0 only for 0, and never falling with the weight', () => {
  const weight = fc.integer({ min: 0, max: 100 });
  const positive = fc.integer({ min: 1, max: 100 });
  fc.assert(
    fc.property(weight, weight, positive, positive, (one, other, steps, largest) => {
      const a = programmedWeight(one, steps, largest);
      const b = programmedWeight(other, steps, largest);
      assert.ok(Number.isInteger(a) && a >= 0 && a <= 100);
      assert.equal(a === 0, one === 0);
      if (one <= other) assert.ok(a <= b);
    }),
  );
});

test('100 steps with W = 100 program the weights as they are', () => {
  for (let weight = 0; weight <= 100; weight += 1) assert.equal(programmedWeight(weight, 100, 100), weight);
});
