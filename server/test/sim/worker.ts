// Simulates a range of seeds in a thread of its own: the test runner follows every promise of its own thread,
// which makes a run that consists of promises several times as long.
import { parentPort, workerData } from 'node:worker_threads';
import { type SimulationResult, simulate } from './simulate.ts';

/** What `workerData` is. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
  readonly minutes: number;
}

/** What comes back for each seed. */
export type SeedResult = Omit<SimulationResult, 'digest'>;

const { first, last, minutes }: SeedRange = workerData;
const results: SeedResult[] = [];
for (let seed = first; seed <= last; seed++) {
  try {
    const { digest, ...result } = await simulate(seed, minutes);
    results.push(result);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`seed ${seed} (npm run sim -- --seed ${seed}): ${message}`, { cause: error });
  }
}
parentPort?.postMessage(results);
