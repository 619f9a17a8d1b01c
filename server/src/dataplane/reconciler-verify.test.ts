import assert from 'node:assert/strict';
import { test } from 'node:test';
import { observed } from '../../test/support/lb-values.ts';
import { one, startReconciler, two } from '../../test/support/reconciler-run.ts';
import { readBackDelayMs } from '../lib/limits.ts';
import { vipName } from './lb-state.ts';

test('what is urgent does not wait for what was done to be read back', async () => {
  const { news, stop, move, dataplane, settle, clock } = await startReconciler();
  await news();
  const latch = Promise.withResolvers<void>();
  dataplane.latch = latch.promise;
  move('a', 'down');
  await settle();
  // While the first is under way the second comes: it is next, before anything is read.
  move('c', 'down');
  const calls: string[] = [];
  const { apply, observeServers } = dataplane;
  dataplane.apply = (ops, onAcknowledged) => {
    calls.push('apply');
    return apply.call(dataplane, ops, onAcknowledged);
  };
  dataplane.observeServers = (vips) => {
    calls.push(`read ${vips.length}`);
    return observeServers.call(dataplane, vips);
  };
  latch.resolve();
  assert.deepEqual(await news(), ['as-weight 1 10.0.0.1 0 flush', 'as-weight 2 10.0.0.3 0']);
  assert.deepEqual(calls, ['apply']);
  await clock.advance(readBackDelayMs);
  await settle();
  assert.deepEqual(calls, ['apply', 'read 1', 'read 1']);
  await stop();
});

test('what reads back wrong after a transition is built again, or told', async () => {
  const { news, stop, move, dataplane, reconciler, told, clock } = await startReconciler();
  await news();
  dataplane.wrong.set(two, 'always');
  move('c', 'down');
  assert.deepEqual(await news(), ['as-weight 2 10.0.0.3 0']);
  await clock.advance(readBackDelayMs);
  assert.deepEqual(await news(), ['as-weight 2 10.0.0.2 100']);
  assert.deepEqual([...reconciler.journal().alarms().keys()], [two]);
  assert.equal(told.at(-1)?.what, 'table-mismatch');
  dataplane.wrong.clear();
  move('c', 'up');
  await news();
  await clock.advance(readBackDelayMs);
  assert.deepEqual([reconciler.journal().alarms().size, told.at(-1)?.what], [0, 'table-repaired']);
  await stop();
});

test('an alarm is raised once, however often it is looked at; the looks become rarer', async () => {
  const { news, stop, dataplane, reconciler, told, clock } = await startReconciler();
  await news();
  dataplane.wrong.set(one, 'always');
  assert.equal((await reconciler.sync()).ok, true);
  const before = dataplane.observeCount;
  await clock.advance(1000 + 2000 + 4000 + 8000);
  assert.equal(dataplane.observeCount - before, 4);
  assert.equal(told.filter(({ what }) => what === 'table-mismatch').length, 1);
  await stop();
});

test('what somebody else does between a change and its reading is told and repaired', async () => {
  const { news, stop, move, dataplane, told, clock } = await startReconciler();
  await news();
  move('c', 'down');
  assert.deepEqual(await news(), ['as-weight 2 10.0.0.3 0']);
  const held = dataplane.state.vips.get(two);
  assert.ok(held !== undefined);
  const applicationServers = held.applicationServers.map((server) => ({ ...server, weight: 7 }));
  const vips = [...dataplane.state.vips.values()].filter((vip) => vipName(vip) !== two);
  dataplane.state = observed([...vips, { ...held, applicationServers }], dataplane.state.conf);
  await clock.advance(readBackDelayMs);
  assert.deepEqual(await news(), ['as-weight 2 10.0.0.2 100', 'as-weight 2 10.0.0.3 0']);
  assert.equal(told.filter(({ what }) => what === 'drift').length, 2);
  await stop();
});

test('one frontend that is refused says nothing about another that is asked for', async () => {
  const { news, stop, dataplane, reconciler } = await startReconciler({
    prepare: (made) => {
      made.refuses = (op) => (op.t === 'vip-add' && vipName(op.vip) === one ? -73 : undefined);
    },
  });
  await news();
  const outcome = await reconciler.sync('two');
  assert.ok(outcome.ok, JSON.stringify(outcome));
  assert.equal(outcome.inSync, true);
  assert.equal((await reconciler.sync('one')).ok, false);
  assert.ok(dataplane.state.vips.has(two));
  await stop();
});
