import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutbox } from './outbox.ts';
import type { Report, Result } from './outcome.ts';

const result = (target: number): Result => ({
  ...{ target, lagMs: 0, verdict: 'ok', latencyMs: 1, atMs: 1, status: 200, detail: '' },
});

test('a report waits until the last one was taken, and loses nothing', () => {
  const reports: Report[] = [];
  const outbox = createOutbox((report) => void reports.push(report));
  outbox.add(result(1));
  outbox.noteLag(3);
  outbox.noteLag(2);
  outbox.send(10, false);
  outbox.add(result(2));
  outbox.noteSkipped();
  outbox.noteNotSent('why');
  outbox.send(20, false);
  assert.equal(reports.length, 1);
  outbox.taken();
  outbox.add(result(3));
  outbox.send(30, true);
  const summary = reports.map(({ atMs, results, lagMsMax, skipped, notSent, notSentDetail, finished }) => {
    return [atMs, results.map(({ target }) => target), lagMsMax, skipped, notSent, notSentDetail, finished];
  });
  assert.deepEqual(summary, [
    [10, [1], 3, 0, 0, '', false],
    [30, [2, 3], 0, 1, 1, 'why', true],
  ]);
});

test('it is full at its bound', () => {
  const outbox = createOutbox(() => undefined);
  for (let count = 0; count < 49_999; count += 1) outbox.add(result(0));
  assert.equal(outbox.isFull(), false);
  outbox.add(result(0));
  assert.equal(outbox.isFull(), true);
});
