import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReconcileQueue, type SyncOutcome } from './reconcile-queue.ts';

test('wake-ups that come twice are one; what is taken is gone', () => {
  const queue = new ReconcileQueue();
  assert.equal(queue.isEmpty(), true);
  assert.equal(queue.take(), undefined);
  for (const vip of ['v', 'w', 'v']) queue.add(vip);
  assert.deepEqual([queue.isEmpty(), queue.holds('v'), queue.holds('x')], [false, true, false]);
  assert.deepEqual(queue.take(), { only: new Set(['v', 'w']), wishes: [] });
  assert.deepEqual([queue.isEmpty(), queue.holds('v')], [true, false]);
});

test('a run over everything takes the place of those over some', () => {
  const queue = new ReconcileQueue();
  queue.add('v');
  queue.addTouched(['w']);
  queue.ripen();
  queue.addAll();
  assert.equal(queue.holds('x'), true);
  assert.deepEqual(queue.take(), { wishes: [] });
  assert.deepEqual([queue.isEmpty(), queue.hasTouched(), queue.hasUnverified()], [true, false, false]);
});

test('reading back waits for its time, and until nothing else is to be done', () => {
  const queue = new ReconcileQueue();
  queue.addTouched(['v', 'w', 'v']);
  assert.deepEqual([queue.isEmpty(), queue.hasTouched(), queue.hasUnverified()], [true, true, false]);
  queue.ripen();
  assert.deepEqual([queue.isEmpty(), queue.hasTouched(), queue.hasUnverified()], [false, false, true]);
  queue.add('x');
  assert.deepEqual(queue.take(), { only: new Set(['x']), wishes: [] });
  assert.equal(queue.take(), undefined);
  assert.deepEqual(
    [queue.takeUnverified(), queue.takeUnverified(), queue.takeUnverified()],
    ['v', 'w', undefined],
  );
  assert.equal(queue.isEmpty(), true);
});

test('a wish is a run of its own extent; one that cannot be granted is refused', () => {
  const queue = new ReconcileQueue();
  const outcomes: SyncOutcome[] = [];
  const settle = (outcome: SyncOutcome) => void outcomes.push(outcome);
  queue.add('v');
  queue.addWish({ vip: 'w', settle });
  assert.deepEqual(queue.take()?.only, new Set(['v', 'w']));
  queue.addWish({ vip: 'w', settle });
  queue.addWish({ settle });
  const job = queue.take();
  assert.deepEqual([job?.only, job?.wishes.length], [undefined, 2]);
  queue.addWish({ settle });
  queue.refuseWishes('VPP is gone');
  assert.deepEqual(outcomes, [{ ok: false, code: 'unavailable', message: 'VPP is gone' }]);
  assert.equal(queue.isEmpty(), true);
});
