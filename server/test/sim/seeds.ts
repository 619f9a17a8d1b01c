// Runs many seeds on several threads; the order in which they end is the only thing that differs from run to
// run. It must not know what is simulated.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SeedRange, SeedResult } from './worker.ts';

/** Seeds `first` to `last`, one at a time on each thread. Rejects when a thread dies. */
export async function runSeeds(
  { first, last, minutes }: SeedRange,
  threads: number,
  onResult: (result: SeedResult) => void,
): Promise<void> {
  let next = first;
  const work = async () => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    try {
      while (next <= last) {
        const seed = next++;
        const answered = once(worker, 'message');
        worker.postMessage({ first: seed, last: seed, minutes } satisfies SeedRange);
        onResult(((await answered) as [SeedResult])[0]);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, last - first + 1) }, work));
}
