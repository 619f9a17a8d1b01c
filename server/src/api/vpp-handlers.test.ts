import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { observed, observedVip, vip } from '../../test/support/lb-values.ts';
import { configText, one, startReconciler, textOne } from '../../test/support/reconciler-run.ts';
import type { Control } from '../control.ts';
import { createEventLog } from '../events/event-log.ts';
import { ApiError } from './errors.ts';
import { createEventFeeds } from './event-fanout.ts';
import type { HandlerContext } from './handlers.ts';
import { getLbCounters, getLbState, getVppInfo, setWeight, syncLbState } from './vpp-handlers.ts';
import { vppInfoView } from './vpp-views.ts';

/** Handlers over a real reconciler; of the control they read the configuration alone. */
async function start(t: TestContext) {
  const run = await startReconciler({ text: configText(undefined, textOne) });
  t.after(run.stop);
  const { dataplane, reconciler, source } = run;
  const control = source as unknown as Control;
  const feeds = createEventFeeds({ control, events: createEventLog(run.clock, 'test'), clock: run.clock });
  const context: HandlerContext = {
    control,
    feeds,
    lb: { dataplane, reconciler, calls: { totals: () => ({ sent: 17, received: 16 }) } },
    caller: { role: 'operator', address: '127.0.0.1', requestId: 'r1' },
  };
  return { ...run, context, without: { control, feeds, caller: context.caller } satisfies HandlerContext };
}

const refusedWith = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ApiError);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

test('without a VPP: its state is that none is configured, everything else is unavailable', async (t) => {
  const { without, context } = await start(t);
  assert.deepEqual(getVppInfo(without), { connection: 'disabled', missingCapabilities: [] });
  const { apiSent, apiReceived } = getVppInfo(context);
  assert.deepEqual([apiSent, apiReceived], [17, 16]);
  const unavailable = refusedWith('unavailable', /^no VPP is configured: start maglevd with --vpp-api-addr$/);
  await assert.rejects(getLbState(without, {}), unavailable);
  await assert.rejects(syncLbState(without, {}), unavailable);
  assert.throws(() => getLbCounters(without, {}), unavailable);
});

test('what is known of VPP, with times as texts and without what is not known', () => {
  const full = { version: '26.10', buildDate: 'd', buildDirectory: '/b', pid: 1, reason: 'why' };
  assert.deepEqual(
    vppInfoView(
      {
        connection: 'connected',
        ...full,
        bootTimeMs: 1000,
        connectTimeMs: 2000,
        missingCapabilities: ['x'],
      },
      { sent: 0, received: 0 },
    ),
    {
      connection: 'connected',
      ...full,
      bootTime: '1970-01-01T00:00:01.000Z',
      connectTime: '1970-01-01T00:00:02.000Z',
      apiSent: 0,
      apiReceived: 0,
      missingCapabilities: ['x'],
    },
  );
});

test('the state of VPP names frontends and backends, and says what is in sync', async (t) => {
  const { context, dataplane } = await start(t);
  dataplane.state = observed([...dataplane.state.vips.values(), observedVip('10.9.0.1 any', {})]);
  const { conf, vips, missingFrontends } = await getLbState(context, {});
  assert.deepEqual([conf.flowTimeout, missingFrontends], ['40s', []]);
  const [ours, strange] = vips;
  assert.deepEqual(
    [ours?.prefix, ours?.protocol, ours?.port, ours?.frontend, ours?.encap, ours?.inSync],
    ['10.1.0.1/32', 'tcp', 80, 'one', 'gre4', true],
  );
  const sum = (pick: (server: { buckets: number; predictedBuckets: number }) => number) =>
    ours?.applicationServers.reduce((total, server) => total + pick(server), 0);
  assert.deepEqual(
    ours?.applicationServers.map(({ address, backend, weight }) => [address, backend, weight]),
    [
      ['10.0.0.1', 'a', 100],
      ['10.0.0.2', 'b', 100],
    ],
  );
  assert.deepEqual(
    [sum(({ buckets }) => buckets), sum(({ predictedBuckets }) => predictedBuckets)],
    [1024, 1024],
  );
  assert.deepEqual(strange, {
    prefix: '10.9.0.1/32',
    protocol: 'any',
    encap: 'gre4',
    srcIpSticky: false,
    newFlowsTableLength: 16,
    applicationServers: [],
  });
});

test('what is not in sync: another weight, other buckets; what is missing is named', async (t) => {
  const { context, dataplane } = await start(t);
  const inSync = async () => (await getLbState(context, {})).vips.map((shown) => shown.inSync);
  dataplane.wrong.set(one, 'always');
  assert.deepEqual(await inSync(), [false]);
  dataplane.wrong.clear();
  assert.deepEqual(await inSync(), [true]);
  dataplane.state = observed([
    observedVip('10.1.0.1 tcp 80', { '10.0.0.1': 1 }, { newFlowsTableLength: 1024 }),
  ]);
  assert.deepEqual(await inSync(), [false]);
  dataplane.state = observed([]);
  assert.deepEqual((await getLbState(context, {})).missingFrontends, ['one']);
});

test('a VPP that is not connected has no state and no counters, and says so', async (t) => {
  const { context, dataplane } = await start(t);
  assert.throws(() => getLbCounters(context, {}), refusedWith('unavailable', /^no counters were read yet/));
  dataplane.disconnect();
  const unavailable = refusedWith('unavailable', /^VPP is disconnected$/);
  assert.throws(() => getLbCounters(context, {}), unavailable);
  await assert.rejects(getLbState(context, {}), unavailable);
  await assert.rejects(syncLbState(context, {}), unavailable);
});

test('a sync gives its counts; a frontend that is not there is not found', async (t) => {
  const { context, dataplane } = await start(t);
  dataplane.state = observed([], dataplane.state.conf);
  assert.deepEqual(await syncLbState(context, { frontend: 'one' }), {
    vipsAdded: 1,
    vipsRemoved: 0,
    asesAdded: 2,
    asesRemoved: 0,
    weightsChanged: 0,
    inSync: true,
  });
  await assert.rejects(syncLbState(context, { frontend: 'onee' }), refusedWith('not_found', /onee/));
});

test('counters come as numbers, with the frontend that they are of', async (t) => {
  const { context, dataplane } = await start(t);
  const counters = { next: 4n, first: 3n, untracked: 2n, noServer: 1n, routePackets: 10n, routeBytes: 1000n };
  const byVip = new Map([[one, { key: vip('10.1.0.1 tcp 80'), counters }]]);
  dataplane.sample = { atMs: 0, byVip };
  assert.deepEqual(getLbCounters(context, {}), {
    at: '1970-01-01T00:00:00.000Z',
    vips: [
      {
        prefix: '10.1.0.1/32',
        protocol: 'tcp',
        port: 80,
        frontend: 'one',
        next: 4,
        first: 3,
        untracked: 2,
        noServer: 1,
        routePackets: 10,
        routeBytes: 1000,
      },
    ],
  });
});

test('a weight and its reset exclude each other, and one is needed', async (t) => {
  const { context } = await start(t);
  const target = { frontend: 'one', pool: 'main', backend: 'a' };
  const invalid = refusedWith('invalid_argument', /^give either a weight, or reset: true$/);
  await assert.rejects(setWeight(context, target), invalid);
  await assert.rejects(setWeight(context, { ...target, weight: 0, reset: true }), invalid);
});
