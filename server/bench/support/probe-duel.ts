// The same backends probed by the baselines, by maglevd, and by the baselines again: what drifts over the run
// (clock speed, neighbours on the machine) cancels out. It must not know how any of them probes.
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
  /** The first is the one that all figures are held against; of the others only the CPU is compared. */
  readonly baselines: readonly Baseline[];
  readonly bars: DuelBars;
}

/** The project's limits, where it has some. */
export interface DuelBars {
  /** On the 99th percentile of the schedule lag. */
  readonly lagMsMax?: number;
}

export interface Baseline {
  readonly name: string;
  /** The project's limit on our CPU time per probe beside this one's. */
  readonly ratioMax?: number;
  /** Resolves once it probes all backends. */
  readonly start: () => Promise<Program>;
  /** How long it takes to settle after that; absent: a few seconds. */
  readonly warmUpMs?: number;
  /** Probes that did not pass since its start; absent: it does not say. */
  readonly countFailed?: (program: Program) => Promise<number>;
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

/** What one baseline did before us and after us. */
export interface BaselineRuns extends Pick<Baseline, 'name' | 'ratioMax'> {
  readonly runs: readonly BaselineRun[];
}

export async function runDuel(context: TrialContext, options: DuelOptions): Promise<Findings> {
  const { baselines, bars, counter } = options;
  const first: BaselineRun[] = [];
  for (const baseline of baselines) first.push(await measureBaseline(context, baseline, counter));
  const own = await measureOwn(context, options);
  const last: BaselineRun[] = [];
  for (const baseline of baselines) last.push(await measureBaseline(context, baseline, counter));
  const theirs = baselines.map((baseline, index) => ({
    name: baseline.name,
    ...(baseline.ratioMax !== undefined && { ratioMax: baseline.ratioMax }),
    runs: [first[index], last[index]].filter((run) => run !== undefined),
  }));
  return { figures: duelFigures(own, theirs, bars), notes: duelNotes(context, own, theirs) };
}

/** One window of half the time. */
async function measureBaseline(
  context: TrialContext,
  baseline: Baseline,
  counter: NetCounter,
): Promise<BaselineRun> {
  const { cpus, progress } = context;
  progress(`${baseline.name}: starting`);
  const program = await baseline.start();
  await sleep(baseline.warmUpMs ?? baselineWarmUpMs);
  const seconds = context.seconds / 2;
  progress(`${baseline.name}: measuring for ${seconds} s`);
  const window = await measureWindow({ program, cpus, counter, seconds });
  const failed = await baseline.countFailed?.(program);
  await program.stop();
  return { window, failed };
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
