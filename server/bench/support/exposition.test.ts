import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketsBetween, bucketsOf, parseExposition, quantileOf, sumOf } from './exposition.ts';

const page = `# HELP x_total Things.
# TYPE x_total counter
x_total{from="unknown",to="up"} 3
x_total{from="up",to="a \\"b\\", c"} 2
plain 0.5
lag_bucket{le="0.01"} 50
lag_bucket{le="+Inf"} 100
lag_bucket{le="0.02"} 90
lag_sum 1
`;

test('series, their labels and sums', () => {
  const series = parseExposition(page);
  assert.equal(series.length, 7);
  assert.deepEqual(series[1], { name: 'x_total', labels: { from: 'up', to: 'a \\"b\\", c' }, value: 2 });
  assert.equal(sumOf(series, 'x_total'), 5);
  assert.equal(
    sumOf(series, 'x_total', ({ to }) => to === 'up'),
    3,
  );
  assert.equal(sumOf(series, 'plain'), 0.5);
});

test('quantiles are linear inside a bucket and stop at the last finite bound', () => {
  const buckets = bucketsOf(parseExposition(page), 'lag');
  assert.deepEqual(
    buckets.map(({ bound }) => bound),
    [0.01, 0.02, Infinity],
  );
  assert.equal(quantileOf(buckets, 0.25), 0.005);
  assert.equal(quantileOf(buckets, 0.7), 0.015);
  assert.equal(quantileOf(buckets, 0.99), 0.02);
  assert.ok(Number.isNaN(quantileOf(bucketsBetween(buckets, buckets), 0.5)));
});
