// The same backends probed by the baseline, by maglevd, and by the baseline again: what drifts over the run
// (clock speed, neighbours on the machine) cancels out. It must not know how either of them probes.
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokenRun, type Findings, type TrialContext } from '../trial.ts';
import { duelFigures, duelNotes } from './duel-findings.ts';
import { type Counted, readCounted, startMaglevd } from './maglevd.ts';
import type { NetCounter } from './proc.ts';
import type { Program } from './process-group.ts';
import { measureWindow, type Window } from './window.ts';

/** For the compiler to settle on a thousand probes a second. */
const warmUpSecondsMax = 20;
/** For a program that was compiled before. */
const baselineWarmUpMs = 3000;
/** After a reading of /metrics, until its garbage is gone. */
const settleMs = 2000;

export interface DuelOptions {
  readonly yaml: string;
  readonly counter: NetCounter;
  readonly baseline?: Baseline;
  readonly bars: DuelBars;
}

/** The project's limits, where it has some. */
export interface DuelBars {
  /** On our CPU time per probe beside the baseline's. */
  readonly ratioMax?: number;
  /** On the 99th percentile of the schedule lag. */
  readonly lagMsMax?: number;
}

export interface Baseline {
  readonly name: string;
  /** Resolves once it probes all backends. */
  readonly start: () => Promise<Program>;
  /** Probes that did not pass since its start; absent: it does not say. */
  readonly countFailed?: () => Promise<number>;
}

export interface BaselineRun {
  readonly window: Window;
  readonly failed: number | undefined;
}

export interface OwnRun {
  readonly window: Window;
  readonly before: Counted;
  /** Since the start of the daemon: the warm-up must be clean as well. */
  readonly total: Counted;
}

export async function runDuel(context: TrialContext, options: DuelOptions): Promise<Findings> {
  const { baseline, bars } = options;
  const first = await measureBaseline(context, options);
  const own = await measureOwn(context, options);
  const last = await measureBaseline(context, options);
  const name = baseline?.name ?? '';
  const runs = [...first, ...last];
  return {
    figures: duelFigures(own, { name, runs }, bars),
    notes: duelNotes(context, own, { name, runs }),
  };
}

/** One window of half the time; none without a baseline. */
async function measureBaseline(
  context: TrialContext,
  { baseline, counter }: DuelOptions,
): Promise<readonly BaselineRun[]> {
  if (baseline === undefined) return [];
  const { cpus, progress } = context;
  progress(`${baseline.name}: starting`);
  const program = await baseline.start();
  await sleep(baselineWarmUpMs);
  const seconds = context.seconds / 2;
  progress(`${baseline.name}: measuring for ${seconds} s`);
  const window = await measureWindow({ program, cpus, counter, seconds });
  const failed = await baseline.countFailed?.();
  await program.stop();
  return [{ window, failed }];
}

async function measureOwn(context: TrialContext, { yaml, counter }: DuelOptions): Promise<OwnRun> {
  const { seconds, cpus, progress } = context;
  progress('maglevd: starting');
  const program = await startMaglevd(context, yaml);
  await sleep(1000 * Math.min(seconds, warmUpSecondsMax));
  const before = await readCounted();
  await sleep(settleMs);
  progress(`maglevd: measuring for ${seconds} s`);
  const window = await measureWindow({ program, cpus, counter, seconds });
  const total = await readCounted();
  await program.stop();
  if (window.probes === 0) throw new BrokenRun('maglevd has not probed at all');
  return { window, before, total };
}
