// What a duel of probers shows: figures, and what has to be known to read them. Pure.
import type { Figure, TrialContext } from '../trial.ts';
import { bucketsBetween, quantileOf } from './exposition.ts';
import type { BaselineRun, DuelBars, OwnRun } from './probe-duel.ts';
import { cpuMsPerThousand, joinWindows, type Window } from './window.ts';

/** The runs of the baseline; none when there is no baseline. */
export interface BaselineRuns {
  readonly name: string;
  readonly runs: readonly BaselineRun[];
}

export function duelFigures(own: OwnRun, theirs: BaselineRuns, bars: DuelBars): readonly Figure[] {
  const { window, before, total } = own;
  const { ratioMax, lagMsMax } = bars;
  const joined = theirs.runs.length > 0 ? joinWindows(theirs.runs.map((run) => run.window)) : undefined;
  const compared = (name: string, unit: string, of: (window: Window) => number): Figure => ({
    name,
    unit,
    value: of(window),
    ...(joined && { baseline: { name: theirs.name, value: of(joined) } }),
  });
  const lag = bucketsBetween(before.lag, total.lag);
  const lagMs = (quantile: number) => 1000 * quantileOf(lag, quantile);
  return [
    {
      ...compared('CPU per 1,000 probes', 'ms', cpuMsPerThousand),
      ...(ratioMax !== undefined && { bar: { on: 'ratio', max: ratioMax } }),
    },
    compared('- in user mode', 'ms', ({ userMs, probes }) => (1000 * userMs) / probes),
    compared('- in the kernel', 'ms', ({ systemMs, probes }) => (1000 * systemMs) / probes),
    compared('probes per second', '', ({ probes, elapsedMs }) => (1000 * probes) / elapsedMs),
    compared('resident memory', 'MiB', ({ residentBytes }) => residentBytes / 2 ** 20),
    { name: 'false transitions', unit: '', value: total.falseTransitions, bar: { on: 'value', max: 0 } },
    { name: 'late probes', unit: '', value: total.late, bar: { on: 'value', max: 0 } },
    failedFigure(own, theirs),
    { name: 'schedule lag p50', unit: 'ms', value: lagMs(0.5) },
    {
      name: 'schedule lag p99',
      unit: 'ms',
      value: lagMs(0.99),
      ...(lagMsMax !== undefined && { bar: { on: 'value', max: lagMsMax } }),
    },
  ];
}

/** Without a bar: a target that others starve fails in truth. */
function failedFigure({ total }: OwnRun, { name, runs }: BaselineRuns): Figure {
  const value = Array.from(total.faults.values()).reduce((sum, count) => sum + count, 0) - total.late;
  const counts = runs.flatMap(({ failed }) => (failed === undefined ? [] : [failed]));
  const figure = { name: 'failed probes', unit: '', value };
  if (counts.length === 0) return figure;
  return { ...figure, baseline: { name, value: counts.reduce((sum, count) => sum + count, 0) } };
}

export function duelNotes(
  { cpus }: TrialContext,
  own: OwnRun,
  { name, runs }: BaselineRuns,
): readonly string[] {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const describe = (who: string, window: Window) => {
    const parts = [
      `${who}: ${cpuMsPerThousand(window).toFixed(1)} ms per 1,000`,
      `CPU ${cpus.prober} ${percent(window.othersShare)} used by others`,
      `CPU ${cpus.target} ${percent(window.targetShare)} busy`,
    ];
    return `${parts.join(', ')}.`;
  };
  const faults = Array.from(own.total.faults, ([key, count]) => `${count} x ${key}`).join(', ');
  return [
    ...runs.slice(0, 1).map(({ window }) => describe(`${name} before`, window)),
    describe('maglevd', own.window),
    ...runs.slice(1).map(({ window }) => describe(`${name} after`, window)),
    ...(faults === '' ? [] : [`Beside ${own.total.pass} that passed: ${faults}.`]),
    'Only the sum of user mode and kernel is exact. The lag holds one scrape of /metrics.',
  ];
}
