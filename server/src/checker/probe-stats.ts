// What is counted per backend: numbers that only rise, for metrics. It decides nothing.
import type { BackendState } from '../health/backend-health.ts';
import { type ProbeCode, probeCodes } from '../health/result-code.ts';

/** pass, fail: the result counted. late: our lateness made it worthless. local: we ran out of something. */
export type ProbeOutcome = 'pass' | 'fail' | 'late' | 'local';

/** Upper bounds in seconds; one more bucket holds the rest. */
export const durationBucketsSeconds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
export const lagBucketsSeconds = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Counts per bucket (not cumulative), their number and sum. */
export class Histogram {
  readonly counts: number[];
  readonly boundsSeconds: readonly number[];
  sumSeconds = 0;
  count = 0;

  constructor(boundsSeconds: readonly number[]) {
    this.boundsSeconds = boundsSeconds;
    this.counts = new Array<number>(boundsSeconds.length + 1).fill(0);
  }

  observeMs(valueMs: number): void {
    const seconds = valueMs / 1000;
    let index = 0;
    while (index < this.boundsSeconds.length && seconds > (this.boundsSeconds[index] as number)) index++;
    this.counts[index] = (this.counts[index] as number) + 1;
    this.sumSeconds += seconds;
    this.count++;
  }
}

type ResultKey = `${ProbeOutcome} ${ProbeCode}`;

function keysOf(outcome: ProbeOutcome): Readonly<Record<ProbeCode, ResultKey>> {
  const entries = probeCodes.map((code) => [code, `${outcome} ${code}`] as const);
  return Object.fromEntries(entries) as Record<ProbeCode, ResultKey>;
}

/** Made once: a key that is put together for each probe costs as much as the rest of counting it. */
const resultKeys = {
  pass: keysOf('pass'),
  fail: keysOf('fail'),
  late: keysOf('late'),
  local: keysOf('local'),
} as const;

/** Counters of one backend; they end with it. */
export class ProbeStats {
  /** By `outcome code`. */
  readonly results = new Map<ResultKey, number>();
  /** By `from to`. */
  readonly transitions = new Map<`${BackendState} ${BackendState}`, number>();
  readonly duration = new Histogram(durationBucketsSeconds);
  lateCount = 0;

  countResult(outcome: ProbeOutcome, code: ProbeCode): void {
    const key = resultKeys[outcome][code];
    this.results.set(key, (this.results.get(key) ?? 0) + 1);
    if (outcome === 'late') this.lateCount++;
  }

  /** A probe that was due and not run, since we came too late for it. */
  countSkipped(): void {
    this.lateCount++;
  }

  countTransition(from: BackendState, to: BackendState): void {
    const key = `${from} ${to}` as const;
    this.transitions.set(key, (this.transitions.get(key) ?? 0) + 1);
  }
}
