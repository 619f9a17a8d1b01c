import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzIcmp } from './icmp-message.ts';

test('20,000 nearly right packets: none is misread, and enough get through', () => {
  const report = fuzzIcmp(1, (executions) => executions === 20_000);
  assert.ok(report.replies > 500 && report.errors > 500, JSON.stringify(report));
});
