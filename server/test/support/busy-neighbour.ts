// Processes that burn a CPU so that another one starves; each ends by itself in the end.
import { type GuardedProcess, spawnGuarded } from './guarded-process.ts';

/** CPU seconds after which the kernel ends a neighbour that nobody ended. */
const cpuSecondsMax = 120;

export interface Neighbours {
  /** Kills each by its own pid; a second call does nothing. */
  stop(): Promise<void>;
}

/** Starts `count` endless loops, pinned to one CPU, at the usual niceness. */
export async function startNeighbours(cpu: number, count: number): Promise<Neighbours> {
  const loop = `ulimit -t ${cpuSecondsMax}; while :; do :; done`;
  const running: GuardedProcess[] = [];
  for (let index = 0; index < count; index += 1) {
    running.push(await spawnGuarded(['taskset', '-c', String(cpu), 'sh', '-c', loop]));
  }
  return {
    async stop() {
      await Promise.all(running.map((neighbour) => neighbour.kill()));
    },
  };
}
