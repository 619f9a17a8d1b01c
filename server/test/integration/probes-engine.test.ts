// Plain probes in the engine's thread: a loop of ours that is away neither delays nor falsifies a result, and
// what is asked beyond the engine's bounds is refused as ours.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Checker, type ProbeReport } from '../../src/checker/checker.ts';
import { realClock } from '../../src/lib/clock.ts';
import { engineSlotsMax } from '../../src/lib/limits.ts';
import { createPrng } from '../../src/lib/prng.ts';
import type { ProbeNetwork } from '../../src/probes/network.ts';
import type { PreparedProbe, ProbeResult } from '../../src/probes/probe.ts';
import { behaviours, okReply } from '../support/behaviours.ts';
import { serve, serveBlackHole } from '../support/misbehaving-server.ts';
import {
  blockLoop,
  httpCheck,
  prepare,
  type StreamCheck,
  tcpCheck,
  testNetwork,
} from '../support/probe-run.ts';
import { type BehaviourName, startServerProcess } from '../support/server-process.ts';

const target = { address: '127.0.0.1', family: 4 } as const;
const blockMs = 300;

function openNetwork(t: TestContext, netns?: string): ProbeNetwork {
  const network = testNetwork(netns);
  t.after(() => network.close());
  return network;
}

/** In a process of its own, which our own blocked loop does not block. */
async function serveElsewhere(t: TestContext, ...names: BehaviourName[]): Promise<readonly number[]> {
  const servers = await startServerProcess(names.map((name) => ({ name })));
  t.after(() => servers.stop());
  return servers.ports;
}

interface Ended {
  readonly result: ProbeResult;
  readonly elapsedMs: number | undefined;
}

function start(prepared: PreparedProbe): Promise<Ended> {
  return new Promise((resolve) => {
    prepared.start((result, elapsedMs) => resolve({ result, elapsedMs }));
  });
}

test('a blocked loop: the results are good, and their times true', async (t) => {
  const [ok = 0, unavailable = 0] = await serveElsewhere(t, 'ok', 'unavailable');
  const network = openNetwork(t);
  const checks: readonly StreamCheck[] = [
    tcpCheck(ok),
    httpCheck(ok),
    httpCheck(ok, { responseRegexp: '^ok' }),
    httpCheck(unavailable),
  ];
  const prepared = checks.map((check) => prepare(check, target, network));
  await Promise.all(prepared.map(start));
  const runs = prepared.map(start);
  await Promise.resolve();
  const startedMs = performance.now();
  blockLoop(blockMs);
  const ended = await Promise.all(runs);
  assert.ok(performance.now() - startedMs >= blockMs);
  assert.deepEqual(
    ended.map(({ result }) => result.code),
    ['L4OK', 'L7OK', 'L7OK', 'L7STS'],
  );
  for (const { elapsedMs = Number.NaN } of ended) assert.ok(elapsedMs < blockMs / 2, String(elapsedMs));
});

test('a loop that is blocked beyond the timeout: a pass, with its true duration', async (t) => {
  const [port = 0] = await serveElsewhere(t, 'ok');
  const network = openNetwork(t);
  const check = { ...httpCheck(port), timeoutMs: 150, intervalMs: 50, fastIntervalMs: 50, fall: 1, rise: 1 };
  const reports: ProbeReport[] = [];
  let wake = (): void => undefined;
  const checker = new Checker({
    clock: realClock,
    prng: createPrng(1),
    prepare: (_, backend) => prepare(check, backend, network),
    onTransition: (_, { to }) => assert.notEqual(to, 'down'),
    onProbe(report) {
      reports.push(report);
      wake();
    },
  });
  t.after(() => checker.stop());
  checker.sync([{ name: 'a', ...target, check, admin: 'active' }], 5, () => true);
  const nextReport = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  await nextReport();
  for (let round = 0; round < 3; round++) {
    while (checker.inFlight() === 0) await sleep(1);
    const seen = reports.length;
    blockLoop(blockMs);
    while (reports.length === seen) await nextReport();
    const { outcome, durationMs, result } = reports[seen] as ProbeReport;
    assert.equal(outcome, 'pass', `${result.code} ${result.detail}`);
    assert.ok(durationMs < 150, String(durationMs));
  }
  // Before the server is gone.
  checker.stop();
});

test('silence proves nothing when the engine itself was late', async (t) => {
  const check = { ...tcpCheck(9), timeoutMs: 40 };
  for (const [delayedMs, outcome] of [
    [0, 'fail'],
    [30, 'late'],
  ] as const) {
    const { promise, resolve } = Promise.withResolvers<ProbeReport>();
    const expire = (): ProbeResult => ({ ok: false, code: 'L4TOUT', detail: 'no connection in time' });
    const checker = new Checker({
      clock: realClock,
      prng: createPrng(1),
      prepare: () => ({ start: () => ({ delayedMs, expire, cancel: () => undefined }) }),
      onTransition: () => undefined,
      onProbe: resolve,
    });
    t.after(() => checker.stop());
    checker.sync([{ name: 'a', ...target, check, admin: 'active' }], 5, () => true);
    assert.equal((await promise).outcome, outcome);
  }
});

test('silence while the loop was away: the engine has watched; a reply that had begun waits', async (t) => {
  const [silent = 0, half = 0] = await serveElsewhere(t, 'silent', 'halfHeaders');
  const network = openNetwork(t);
  for (const [port, outcome] of [
    [silent, 'fail'],
    [half, 'late'],
  ] as const) {
    const check = { ...httpCheck(port), timeoutMs: 150, intervalMs: 50, fastIntervalMs: 50 };
    const { promise, resolve } = Promise.withResolvers<ProbeReport>();
    const checker = new Checker({
      clock: realClock,
      prng: createPrng(1),
      prepare: (_, backend) => prepare(check, backend, network),
      onTransition: () => undefined,
      onProbe: resolve,
    });
    t.after(() => checker.stop());
    checker.sync([{ name: 'a', ...target, check, admin: 'active' }], 5, () => true);
    while (checker.inFlight() === 0) await sleep(1);
    blockLoop(blockMs);
    assert.equal((await promise).outcome, outcome);
    checker.stop();
  }
});

test('at the deadline: an answer that lies there, untold, counts', async (t) => {
  const [ok = 0] = await serveElsewhere(t, 'ok');
  const network = openNetwork(t);
  for (const [check, code] of [
    [tcpCheck(ok), 'L4OK'],
    [httpCheck(ok), 'L7OK'],
  ] as const) {
    const run = prepare(check, target, network).start(() => assert.fail('done was called'));
    await Promise.resolve();
    blockLoop(100);
    assert.equal(run.expire().code, code);
  }
  await sleep(20);
});

test('not begun at its deadline: that is ours', async (t) => {
  const network = openNetwork(t);
  const hole = await serveBlackHole();
  t.after(() => hole.close());
  const run = prepare(tcpCheck(hole.port), target, network).start(() => assert.fail('done was called'));
  assert.deepEqual(run.expire(), { ok: false, code: 'L4TOUT', detail: 'not begun in time', ours: true });
});

test('more probes at a time than the engine has slots are refused as ours, the others run', async (t) => {
  const network = openNetwork(t, 'maglev-no-such-namespace');
  const prepared = prepare(tcpCheck(9), target, network);
  const ended = await Promise.all(Array.from({ length: engineSlotsMax + 2 }, () => start(prepared)));
  const details = new Map<string, number>();
  for (const { result } of ended) details.set(result.detail, (details.get(result.detail) ?? 0) + 1);
  assert.deepEqual(Object.fromEntries(details), {
    'enter netns "maglev-no-such-namespace": no such file or directory': engineSlotsMax,
    [`more than ${engineSlotsMax} probes at a time`]: 2,
  });
  assert.equal(ended.at(-1)?.result.ours, true);
  assert.equal((await start(prepared)).result.ours, undefined, 'the slots are free again');
});

test('a request larger than a batch', async (t) => {
  const network = openNetwork(t);
  const headers = Array.from({ length: 64 }, (_, index) => [`x-${index}`, 'v'.repeat(4000)] as const);
  const server = await serve(({ socket }) => {
    let length = 0;
    socket.on('data', (bytes) => {
      length += bytes.length;
      if (bytes.includes('\r\n\r\n')) socket.write(length > 256_000 ? okReply : 'too short');
    });
  });
  t.after(() => server.close());
  const prepared = prepare(httpCheck(server.port, { headers }), target, network);
  const ended = await Promise.all([start(prepared), start(prepared)]);
  assert.deepEqual(
    ended.map(({ result }) => result.code),
    ['L7OK', 'L7OK'],
  );
});

test('a probe that ends others from its own end: nobody else is told', async (t) => {
  const network = openNetwork(t);
  const server = await serve(behaviours.ok);
  t.after(() => server.close());
  const prepared = prepare(httpCheck(server.port), server, network);
  let told = 0;
  const runs = Array.from({ length: 100 }, () =>
    prepared.start(() => {
      told += 1;
      for (const run of runs) run.cancel();
    }),
  );
  await Promise.resolve();
  while (told === 0) await sleep(1);
  await sleep(50);
  assert.equal(told, 1);
});
