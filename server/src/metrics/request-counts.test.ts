import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestCounts } from './request-counts.ts';

function valuesOf(counts: RequestCounts): Record<string, number> {
  const all = counts
    .metrics()
    .flatMap(({ name, groups }) =>
      [...groups]
        .flat()
        .map(({ labels, value, suffix = '' }) => [
          `${name}${suffix} ${Object.values(labels).join(' ')}`,
          value,
        ]),
    );
  return Object.fromEntries(all);
}

test('requests by result, durations over all results, cumulated to the bounds', () => {
  const counts = new RequestCounts({ protocol: 'http', resultLabel: 'status' });
  counts.observe('GET', '/a', 200, 0.5);
  counts.observe('GET', '/a', 200, 5);
  counts.observe('GET', '/a', 404, 3000);
  counts.observe('POST', '/a', 200, 1);
  const values = valuesOf(counts);
  assert.equal(values['maglev_http_requests_total GET /a 200'], 2);
  assert.equal(values['maglev_http_requests_total GET /a 404'], 1);
  const bucket = (le: string) => values[`maglev_http_request_duration_seconds_bucket GET /a ${le}`];
  assert.deepEqual(['0.001', '0.005', '2.5', '+Inf'].map(bucket), [1, 2, 2, 3]);
  assert.equal(values['maglev_http_request_duration_seconds_sum GET /a'], 3.0055);
  assert.equal(values['maglev_http_request_duration_seconds_count GET /a'], 3);
  assert.equal(values['maglev_http_request_duration_seconds_count POST /a'], 1);
});

test('what has no duration is counted and not timed', () => {
  const counts = new RequestCounts({ protocol: 'grpc', resultLabel: 'code' });
  counts.observe('WatchEvents', 'maglev.v1', 'ok');
  const values = valuesOf(counts);
  assert.deepEqual(values, { 'maglev_grpc_requests_total WatchEvents maglev.v1 ok': 1 });
});
