import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallCounts } from './call-counts.ts';

test('calls are counted by message, direction and result, in the order of their first', () => {
  const counts = new CallCounts();
  counts.count({ message: 'lb_conf', direction: 'send', retval: 0 });
  counts.count({ message: 'lb_conf', direction: 'recv', retval: 0 });
  counts.count({ message: 'lb_conf', direction: 'send', retval: 0 });
  counts.count({ message: 'lb_conf', direction: 'recv', retval: -70 });
  counts.count({ message: 'lb_conf', direction: 'recv', retval: -4321 });
  // A positive value is no refusal.
  counts.count({ message: 'lb_conf', direction: 'recv', retval: 1 });
  assert.deepEqual(
    [...counts.all()],
    [
      ['lb_conf send ok', 2],
      ['lb_conf recv ok', 2],
      ['lb_conf recv INVALID_MEMORY_SIZE', 1],
      ['lb_conf recv UNKNOWN', 1],
    ],
  );
  assert.deepEqual(counts.totals(), { sent: 2, received: 4 });
});
