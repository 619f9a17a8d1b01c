import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { createFakeNetwork } from '../../test/support/fake-network.ts';
import type { HealthCheck, HttpHealthCheck } from '../config/config.ts';
import type { Transition } from '../health/backend-health.ts';
import { createPrng } from '../lib/prng.ts';
import { Checker, type SameCheck } from './checker.ts';
import type { CheckerTarget } from './slot.ts';

const check: HttpHealthCheck = {
  name: 'http-ok',
  type: 'http',
  port: 80,
  intervalMs: 2000,
  fastIntervalMs: 500,
  downIntervalMs: 5000,
  timeoutMs: 1000,
  rise: 2,
  fall: 3,
  http: { method: 'GET', path: '/', headers: [], responseCode: [{ first: 200, last: 299 }] },
};
const sameCheck: SameCheck = (a, b) => isDeepStrictEqual(a, b);
const historyMax = 5;

function target(name: string, changes: Partial<CheckerTarget> = {}): CheckerTarget {
  return { name, address: name, family: 4, check, admin: 'active', ...changes };
}
function staticTarget(name: string): CheckerTarget {
  return { name, address: name, family: 4, admin: 'active' };
}

function setUp(seed = 1) {
  const clock = createFakeClock();
  const network = createFakeNetwork(clock);
  const transitions: (Transition & { backend: string })[] = [];
  const checker = new Checker({
    clock,
    prng: createPrng(seed),
    prepare: network.prepare,
    onTransition: (backend, transition) => transitions.push({ backend, ...transition }),
  });
  const sync = (...targets: CheckerTarget[]) => checker.sync(targets, historyMax, sameCheck);
  const stateOf = (name: string) => checker.snapshot(name)?.state;
  const story = () => transitions.map((t) => `${t.backend}: ${t.from}->${t.to} ${t.code}`);
  return { clock, network, transitions, checker, sync, stateOf, story };
}

test('a live backend comes up with its first probe, at once', async () => {
  const { clock, sync, checker, story } = setUp();
  sync(target('a'));
  assert.equal(checker.snapshot('a')?.code, undefined);
  await clock.advance(50);
  assert.deepEqual(story(), ['a: unknown->up L7OK']);
  const snapshot = checker.snapshot('a');
  assert.equal(snapshot?.counter, 2);
  assert.equal(snapshot?.lastProbe?.detail, 'HTTP 200');
  checker.stop();
});

test('rhythm: fast until steady, then interval, then fast, then down-interval', async () => {
  const { clock, network, sync, checker } = setUp();
  sync(target('a'));
  await clock.advance(1700);
  assert.equal(checker.snapshot('a')?.counter, 4, 'three probes 500 ms apart');
  const startedAtTop = network.started('a');
  await clock.advance(1000);
  assert.equal(network.started('a') - startedAtTop <= 1, true);
  network.set('a', { t: 'refusing' });
  while (checker.snapshot('a')?.counter !== 0) await clock.advance(20);
  assert.ok(clock.nowMs() <= 1000 + 2700 + 2200 + 4 * 560);
  const startedAtBottom = network.started('a');
  await clock.advance(4400);
  assert.equal(network.started('a') - startedAtBottom, 0, 'down-interval is 5 s');
  await clock.advance(1200);
  assert.equal(network.started('a') - startedAtBottom, 1);
  checker.stop();
});

test('a black hole goes down after fall intervals and one timeout', async () => {
  const { clock, network, sync, checker, transitions } = setUp();
  const even = { ...check, intervalMs: 500, fastIntervalMs: 500, timeoutMs: 400 };
  sync(target('a', { check: even }));
  await clock.advance(3000);
  network.set('a', { t: 'silent' });
  const silentMs = clock.wallMs();
  await clock.advance(3000);
  const down = transitions.find((t) => t.to === 'down');
  assert.equal(down?.code, 'L7TOUT');
  assert.ok((down?.atMs ?? 0) - silentMs <= 3 * 550 + 400 + 50, `took ${(down?.atMs ?? 0) - silentMs} ms`);
  checker.stop();
});

test('first probes are spread evenly over the fast interval', async () => {
  const { clock, network, sync, checker } = setUp();
  const names = Array.from({ length: 50 }, (_, i) => `b${i}`);
  sync(...names.map((name) => target(name)));
  const total = () => names.reduce((sum, name) => sum + network.started(name), 0);
  const seen: number[] = [];
  for (let i = 0; i < 5; i++) {
    await clock.advance(100);
    seen.push(total());
  }
  for (const [i, count] of seen.entries()) assert.ok(Math.abs(count - 10 * (i + 1)) <= 2, `${seen}`);
  checker.stop();
});

test('a result that arrives while we were away changes nothing and is counted', async () => {
  const { clock, network, sync, checker, stateOf } = setUp();
  network.set('a', { t: 'alive', afterMs: 300 });
  sync(target('a'));
  await clock.advance(6000);
  assert.equal(stateOf('a'), 'up');
  let before = network.started('a');
  for (let i = 0; i < 20; i++) {
    while (network.started('a') === before) await clock.advance(20);
    before = network.started('a');
    clock.stall(1500);
    await clock.advance(20);
  }
  assert.equal(stateOf('a'), 'up');
  assert.equal(checker.snapshot('a')?.stats.lateCount, 20);
  assert.ok(checker.lag().count > 20);
  checker.stop();
});

test('silence while we were away proves nothing; silence while we watched does', async () => {
  const { clock, network, sync, checker, stateOf } = setUp();
  sync(target('a'));
  await clock.advance(5000);
  network.set('a', { t: 'silent' });
  const before = network.started('a');
  while (network.started('a') === before) await clock.advance(20);
  clock.stall(5000);
  await clock.advance(20);
  assert.equal(checker.snapshot('a')?.stats.lateCount, 1);
  assert.equal(checker.snapshot('a')?.counter, 4);
  await clock.advance(8000);
  assert.equal(stateOf('a'), 'down');
  checker.stop();
});

test('beyond capacity: starts that come too late are left out, and what is run still counts', async () => {
  const { clock, network, sync, checker, stateOf } = setUp();
  const short = { ...check, intervalMs: 500, fastIntervalMs: 500, downIntervalMs: 500, timeoutMs: 200 };
  sync(target('a', { check: short }));
  await clock.advance(5000);
  const started = network.started('a');
  for (let i = 0; i < 10; i++) {
    clock.stall(900);
    await clock.advance(0);
  }
  assert.equal(network.started('a'), started, 'nothing was run only to be thrown away');
  assert.ok((checker.snapshot('a')?.stats.lateCount ?? 0) >= 9);
  assert.equal(stateOf('a'), 'up');
  network.set('a', { t: 'refusing' });
  await clock.advance(2500);
  assert.equal(stateOf('a'), 'down');
  checker.stop();
});

test('our own exhaustion is not the backend: state stands, probes go on', async () => {
  const { clock, network, sync, checker, stateOf } = setUp();
  sync(target('a'));
  await clock.advance(5000);
  network.set('a', { t: 'exhausted' });
  await clock.advance(20_000);
  assert.equal(stateOf('a'), 'up');
  assert.ok((checker.snapshot('a')?.stats.results.get('local L4CON') ?? 0) > 5);
  checker.stop();
});

test('pause, resume, disable, enable: one transition each, no probe in between', async () => {
  const { clock, network, sync, checker, story } = setUp();
  sync(target('a'));
  await clock.advance(2000);
  assert.equal(checker.setAdmin('a', 'paused', 'by alice'), true);
  assert.equal(checker.setAdmin('a', 'paused', 'again'), false);
  assert.equal(network.inFlight('a'), 0);
  const before = network.started('a');
  await clock.advance(60_000);
  assert.equal(network.started('a'), before);
  checker.setAdmin('a', 'active', 'by alice');
  await clock.advance(30);
  checker.setAdmin('a', 'disabled', 'by bob');
  await clock.advance(30_000);
  checker.setAdmin('a', 'active', 'by bob');
  await clock.advance(30);
  assert.deepEqual(story(), [
    'a: unknown->up L7OK',
    'a: up->paused paused',
    'a: paused->unknown resumed',
    'a: unknown->up L7OK',
    'a: up->disabled disabled',
    'a: disabled->unknown enabled',
    'a: unknown->up L7OK',
  ]);
  assert.equal(checker.snapshot('a')?.transitions.length, 5, 'history is bounded');
  checker.stop();
});

test('pausing while a probe is in flight discards its answer', async () => {
  const { clock, network, sync, checker, story } = setUp();
  network.set('a', { t: 'alive', afterMs: 200 });
  sync(target('a'));
  await clock.advance(100);
  assert.equal(network.inFlight('a'), 1);
  checker.setAdmin('a', 'paused', '');
  await clock.advance(1000);
  assert.deepEqual(story(), ['a: unknown->paused paused']);
  assert.equal(checker.snapshot('a')?.lastProbe, undefined);
  checker.stop();
});

test('static backends are up while active, with code static', () => {
  const { sync, checker, story } = setUp();
  sync(staticTarget('s'));
  checker.setAdmin('s', 'paused', '');
  checker.setAdmin('s', 'active', '');
  assert.deepEqual(story(), [
    's: unknown->up static',
    's: up->paused paused',
    's: paused->unknown resumed',
    's: unknown->up static',
  ]);
  checker.stop();
});

test('sync leaves the unchanged alone, to the timer', async () => {
  const run = async (touch: boolean) => {
    const { clock, network, sync, checker } = setUp(7);
    sync(target('a'), target('b'));
    await clock.advance(5000);
    const before = checker.snapshot('a');
    if (touch) {
      sync(target('c'), target('a'));
      assert.deepEqual({ ...checker.snapshot('a') }, { ...before });
      assert.equal(checker.snapshot('b'), undefined);
    }
    // the next start of a falls on the same millisecond whether or not there was a sync
    const started = network.started('a');
    const fromMs = clock.nowMs();
    while (network.started('a') === started) await clock.advance(1);
    checker.stop();
    return clock.nowMs() - fromMs;
  };
  assert.equal(await run(true), await run(false));
});

test('sync: removed ones stop, a changed address starts anew, a changed check keeps the state', async () => {
  const { clock, network, sync, checker, story } = setUp();
  sync(target('a'), target('b'), target('c'));
  await clock.advance(5000);
  const slower: HealthCheck = { ...check, fall: 5, timeoutMs: 500 };
  sync(target('b', { address: 'b2' }), target('c', { check: slower }));
  assert.equal(checker.snapshot('a'), undefined);
  assert.equal(checker.snapshot('b')?.state, 'unknown');
  const changed = checker.snapshot('c');
  assert.equal(changed?.state, 'up');
  assert.equal(changed?.counter, 6, 'steady stays steady in the new range');
  await clock.advance(500);
  assert.deepEqual(story().slice(3), [
    'a: up->removed removed',
    'b: up->removed removed',
    'b: unknown->up L7OK',
  ]);
  const before = network.started('a');
  await clock.advance(10_000);
  assert.equal(network.started('a'), before);
  checker.stop();
});

test('at most one probe in flight per backend, and stop leaves nothing behind', async () => {
  const { clock, network, sync, checker } = setUp();
  const names = Array.from({ length: 40 }, (_, i) => `b${i}`);
  for (const [i, name] of names.entries()) {
    if (i % 3 === 0) network.set(name, { t: 'silent' });
    if (i % 3 === 1) network.set(name, { t: 'alive', afterMs: 900 });
  }
  sync(...names.map((name) => target(name)));
  await clock.advance(20_000);
  assert.equal(network.inFlightPeak(), 1);
  checker.stop();
  assert.equal(network.inFlightTotal(), 0);
  assert.equal(clock.pendingTimerCount(), 0);
});
