import assert from 'node:assert/strict';
import { test } from 'node:test';
import { observed, observedVip } from '../../test/support/lb-values.ts';
import type { PlainDataplane } from '../../test/support/plain-dataplane.ts';
import {
  configText,
  one,
  open,
  startReconciler,
  textOne,
  textThree,
  textTwo,
  two,
} from '../../test/support/reconciler-run.ts';
import { readBackDelayMs, replansMax } from '../lib/limits.ts';
import { vipName } from './lb-state.ts';

test('a VPP that is connected is programmed in full, global parameters first', async () => {
  const { news, stop, reconciler, told } = await startReconciler();
  assert.deepEqual(await news(), [
    'conf',
    'vip-add 1',
    'as-add 1 10.0.0.1 100',
    'as-add 1 10.0.0.2 100',
    'vip-add 2',
    'as-add 2 10.0.0.2 100',
    'as-add 2 10.0.0.3 100',
  ]);
  assert.deepEqual(
    [...(reconciler.held(one)?.applicationServers ?? [])].map(({ weight }) => weight),
    [100, 100],
  );
  assert.deepEqual(Object.fromEntries(reconciler.journal().operations()), {
    'full conf': 1,
    'full vip-add': 2,
    'full as-add': 4,
  });
  assert.deepEqual(
    told.map(({ message }) => message),
    ['VPP connected'],
  );
  await stop();
});

test('warm-up: hands off, then frontend by frontend, then everything', async () => {
  const text = configText('startup-min-delay: 5s, startup-max-delay: 30s');
  const { news, stop, clock, move, reconciler, dataplane } = await startReconciler({
    text,
    state: 'unknown',
  });
  assert.deepEqual([await news(), dataplane.observeCount], [[], 0]);
  assert.equal((await reconciler.sync()).ok, false);
  move('a', 'up');
  move('b', 'up');
  await clock.advance(4999);
  assert.deepEqual([await news(), dataplane.observeCount], [[], 0]);
  await clock.advance(1);
  assert.deepEqual(await news(), ['conf', 'vip-add 1', 'as-add 1 10.0.0.1 100', 'as-add 1 10.0.0.2 100']);
  const refused = await reconciler.sync('two');
  assert.deepEqual(refused.ok ? '' : refused.code, 'failed-precondition');
  await clock.advance(25_000);
  assert.deepEqual(await news(), ['vip-add 2', 'as-add 2 10.0.0.2 100', 'as-add 2 10.0.0.3 0']);
  await stop();
});

test('warm-up: what VPP has of a frontend that is held is left alone', async () => {
  const text = configText('startup-min-delay: 0s, startup-max-delay: 30s');
  const prepare = (dataplane: PlainDataplane) => {
    const there = [observedVip('10.1.0.2 tcp 80', { '10.0.0.3': 7 }), observedVip('10.9.0.1 any', {})];
    dataplane.state = observed(there);
  };
  const { news, stop, move } = await startReconciler({ text, state: 'unknown', prepare });
  assert.deepEqual(await news(), ['conf', 'vip-delete 10.9.0.1/32 any']);
  for (const backend of ['b', 'c']) move(backend, 'up');
  const ops = await news();
  assert.ok(ops.includes('vip-delete 2') && ops.includes('vip-add 2'), ops.join());
  await stop();
});

test('a transition programs only the frontends of its backend, from what is believed', async () => {
  const { news, stop, move, dataplane } = await startReconciler();
  await news();
  const before = dataplane.observeCount;
  move('a', 'down');
  assert.deepEqual(await news(), ['as-weight 1 10.0.0.1 0 flush']);
  move('b', 'paused');
  assert.deepEqual(await news(), ['as-weight 1 10.0.0.2 0', 'as-weight 2 10.0.0.2 0']);
  assert.equal(dataplane.observeCount, before);
  await stop();
});

test('what was to be lowered is planned again when something else is wanted meanwhile', async () => {
  const { news, stop, move, dataplane, reconciler } = await startReconciler();
  move('a', 'down');
  await news();
  // While VPP raises `a`, both backends change places once more: to lower `b` would empty the VIP.
  dataplane.refuses = (op) => {
    if (op.t !== 'as-weight' || op.backend !== 'a' || op.weight === 0) return undefined;
    move('a', 'down');
    move('b', 'up');
    return undefined;
  };
  move('a', 'up');
  move('b', 'down');
  const ops = (await news()).filter((op) => op.includes(' 1 '));
  // The flush is owed: `b` was down for a moment.
  assert.deepEqual(ops, [
    'as-weight 1 10.0.0.1 100',
    'as-weight 1 10.0.0.1 0 flush',
    'as-weight 1 10.0.0.2 100 flush',
  ]);
  assert.deepEqual(
    reconciler.held(one)?.applicationServers.map(({ weight }) => weight),
    [0, 100],
  );
  await stop();
});

test('one run plans so often and no more; the rest is left to the next', async () => {
  const { news, stop, move, dataplane, settle } = await startReconciler();
  await news();
  let changes = 0;
  dataplane.refuses = (op) => {
    if (op.t !== 'as-weight' || ++changes > 3 * replansMax) return undefined;
    const [rising, falling] = op.backend === 'a' ? ['b', 'a'] : ['a', 'b'];
    move(rising, 'up');
    move(falling, 'down');
    return undefined;
  };
  move('a', 'down');
  for (let turn = 0; turn < 3 * replansMax; turn++) await settle();
  assert.ok(changes > 3 * replansMax, `${changes} changes`);
  assert.deepEqual(dataplane.callsMax, 1);
  await stop();
});

test('a connection to the same VPP, where nothing changed, is nothing to do', async () => {
  const { news, stop, dataplane, settle } = await startReconciler();
  await news();
  dataplane.disconnect();
  await settle();
  dataplane.connect(true);
  assert.deepEqual(await news(), []);
  await stop();
});

test('a refused operation: said by frontend, name and number, and tried again ever later', async () => {
  const { news, stop, move, dataplane, told, clock, reconciler, logged } = await startReconciler({
    prepare: (made) => {
      made.refuses = (op) => (op.t === 'vip-add' && vipName(op.vip) === one ? -73 : undefined);
    },
  });
  const failures = () => told.filter(({ what }) => what === 'refused');
  const message = `frontend one: vip-add ${one}: VPP refused: INVALID_ARGUMENT (-73)`;
  assert.deepEqual(failures(), [{ kind: 'vpp', what: 'refused', message, frontend: 'one' }]);
  assert.equal(reconciler.held(two), undefined, 'nothing is believed');
  await news();
  // Frontend two is not held up.
  move('c', 'paused');
  assert.deepEqual(await news(), ['as-weight 2 10.0.0.3 0']);
  dataplane.applied.splice(0);
  const retriesMs = () =>
    logged
      .filter((line) => line.message === 'vpp-lb-sync-failed')
      .map(({ attributes }) => 'retryMs' in attributes && attributes.retryMs);
  await clock.advance(200_000);
  assert.deepEqual(retriesMs().slice(0, 8), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  dataplane.refuses = () => undefined;
  await clock.advance(30_000);
  const ops = await news();
  assert.deepEqual(ops.filter((op) => op.includes(' 1')).slice(0, 1), ['vip-add 1']);
  assert.equal(reconciler.held(one)?.applicationServers.length, 2);
  // The back-off begins anew.
  dataplane.refuses = (op) => (op.t === 'as-weight' ? -6 : undefined);
  move('b', 'paused');
  await news();
  assert.equal(retriesMs().at(-1), 1000);
  await stop();
});

test('what somebody else changed is told once, and repaired', async () => {
  const { news, stop, dataplane, clock, told, reconciler } = await startReconciler();
  await news();
  const vips = [...dataplane.state.vips.values()].filter((vip) => vipName(vip) !== two);
  dataplane.state = observed(vips, { ...dataplane.state.conf, flowTimeoutSeconds: 41 });
  await clock.advance(60_000);
  assert.deepEqual(await news(), ['conf', 'vip-add 2', 'as-add 2 10.0.0.2 100', 'as-add 2 10.0.0.3 100']);
  const drifts = () => told.filter(({ what }) => what === 'drift');
  const expected = [
    { kind: 'vpp', what: 'drift', message: 'flow-timeout 40 to 41' },
    { kind: 'vpp', what: 'drift', message: `${two}: was deleted`, frontend: 'two' },
  ];
  assert.deepEqual(drifts(), expected);
  await clock.advance(60_000);
  assert.deepEqual([await news(), reconciler.journal().driftCount(), drifts().length], [[], 2, 2]);
  await stop();
});

test('what we changed ourselves is no drift', async () => {
  const { news, stop, clock, move, reload, reconciler, weights } = await startReconciler();
  move('a', 'down');
  await news();
  weights.set('two b', 7);
  reconciler.weightChanged('two', 'b', true);
  assert.deepEqual(await news(), ['as-weight 2 10.0.0.2 7 flush']);
  reload(configText(open, textOne + textTwo + textThree));
  await news();
  reload(configText());
  assert.deepEqual(await news(), ['as-delete 3 10.0.0.3', 'vip-delete 3']);
  await clock.advance(120_000);
  assert.equal(reconciler.journal().driftCount(), 0);
  await stop();
});

test('a table that reads back wrong is built again', async () => {
  const { news, stop, dataplane, reconciler, told, move, clock, settle } = await startReconciler();
  await news();
  move('a', 'down');
  dataplane.wrong.set(one, 'always');
  await settle();
  await clock.advance(readBackDelayMs);
  const ops = await news();
  assert.deepEqual(ops.slice(0, 2), ['as-weight 1 10.0.0.1 0 flush', 'as-weight 1 10.0.0.1 0']);
  assert.match(reconciler.journal().alarms().get(one) ?? '', /has \d+ buckets, not the \d+/);
  const outcome = await reconciler.sync('one');
  assert.deepEqual(outcome.ok && outcome.inSync, false);
  const other = await reconciler.sync('two');
  assert.deepEqual(other.ok && other.inSync, true);
  dataplane.wrong.clear();
  assert.deepEqual((await reconciler.sync()).ok, true);
  assert.equal(reconciler.journal().alarms().size, 0);
  assert.deepEqual(
    told.slice(1).map(({ what, frontend }) => [what, frontend]),
    [
      ['table-mismatch', 'one'],
      ['table-repaired', 'one'],
    ],
  );
  await stop();
});

test('a table that is right after it was built again raises no alarm', async () => {
  const { news, stop, dataplane, reconciler, told, clock } = await startReconciler();
  await news();
  dataplane.wrong.set(two, 'once');
  await clock.advance(60_000);
  assert.deepEqual(await news(), ['as-weight 2 10.0.0.2 100']);
  assert.deepEqual([reconciler.journal().alarms().size, told.length], [0, 1]);
  await stop();
});

test('VIPs that nobody knows go, unless they are to be kept; ours go in both cases', async () => {
  const prepare = (dataplane: PlainDataplane) => {
    dataplane.state = observed([observedVip('10.9.0.1 any', { '10.0.0.9': 1 })]);
  };
  for (const keepUnknown of [false, true]) {
    const { news, stop, reload } = await startReconciler({ prepare, keepUnknown });
    const gone = (await news()).filter((op) => op.includes('delete'));
    assert.deepEqual(
      gone,
      keepUnknown ? [] : ['as-delete 10.9.0.1/32 any 10.0.0.9', 'vip-delete 10.9.0.1/32 any'],
    );
    reload(configText(open, textOne));
    assert.deepEqual(await news(), ['as-delete 2 10.0.0.2', 'as-delete 2 10.0.0.3', 'vip-delete 2']);
    await stop();
  }
});

test('sync: what was done, or why not', async () => {
  const { news, stop, reconciler, dataplane } = await startReconciler();
  await news();
  const nothing = { vipsAdded: 0, vipsRemoved: 0, asesAdded: 0, asesRemoved: 0, weightsChanged: 0 };
  assert.deepEqual(await reconciler.sync(), { ok: true, counts: nothing, inSync: true });
  dataplane.state = observed([...dataplane.state.vips.values()].slice(0, 1), dataplane.state.conf);
  assert.deepEqual(await reconciler.sync('two'), {
    ok: true,
    counts: { ...nothing, vipsAdded: 1, asesAdded: 2 },
    inSync: true,
  });
  assert.equal(reconciler.journal().driftCount(), 1);
  dataplane.state = observed([], dataplane.state.conf);
  dataplane.refuses = (op) => (op.t === 'vip-add' ? -70 : undefined);
  assert.deepEqual(await reconciler.sync('one'), {
    ok: false,
    code: 'unavailable',
    message: `frontend one: vip-add ${one}: VPP refused: INVALID_MEMORY_SIZE (-70)`,
  });
  dataplane.disconnect();
  assert.deepEqual(await reconciler.sync(), {
    ok: false,
    code: 'unavailable',
    message: 'VPP is disconnected',
  });
  await stop();
});

test('a wish made the moment a run ends is not forgotten', async () => {
  const { stop, reconciler, settle, clock, dataplane } = await startReconciler();
  // As many turns later as it takes to hit the run's very end.
  for (let turns = 0; turns < 40; turns++) {
    const outcome = reconciler.sync();
    let answered = false;
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    reconciler.sync().then(() => {
      answered = true;
    });
    await settle();
    assert.equal((await outcome).ok, true);
    assert.equal(answered, true, `${turns} turns later`);
  }
  assert.equal(dataplane.callsMax, 1);
  await clock.advance(0);
  await stop();
});

test('whoever waits when the connection is lost, or when we stop, is told', async () => {
  const { stop, reconciler, dataplane, settle, move } = await startReconciler();
  const latch = Promise.withResolvers<void>();
  dataplane.latch = latch.promise;
  const running = reconciler.sync();
  await settle();
  const waiting = reconciler.sync();
  move('a', 'down');
  move('a', 'up');
  dataplane.disconnect();
  assert.deepEqual(await waiting, { ok: false, code: 'unavailable', message: 'VPP is disconnected' });
  latch.resolve();
  assert.deepEqual(await running, { ok: false, code: 'unavailable', message: 'connection lost' });
  dataplane.connect(true);
  const second = Promise.withResolvers<void>();
  dataplane.latch = second.promise;
  await settle();
  const last = [reconciler.sync(), reconciler.sync('one')];
  const stopping = stop();
  second.resolve();
  await stopping;
  for (const outcome of await Promise.all(last)) assert.equal(outcome.ok, false);
});

test('a reload that leaves a frontend out deletes its VIP, and its alarm ends', async () => {
  const { news, stop, reload, dataplane, reconciler } = await startReconciler({
    text: configText(open, textOne + textTwo + textThree),
  });
  await news();
  dataplane.wrong.set('10.1.0.3/32 tcp 80', 'always');
  await reconciler.sync('three');
  assert.equal(reconciler.journal().alarms().size, 1);
  await news();
  reload(configText());
  assert.equal(reconciler.journal().alarms().size, 0);
  assert.deepEqual(await news(), ['as-delete 3 10.0.0.3', 'vip-delete 3']);
  await stop();
});

test('stopped before it was connected, or while it waits to try again', async () => {
  const refusing = await startReconciler({
    prepare: (dataplane) => {
      dataplane.refuses = () => -1;
    },
  });
  await refusing.stop();
  const { dataplane, stop, clock, news } = await startReconciler();
  await news();
  dataplane.disconnect();
  await stop();
  await clock.advance(600_000);
  assert.deepEqual(await news(), []);
});
