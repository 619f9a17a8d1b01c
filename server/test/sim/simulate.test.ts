import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeeds } from './seeds.ts';
import { simulate } from './simulate.ts';

const seeds = 50;
const minutesPerSeed = 40;
const threads = 2;

test(`${seeds} seeds of ${minutesPerSeed} simulated minutes keep the invariants`, async (t) => {
  let minutes = 0;
  let transitions = 0;
  let lateProbes = 0;
  const seen = { mutations: 0, emptied: 0, warmChanges: 0, warmLowerings: 0, flushes: 0 };
  let told = 0;
  let resyncs = 0;
  const failures: string[] = [];
  await runSeeds({ first: 1, last: seeds, minutes: minutesPerSeed }, threads, (one) => {
    if (one.t === 'broken') {
      failures.push(`seed ${one.seed} (npm run sim -- --seed ${one.seed}): ${one.failure}`);
      return;
    }
    const { result } = one;
    told += result.clients.told;
    resyncs += result.clients.resyncs;
    minutes += result.simulatedMinutes;
    transitions += result.transitions;
    lateProbes += result.lateProbes;
    seen.mutations += result.seen.mutations;
    seen.emptied += result.seen.emptied;
    seen.warmChanges += result.seen.warmChanges;
    seen.warmLowerings += result.seen.warmLowerings;
    seen.flushes += result.seen.flushes;
  });
  assert.deepEqual(failures, []);
  t.diagnostic(`${Math.round(minutes)} minutes, ${transitions} transitions, ${lateProbes} late probes`);
  t.diagnostic(JSON.stringify(seen));
  t.diagnostic(`${told} events told to subscribers, ${resyncs} resyncs`);
  assert.ok(minutes > 2000);
  assert.ok(told > 1000 && resyncs > 10, 'subscribers had something to hear, and missed something');
  assert.ok(transitions > 1000, 'the world was not dull');
  assert.ok(lateProbes > 100, 'we were late often enough');
  assert.ok(seen.mutations > 10_000, 'VPP was changed often enough');
  assert.ok(seen.emptied > 100, 'VIPs lost their last server often enough');
  assert.ok(seen.flushes > 100, 'flows had to be cut often enough');
  assert.ok(seen.warmChanges > 100 && seen.warmLowerings > 5, 'the warm-up had something to hold back');
});

test('the same seed gives the same run', async () => {
  const first = await simulate(42, 20);
  const second = await simulate(42, 20);
  assert.equal(first.digest, second.digest);
  assert.notEqual((await simulate(43, 20)).digest, first.digest);
});
