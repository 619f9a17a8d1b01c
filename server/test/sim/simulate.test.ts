import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from './simulate.ts';

const seeds = 50;
const minutesPerSeed = 40;

test(`${seeds} seeds of ${minutesPerSeed} simulated minutes keep the invariants`, async (t) => {
  let minutes = 0;
  let transitions = 0;
  let lateProbes = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await simulate(seed, minutesPerSeed).catch((error: Error) => {
      throw new Error(`seed ${seed} (npm run sim -- --seed ${seed}): ${error.message}`, { cause: error });
    });
    minutes += result.simulatedMinutes;
    transitions += result.transitions;
    lateProbes += result.lateProbes;
  }
  t.diagnostic(`${Math.round(minutes)} minutes, ${transitions} transitions, ${lateProbes} late probes`);
  assert.ok(minutes > 2000);
  assert.ok(transitions > 1000, 'the world was not dull');
  assert.ok(lateProbes > 100, 'we were late often enough');
});

test('the same seed gives the same run', async () => {
  const first = await simulate(42, 20);
  const second = await simulate(42, 20);
  assert.equal(first.digest, second.digest);
  assert.notEqual((await simulate(43, 20)).digest, first.digest);
});
