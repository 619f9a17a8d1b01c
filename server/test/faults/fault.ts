// What a fault by hand is: what is promised, and a run with real processes that sees whether it is so.
import type { BackendJson } from '../../src/api/schemas.ts';
import { eventually } from '../support/guarded-process.ts';
import type { LogLine, Maglevd } from '../support/maglevd.ts';

export interface Fault {
  readonly name: string;
  /** What is done, for the table. */
  readonly done: string;
  /** What the daemon is to do, for the table. */
  readonly promised: string;
  /** What was seen, in words; rejects where it is not what is promised. */
  run(): Promise<string>;
}

const patienceMs = 60_000;

export async function backendStates(maglevd: Maglevd): Promise<ReadonlyMap<string, BackendJson>> {
  const { backends } = await maglevd.api<{ backends: readonly BackendJson[] }>('/backends');
  return new Map(backends.map((backend) => [backend.name, backend]));
}

/** Resolves with the time it took until every backend (or those named) is so. */
export async function waitForStates(
  maglevd: Maglevd,
  state: BackendJson['state'],
  names?: readonly string[],
): Promise<number> {
  const startMs = performance.now();
  await eventually(`${names ?? 'all'} are ${state}`, patienceMs, async () => {
    const states = await backendStates(maglevd);
    const meant = names ?? [...states.keys()];
    return meant.every((name) => states.get(name)?.state === state) ? true : undefined;
  });
  return Math.round(performance.now() - startMs);
}

/** Log lines of backends that went down. */
export function downs(log: readonly LogLine[]): LogLine[] {
  return log.filter(({ msg, to }) => msg === 'backend-transition' && to === 'down');
}

export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
