// Simulates seeds over a product with one planted fault, in a thread of its own: its modules are edited as
// they are loaded. Says which seed found it, and how.
import { registerHooks } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { PlantedFault } from './planted-faults.ts';

/** What comes back: a seed that broke an invariant, or none. */
export type Finding =
  | { readonly t: 'caught'; readonly seed: number; readonly message: string }
  | { readonly t: 'missed' }
  /** The edits do not fit the product any more. */
  | { readonly t: 'unfit'; readonly message: string };

export interface PlantedTask {
  readonly fault: Pick<PlantedFault, 'edits' | 'seeds'>;
  readonly minutes: number;
}

const { fault, minutes } = workerData as PlantedTask;
const sourceUrl = new URL('../../src/', import.meta.url).href;
const applied = new Set<number>();

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith(sourceUrl)) return loaded;
    const file = url.slice(sourceUrl.length);
    let source = Buffer.from((loaded.source ?? '') as Uint8Array).toString();
    for (const [index, { before, after, ...edit }] of fault.edits.entries()) {
      if (edit.file !== file) continue;
      if (source.split(before).length === 2) applied.add(index);
      source = source.replace(before, () => after);
    }
    return { ...loaded, source };
  },
});

async function find(): Promise<Finding> {
  const { simulate } = await import('./simulate.ts');
  if (applied.size < fault.edits.length) {
    const missing = fault.edits.filter((_, index) => !applied.has(index)).map(({ file }) => file);
    return { t: 'unfit', message: `not exactly once in ${missing.join(', ')}` };
  }
  for (let seed = 1; seed <= fault.seeds; seed++) {
    try {
      await simulate(seed, minutes);
    } catch (error) {
      return { t: 'caught', seed, message: (error as Error).stack ?? String(error) };
    }
  }
  return { t: 'missed' };
}

// An error thrown in a callback of the clock is found as well: it is what the invariants of a daemon are for.
process.on('uncaughtException', (error) => {
  parentPort?.postMessage({ t: 'caught', seed: 0, message: error.stack ?? String(error) } satisfies Finding);
});
parentPort?.postMessage(await find());
