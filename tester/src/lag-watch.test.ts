import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLagWatch, lagSince, noteTimer } from './lag-watch.ts';

test('a stall is told to the probes that were under way, and to no other', () => {
  const watch = createLagWatch(1000);
  assert.equal(noteTimer(watch, 1003), 3);
  watch.dueMs = 1010;
  assert.equal(lagSince(watch, 1005, 1012), 0, 'a little late is not high');
  assert.equal(lagSince(watch, 1005, 1050), 40, 'the timer that is overdue');
  assert.equal(noteTimer(watch, 1051), 41);
  watch.dueMs = 1060;
  assert.equal(lagSince(watch, 1005, 1055), 41);
  assert.equal(lagSince(watch, 1052, 1055), 0, 'sent after it');
  noteTimer(watch, 1075);
  watch.dueMs = 1085;
  assert.equal(lagSince(watch, 1005, 1076), 41, 'the longest of them');
  assert.equal(lagSince(watch, 1052, 1076), 15);
});

test('a clock that steps back is no lag, and stalls are bounded', () => {
  const watch = createLagWatch(1000);
  assert.equal(noteTimer(watch, 900), 0);
  for (let count = 0; count < 1000; count += 1) noteTimer(watch, 2000 + count);
  assert.ok(watch.stalls.length <= 64);
});
