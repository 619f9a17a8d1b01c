import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzStats } from './vpp-stats.ts';

test('2,000 nearly right segments: none is misread, and enough are read', () => {
  const report = fuzzStats(1, (executions) => executions === 2000);
  assert.ok(report.values > 2000 && report.refusals > 500, JSON.stringify(report));
});
