// All that is counted of one VIP, from its probes. Pure; changed in place, because thousands of results come
// per second. It must not know the screen.
import { addToHistogram, createHistogram, type Histogram } from './histogram.ts';
import { createOutages, noteProbe, type Outages } from './outages.ts';
import type { Outcome, Verdict } from './outcome.ts';
import { addSample, createSampleWindow, isSpike, type SampleWindow } from './sample-window.ts';
import { createStrip, levels, markStrip, type Strip } from './strip.ts';
import { countAnswer, createTally, type Tally } from './tally.ts';

export const errorClasses = ['timeout', 'http-err', 'net-err', 'spike'] as const;
export type ErrorClass = (typeof errorClasses)[number];

export interface VipStatistics {
  /** Since the start, or the last reset. */
  count: number;
  failures: number;
  readonly byClass: Record<ErrorClass, number>;
  last: Outcome | undefined;
  readonly window: SampleWindow;
  /** Latencies of all that passed. */
  readonly histogram: Histogram;
  readonly strip: Strip;
  readonly outages: Outages;
  readonly tally: Tally;
}

export function createVipStatistics(): VipStatistics {
  return {
    count: 0,
    failures: 0,
    byClass: { timeout: 0, 'http-err': 0, 'net-err': 0, spike: 0 },
    last: undefined,
    window: createSampleWindow(),
    histogram: createHistogram(),
    strip: createStrip(),
    outages: createOutages(),
    tally: createTally(),
  };
}

/** Counts one probe; gives the class of what was wrong with it. `tallies`: answers are counted by header. */
export function recordOutcome(
  statistics: VipStatistics,
  outcome: Outcome,
  tallies: boolean,
): ErrorClass | undefined {
  const { verdict, latencyMs, atMs, status, value } = outcome;
  const ok = verdict === 'ok';
  const fault = ok ? spikeOf(statistics, latencyMs) : (verdict satisfies Exclude<Verdict, 'ok'>);
  statistics.count += 1;
  statistics.last = outcome;
  if (!ok) statistics.failures += 1;
  if (fault) statistics.byClass[fault] += 1;
  addSample(statistics.window, ok ? latencyMs : undefined);
  if (ok) addToHistogram(statistics.histogram, latencyMs);
  markStrip(statistics.strip, atMs, !ok ? levels.error : fault ? levels.slow : levels.ok);
  noteProbe(statistics.outages, atMs, ok);
  if (tallies && status > 0) countAnswer(statistics.tally, value, atMs + latencyMs);
  return fault;
}

function spikeOf({ window }: VipStatistics, latencyMs: number): 'spike' | undefined {
  return isSpike(window, latencyMs) ? 'spike' : undefined;
}
