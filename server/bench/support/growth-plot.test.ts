import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decadesOf, growthPlot } from './growth-plot.ts';

test('an axis reaches from the power of ten below to the one above', () => {
  assert.deepEqual(decadesOf([3, 40]), [1, 10, 100]);
  assert.deepEqual(decadesOf([10]), [10, 100]);
  assert.deepEqual(decadesOf([0, 0.5]), [0.1, 1]);
});

test('each curve has a point per count and a name; what is zero is left out', () => {
  const curves = [
    { name: 'p50 & less', values: [1, 10, 100] },
    { name: 'p99', values: [0, 10, 100] },
  ];
  const svg = growthPlot([100, 1000, 10_000], [{ title: 'lag, ms', curves }]);
  assert.equal(svg.match(/<circle/g)?.length, 5);
  assert.match(svg, /p50 &amp; less/);
  assert.match(svg, />10k</);
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  // Both end at the same height: their names stand one above the other.
  const heights = Array.from(svg.matchAll(/<text class="d\d" x="\d+" y="([\d.]+)"/g), ([, y]) => Number(y));
  assert.equal(Math.abs((heights[0] ?? 0) - (heights[1] ?? 0)), 13);
});
