// Simulates seeds in a thread of its own: each message is a range, each answer what became of one seed. (The
// test runner follows every promise of its own thread, which makes a run that consists of promises several
// times as long.)
import { parentPort } from 'node:worker_threads';
import { must } from '../../src/lib/assert.ts';
import { type SimulationResult, simulate } from './simulate.ts';

/** What a message says. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
  readonly minutes: number;
}

/** What comes back for each seed; with `failure`, the text of the first broken invariant, nothing else. */
export type SeedResult =
  | { readonly t: 'kept'; readonly seed: number; readonly result: Omit<SimulationResult, 'digest'> }
  | { readonly t: 'broken'; readonly seed: number; readonly failure: string };

const port = must(parentPort, 'a thread that started this one');
port.on('message', async ({ first, last, minutes }: SeedRange) => {
  for (let seed = first; seed <= last; seed++) port.postMessage(await run(seed, minutes));
});

async function run(seed: number, minutes: number): Promise<SeedResult> {
  try {
    const { digest, ...result } = await simulate(seed, minutes);
    return { t: 'kept', seed, result };
  } catch (error) {
    return { t: 'broken', seed, failure: (error as Error).stack ?? String(error) };
  }
}
