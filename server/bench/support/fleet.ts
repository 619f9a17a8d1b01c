// maglevd with very many backends: what it does is read from its log, because asking it for all of them is
// work that would be measured as well. It must not know which figures are wanted.
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokenRun, type TrialContext } from '../trial.ts';
import { followLog, type LogLine } from './daemon-log.ts';
import { launchMaglevd } from './maglevd.ts';
import type { Program } from './process-group.ts';

const pollMs = 200;

export interface Fleet {
  readonly program: Program;
  /** From the start of the process until its API answers, and until each backend has left unknown. */
  readonly readyMs: number;
  readonly verdictsMs: number;
  /** Waits until the log has so many lines that `isWanted`, counted from the start, and gives them. */
  waitFor(what: string, count: number, isWanted: (line: LogLine) => boolean): Promise<readonly LogLine[]>;
}

/** Resolves once each of `count` backends has its first verdict. */
export async function startFleet(
  context: TrialContext,
  yaml: string,
  { count, patienceMs, vpp }: FleetOptions,
): Promise<Fleet> {
  const startMs = Date.now();
  const program = await launchMaglevd(context, yaml, vpp);
  const readyMs = Date.now() - startMs;
  const log = followLog(program);
  const lines: LogLine[] = [];
  const waitFor: Fleet['waitFor'] = async (what, wanted, isWanted) => {
    const endMs = performance.now() + patienceMs;
    let found: LogLine[] = lines.filter(isWanted);
    while (found.length < wanted) {
      program.assertAlive();
      if (performance.now() > endMs) throw new BrokenRun(`${what}: ${found.length} of ${wanted} in time`);
      await sleep(pollMs);
      const more = log.next();
      lines.push(...more);
      found = found.concat(more.filter(isWanted));
    }
    return found;
  };
  const verdicts = await waitFor('first verdicts', count, isVerdict);
  return { program, readyMs, verdictsMs: lastMs(verdicts) - startMs, waitFor };
}

export interface FleetOptions {
  readonly count: number;
  readonly patienceMs: number;
  readonly vpp?: readonly string[];
}

const isVerdict = ({ msg, from }: LogLine) => msg === 'backend-transition' && from === 'unknown';
export const lastMs = (lines: readonly LogLine[]): number =>
  lines.reduce((latest, { atMs }) => Math.max(latest, atMs), 0);
export const firstMs = (lines: readonly LogLine[]): number =>
  lines.reduce((earliest, { atMs }) => Math.min(earliest, atMs), Number.POSITIVE_INFINITY);
