// 100,000 probes of every outcome, 200 at a time: no descriptor stays open, and memory does not grow.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { PreparedProbe } from '../../src/probes/probe.ts';
import { refusingPort } from '../support/misbehaving-server.ts';
import { httpCheck, httpsCheck, prepare, tcpCheck, testNetwork } from '../support/probe-run.ts';
import { startServerProcess } from '../support/server-process.ts';

const probeCount = 100_000;
const concurrency = 200;
const insecure = { insecureSkipVerify: true };
const target = { address: '127.0.0.1', family: 4 } as const;
/** The engine lets go of spare sockets when it had nothing to do for a second. */
const sparesGoneMs = 1_500;
const descriptors = () => readdirSync('/proc/self/fd').length;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** How a run is ended: by itself, or as the checker would. */
type Ending = 'itself' | 'expire' | 'cancel';
interface Kind {
  readonly prepared: PreparedProbe;
  readonly ending: Ending;
  /** How many of 100 probes are of this kind. */
  readonly share: number;
}

/** Runs `count` probes; gives how many ended with each code (or were cancelled). */
async function runMany(kinds: readonly Kind[], count: number): Promise<Map<string, number>> {
  const deck = kinds.flatMap((kind) => Array<Kind>(kind.share).fill(kind));
  assert.equal(deck.length, 100);
  const codes = new Map<string, number>();
  const { promise, resolve } = Promise.withResolvers<void>();
  let started = 0;
  let ended = 0;
  const end = (code: string) => {
    codes.set(code, (codes.get(code) ?? 0) + 1);
    ended++;
    if (ended === count) resolve();
    // By way of the loop, as the checker does: else a refusal that comes at once would nest without end.
    else setImmediate(startNext);
  };
  const startNext = () => {
    if (started === count) return;
    const { prepared, ending } = deck[(started++ * 37) % 100] as Kind;
    const run = prepared.start(({ code }) => end(code));
    if (ending === 'itself') return;
    setTimeout(() => {
      if (ending === 'expire') return end(run.expire().code);
      run.cancel();
      end('cancelled');
    }, 5);
  };
  for (let at = 0; at < concurrency; at++) startNext();
  await promise;
  return codes;
}

test('100,000 probes leave nothing behind', async (t) => {
  const servers = await startServerProcess([
    { name: 'ok' },
    { name: 'unavailable' },
    { name: 'endWithoutReply' },
    { name: 'resetWithoutReply' },
    { name: 'headerMalformed' },
    { name: 'halfHeaders' },
    { name: 'ok', isTls: true },
    { name: 'binary' },
  ]);
  const [ok = 0, unavailable = 0, ends = 0, resets = 0, malformed = 0, half = 0, secure = 0, binary = 0] =
    servers.ports;
  const network = testNetwork();
  t.after(async () => {
    network.close();
    await servers.stop();
  });
  const make = (share: number, check: Parameters<typeof prepare>[0], ending: Ending = 'itself'): Kind => ({
    prepared: prepare(check, target, network),
    ending,
    share,
  });
  const kinds = [
    make(27, httpCheck(ok)),
    make(5, httpCheck(ok, { responseRegexp: '^ok' })),
    make(18, tcpCheck(ok)),
    make(10, httpCheck(await refusingPort())),
    make(6, httpCheck(unavailable)),
    make(6, httpCheck(ends)),
    make(6, httpCheck(resets)),
    make(6, httpCheck(malformed)),
    make(4, httpCheck(half), 'expire'),
    make(4, httpCheck(half), 'cancel'),
    make(2, httpsCheck(secure, insecure)),
    make(2, tcpCheck(secure, insecure)),
    make(2, httpsCheck(binary, insecure)),
    make(2, httpsCheck(half, insecure), 'expire'),
  ];
  await runMany(kinds, 2_000);
  await sleep(sparesGoneMs);
  const descriptorsBefore = descriptors();
  await runMany(kinds, 18_000);
  const heapBefore = heapBytes();
  const startMs = performance.now();
  const codes = await runMany(kinds, probeCount - 20_000);
  await sleep(sparesGoneMs);
  const heapGrowth = heapBytes() - heapBefore;
  t.diagnostic(`${Math.round(performance.now() - startMs)} ms for 80,000, heap ${heapGrowth} bytes larger`);
  t.diagnostic(JSON.stringify([...codes]));

  assert.equal(descriptors(), descriptorsBefore);
  assert.ok(heapGrowth < 4 * 1024 * 1024, `heap grew by ${heapGrowth} bytes over 80,000 probes`);
  const share = (...names: string[]) =>
    Math.round(names.reduce((sum, name) => sum + (codes.get(name) ?? 0), 0) / ((probeCount - 20_000) / 100));
  assert.deepEqual(
    ['L4OK', 'L4CON', 'L6OK', 'L6RSP', 'L7OK', 'L7STS', 'L7RSP', 'cancelled'].map((code) => share(code)),
    [18, 10, 2, 2, 34, 6, 18, 4],
  );
  // How far a probe gets in 5 ms depends on the machine.
  assert.equal(share('L4TOUT', 'L6TOUT', 'L7TOUT'), 6);
});
