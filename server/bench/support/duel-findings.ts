// What a duel of probers shows: figures, and what has to be known to read them. Pure.
import type { Figure, TrialContext } from '../trial.ts';
import { bucketsBetween, quantileOf } from './exposition.ts';
import type { BaselineRuns, DuelBars, OwnRun } from './probe-duel.ts';
import { cpuMsPerThousand, joinWindows, type Window } from './window.ts';

const cpuFigure = 'CPU per 1,000 probes';

/** `theirs`: the first is the one that everything is held against, of the others only the CPU is shown. */
export function duelFigures(
  own: OwnRun,
  theirs: readonly BaselineRuns[],
  { lagMsMax }: DuelBars,
): readonly Figure[] {
  const { window, before, total } = own;
  const [main, ...others] = theirs;
  const beside = (
    name: string,
    unit: string,
    of: (window: Window) => number,
    who?: BaselineRuns,
  ): Figure => ({
    name,
    unit,
    value: of(window),
    ...(who && { baseline: { name: who.name, value: of(joinWindows(who.runs.map((run) => run.window))) } }),
    ...(who?.ratioMax !== undefined && { bar: { on: 'ratio', max: who.ratioMax } }),
  });
  const compared = (name: string, unit: string, of: (window: Window) => number) =>
    beside(name, unit, of, main && { name: main.name, runs: main.runs });
  const lag = bucketsBetween(before.lag, total.lag);
  const lagMs = (quantile: number) => 1000 * quantileOf(lag, quantile);
  return [
    beside(cpuFigure, 'ms', cpuMsPerThousand, main),
    ...others.map((other) => beside(`- beside ${other.name}`, 'ms', cpuMsPerThousand, other)),
    compared('- in user mode', 'ms', ({ userMs, probes }) => (1000 * userMs) / probes),
    compared('- in the kernel', 'ms', ({ systemMs, probes }) => (1000 * systemMs) / probes),
    compared('probes per second', '', ({ probes, elapsedMs }) => (1000 * probes) / elapsedMs),
    compared('resident memory', 'MiB', ({ residentBytes }) => residentBytes / 2 ** 20),
    { name: 'false transitions', unit: '', value: total.falseTransitions, bar: { on: 'value', max: 0 } },
    { name: 'late probes', unit: '', value: total.late, bar: { on: 'value', max: 0 } },
    failedFigure(own, main),
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
function failedFigure({ total }: OwnRun, theirs: BaselineRuns | undefined): Figure {
  const counts = theirs?.runs.flatMap(({ failed }) => (failed === undefined ? [] : [failed])) ?? [];
  const figure = { name: 'failed probes', unit: '', value: total.failed };
  if (theirs === undefined || counts.length === 0) return figure;
  return { ...figure, baseline: { name: theirs.name, value: counts.reduce((sum, count) => sum + count, 0) } };
}

export function duelNotes(
  { cpus }: TrialContext,
  own: OwnRun,
  theirs: readonly BaselineRuns[],
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
    ...theirs.flatMap(({ name, runs }) =>
      runs.slice(0, 1).map(({ window }) => describe(`${name} before`, window)),
    ),
    describe('maglevd', own.window),
    ...theirs.flatMap(({ name, runs }) =>
      runs.slice(1).map(({ window }) => describe(`${name} after`, window)),
    ),
    ...(faults === '' ? [] : [`Beside ${own.total.pass} that passed: ${faults}.`]),
    'Only the sum of user mode and kernel is exact. The lag holds one scrape of /metrics.',
  ];
}
