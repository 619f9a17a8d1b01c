// What the last probes of a backend say together. Pure.
import type { ProbeTick } from '../../contract.ts';

export interface ProbeSummary {
  readonly count: number;
  readonly passed: number;
  /** From the first of them to the last. */
  readonly spanMs: number;
  /** Codes with how often they came, most often first, then by name. */
  readonly codes: readonly (readonly [code: string, count: number])[];
  /** Of probes that passed, in ms; absent where none did. */
  readonly latencyMs: { readonly least: number; readonly median: number; readonly most: number } | undefined;
}

export function summariseProbes(ticks: readonly ProbeTick[]): ProbeSummary {
  const counts = new Map<string, number>();
  for (const [, , code] of ticks) counts.set(code, (counts.get(code) ?? 0) + 1);
  const durations = ticks
    .filter(([, ok]) => ok)
    .map(([, , , durationMs]) => durationMs)
    .sort((left, right) => left - right);
  const [least] = durations;
  const most = durations.at(-1);
  const median = durations[Math.floor((durations.length - 1) / 2)];
  return {
    count: ticks.length,
    passed: durations.length,
    spanMs: (ticks.at(-1)?.[4] ?? 0) - (ticks[0]?.[4] ?? 0),
    codes: [...counts].sort(([left, a], [right, b]) => b - a || (left < right ? -1 : 1)),
    latencyMs:
      least === undefined || most === undefined || median === undefined ? undefined : { least, median, most },
  };
}
