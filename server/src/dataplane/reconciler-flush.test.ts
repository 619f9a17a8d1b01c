import assert from 'node:assert/strict';
import { test } from 'node:test';
import { observed, observedVip } from '../../test/support/lb-values.ts';
import type { PlainDataplane } from '../../test/support/plain-dataplane.ts';
import { configText, startReconciler } from '../../test/support/reconciler-run.ts';
import type { BackendState } from '../health/backend-health.ts';

const debts: readonly [string, BackendState, BackendState, boolean, string[]][] = [
  ['down with flush-on-down', 'up', 'down', false, ['as-weight 1 10.0.0.1 0 flush']],
  ['disabled', 'up', 'disabled', false, ['as-weight 1 10.0.0.1 0 flush']],
  ['disabled at weight 0', 'paused', 'disabled', false, ['as-weight 1 10.0.0.1 0 flush']],
  ['down at weight 0', 'paused', 'down', false, ['as-weight 1 10.0.0.1 0 flush']],
  ['unknown to down at weight 0', 'unknown', 'down', false, []],
  ['paused', 'up', 'paused', false, ['as-weight 1 10.0.0.1 0']],
  ['introduced as disabled, at weight 0', 'unknown', 'disabled', true, []],
];
for (const [name, from, to, isNew, expected] of debts) {
  test(`flows are cut or not: ${name}`, async () => {
    const { news, stop, move, settle } = await startReconciler();
    if (from !== 'up') {
      move('a', from);
      await settle();
    }
    await news();
    move('a', to, isNew);
    assert.deepEqual(await news(), expected);
    await stop();
  });
}

test('after a restart of ours, what is down is flushed where VPP still gives it a weight', async () => {
  const prepare = (dataplane: PlainDataplane) => {
    const there = [
      observedVip('10.1.0.1 tcp 80', { '10.0.0.1': 100, '10.0.0.2': 100 }, { newFlowsTableLength: 1024 }),
    ];
    dataplane.state = observed(there);
  };
  const text = configText('startup-min-delay: 5s, startup-max-delay: 30s');
  const { news, stop, move, clock } = await startReconciler({ text, prepare, state: 'unknown' });
  move('a', 'down');
  move('b', 'up');
  await clock.advance(5000);
  const ops = await news();
  assert.ok(ops.includes('as-weight 1 10.0.0.1 0 flush'), ops.join());
  await stop();
});

test('a flush without flush-on-down is not owed; another frontend of the backend owes its own', async () => {
  const { news, stop, move } = await startReconciler();
  await news();
  move('b', 'down');
  assert.deepEqual(await news(), ['as-weight 1 10.0.0.2 0 flush', 'as-weight 2 10.0.0.2 0']);
  move('b', 'disabled');
  assert.deepEqual(await news(), ['as-weight 1 10.0.0.2 0 flush', 'as-weight 2 10.0.0.2 0 flush']);
  await stop();
});

test('a debt stands over a lost connection until it is acknowledged, then it is paid', async () => {
  const { news, stop, move, dataplane, clock } = await startReconciler();
  await news();
  dataplane.disconnect();
  move('a', 'disabled');
  move('a', 'up');
  assert.deepEqual(await news(), []);
  dataplane.loses = (op) => op.t === 'as-weight';
  dataplane.connect(true);
  assert.deepEqual(await news(), [], 'done, but not acknowledged');
  dataplane.loses = () => false;
  dataplane.connect(true);
  assert.deepEqual(await news(), ['as-weight 1 10.0.0.1 100 flush']);
  await clock.advance(120_000);
  assert.deepEqual(await news(), []);
  await stop();
});

test('another VPP is owed nothing', async () => {
  const { news, stop, move, dataplane } = await startReconciler();
  await news();
  dataplane.disconnect();
  move('a', 'disabled');
  dataplane.restart();
  const ops = await news();
  assert.equal(ops.length, 7);
  assert.deepEqual(
    ops.filter((op) => op.includes('flush')),
    [],
  );
  await stop();
});

test('what was owed only where there was a weight is void once there was none', async () => {
  const { news, stop, move } = await startReconciler();
  move('a', 'unknown');
  await news();
  move('a', 'down');
  assert.deepEqual(await news(), []);
  move('a', 'up');
  assert.deepEqual(await news(), ['as-weight 1 10.0.0.1 100']);
  move('a', 'paused');
  assert.deepEqual(await news(), ['as-weight 1 10.0.0.1 0']);
  await stop();
});

test('a runtime weight cuts flows where that is asked for, in its frontend alone', async () => {
  const { news, stop, reconciler, weights } = await startReconciler();
  await news();
  weights.set('one b', 100);
  reconciler.weightChanged('one', 'b', true);
  assert.deepEqual(await news(), ['as-weight 1 10.0.0.2 100 flush']);
  weights.set('two b', 40);
  reconciler.weightChanged('two', 'b', false);
  assert.deepEqual(await news(), ['as-weight 2 10.0.0.2 40']);
  await stop();
});
