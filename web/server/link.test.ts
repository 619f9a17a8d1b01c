// One maglevd in sight, with a clock that is moved by hand: when it is asked what, and how it is tried again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '@vpp-maglev/server/errors';
import { createFakeClock } from '../../server/test/support/fake-clock.ts';
import type { EventJson, FleetMessage } from '../src/contract.ts';
import { reconnectMsMax, roundRestMsMin, settleMs } from './limits.ts';
import { Link } from './link.ts';
import type { MaglevdSource } from './source.ts';

const answers: Readonly<Record<string, object>> = {
  GetVersion: { version: '1' },
  ListBackends: { backends: [] },
  ListFrontends: { frontends: [] },
  GetVPPInfo: { connection: 'connected', missingCapabilities: [] },
  GetVPPLBCounters: { at: '', vips: [] },
  GetVPPLBState: { vips: [], missingFrontends: [] },
};

function start(options: { readonly isInProcess?: boolean; readonly isGone?: boolean } = {}) {
  const clock = createFakeClock();
  const calls: string[] = [];
  const watches: { atMs: number; lastEventId: string | undefined }[] = [];
  const state = { isGone: options.isGone ?? false, isSlow: false };
  let emit: (event: EventJson) => void = () => undefined;
  let cut: (error: Error) => void = () => undefined;
  const source: MaglevdSource = {
    name: 'a:9090',
    isInProcess: options.isInProcess ?? false,
    async call(rpc) {
      calls.push(rpc);
      if (state.isGone) throw new ApiError('unavailable', 'connection refused');
      if (state.isSlow) await new Promise(() => undefined);
      return (answers[rpc] ?? {}) as Record<string, unknown>;
    },
    async *watch({ lastEventId }) {
      watches.push({ atMs: clock.nowMs(), lastEventId });
      if (state.isGone) throw new ApiError('unavailable', 'connection refused');
      const events: EventJson[] = [];
      let wake = Promise.withResolvers<void>();
      emit = (event) => {
        events.push(event);
        wake.resolve();
      };
      cut = (error) => wake.reject(error);
      for (;;) {
        await wake.promise;
        wake = Promise.withResolvers();
        yield* events.splice(0);
      }
    },
    stop: () => undefined,
  };
  const told: FleetMessage[] = [];
  const log = { info: () => undefined, warn: () => undefined };
  const link = new Link({ source, clock, log, tell: (message) => void told.push(message) });
  link.start();
  return {
    ...{ clock, calls, watches, state, link, told },
    emit: (event: EventJson) => emit(event),
    cut: (message: string) => cut(new ApiError('unavailable', message)),
    taken: () => calls.splice(0),
  };
}

const eventOf = (id: string): EventJson => ({
  id,
  at: '',
  kind: 'config',
  config: { outcome: 'loaded', message: '' },
});

test('unwatched it keeps its place and asks nothing; watched it asks at its intervals', async () => {
  const { clock, link, emit, told, taken } = start();
  await clock.advance(0);
  assert.equal(link.picture().connection, 'connected');
  taken();
  emit(eventOf('e-1'));
  await clock.advance(60_000);
  assert.deepEqual(taken(), []);
  link.setWatched(true);
  await clock.advance(roundRestMsMin);
  await link.fresh();
  assert.deepEqual(taken().sort(), [
    'GetVPPInfo',
    'GetVPPLBCounters',
    'GetVPPLBState',
    'ListBackends',
    'ListFrontends',
  ]);
  await clock.advance(10_000);
  const asked = taken();
  const countOf = (rpc: string) => asked.filter((each) => each === rpc).length;
  assert.deepEqual(
    ['ListBackends', 'ListFrontends', 'GetVPPInfo', 'GetVPPLBCounters', 'GetVPPLBState'].map(countOf),
    [10, 5, 10, 2, 0],
  );
  assert.ok(told.every(({ t }) => t !== 'event'));
  emit(eventOf('e-2'));
  await clock.advance(settleMs + roundRestMsMin);
  assert.ok(taken().includes('ListFrontends'), 'soon after an event');
  assert.deepEqual(told.filter(({ t }) => t === 'event').length, 1);
  link.setWatched(false);
  await clock.advance(60_000);
  assert.deepEqual(taken(), []);
  await link.stop();
  assert.equal(clock.pendingTimerCount(), 0);
});

test('lost, it is tried again at 0.25 s and then ever more seldom, up to every 5 s', async () => {
  const { clock, link, watches } = start({ isGone: true });
  await clock.advance(30_000);
  const rests = watches.slice(1).map(({ atMs }, index) => atMs - (watches[index]?.atMs ?? 0));
  assert.deepEqual(rests.slice(0, 6), [250, 500, 1000, 2000, 4000, reconnectMsMax]);
  assert.equal(link.picture().reason, 'connection refused');
  await link.stop();
  assert.equal(clock.pendingTimerCount(), 0);
});

test('found again, it continues behind the last event and rests little the next time', async () => {
  const { clock, link, watches, emit, cut, told } = start();
  await clock.advance(0);
  emit(eventOf('e-7'));
  await clock.advance(0);
  for (const reason of ['closed', 'closed again']) {
    cut(reason);
    await clock.advance(0);
    assert.deepEqual([link.picture().connection, link.picture().reason], ['lost', reason]);
    await clock.advance(250);
    assert.equal(link.picture().connection, 'connected');
  }
  assert.deepEqual(
    watches.map(({ lastEventId }) => lastEventId),
    [undefined, 'e-7', 'e-7'],
  );
  assert.deepEqual(
    told.map(({ t }) => t),
    ['maglevd', 'status', 'maglevd', 'status', 'maglevd'],
  );
  await link.stop();
});

test('one that does not answer is not there, whatever its stream says', async () => {
  const { clock, link, state } = start();
  await clock.advance(0);
  link.setWatched(true);
  state.isGone = true;
  await clock.advance(2_000);
  assert.deepEqual([link.picture().connection, link.picture().reason], ['lost', 'connection refused']);
  state.isGone = false;
  state.isSlow = true;
  await clock.advance(10_000);
  assert.equal(link.picture().reason, 'no answer within 4 s');
  await link.stop();
  assert.equal(clock.pendingTimerCount(), 0);
});

test('one in this process is shown when it was asked, and is never being connected to', async () => {
  const { clock, link, state } = start({ isInProcess: true, isGone: true });
  let isShown = false;
  void link.shown().then(() => {
    isShown = true;
  });
  link.setWatched(true);
  await clock.advance(2_000);
  assert.deepEqual([isShown, link.picture().connection], [false, 'lost']);
  state.isGone = false;
  await clock.advance(5_000);
  assert.deepEqual([isShown, link.picture().connection], [true, 'connected']);
  await link.stop();
  assert.equal(clock.pendingTimerCount(), 0);
});

test('one in this process is left alone while nobody watches', async () => {
  const { clock, link, watches } = start({ isInProcess: true });
  await clock.advance(10_000);
  assert.deepEqual(watches, []);
  link.setWatched(true);
  await link.fresh();
  assert.equal(link.picture().connection, 'connected');
  link.setWatched(false);
  await clock.advance(0);
  assert.equal(clock.pendingTimerCount(), 0);
  await link.stop();
});
