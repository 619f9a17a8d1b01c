// What a trial is, and when a bar is met. Values only: it must not know how anything is measured or shown.
import type { ProcessGroup } from './support/process-group.ts';

/** One line of the result: what was measured and, beside it, what it is to be compared with. */
export interface Figure {
  readonly name: string;
  /** Unit last, e.g. `ms`; empty for a plain count. */
  readonly unit: string;
  readonly value: number;
  readonly baseline?: { readonly name: string; readonly value: number };
  /** The project's own limit, inclusive: on the ratio to the baseline, or on the value itself. */
  readonly bar?: { readonly on: 'ratio' | 'value' } & ({ readonly max: number } | { readonly min: number });
}

export interface Findings {
  readonly figures: readonly Figure[];
  /** Sentences on what has to be known to read the figures. */
  readonly notes: readonly string[];
  /** Another table for the documentation, as Markdown, and a picture, as SVG. */
  readonly page?: string;
  readonly plot?: string;
}

/** A Debian package that a trial needs, and the program by which its presence is seen. */
export interface Package {
  readonly name: string;
  readonly program: string;
}

/** Two processors, so that what probes and what is probed do not share one. */
export interface Cpus {
  readonly target: number;
  readonly prober: number;
}

export interface TrialContext {
  /** How long one program is measured. */
  readonly seconds: number;
  /** For the trial's files alone; removed afterwards. */
  readonly directory: string;
  readonly cpus: Cpus;
  /** Everything started here is stopped after the trial, however it ends. */
  readonly processes: ProcessGroup;
  readonly progress: (text: string) => void;
}

export interface Trial {
  readonly name: string;
  readonly about: string;
  readonly needs: readonly Package[];
  /** Takes minutes: it runs when it is named, or with `--all`. */
  readonly isLong?: boolean;
  readonly run: (context: TrialContext) => Promise<Findings>;
}

/** The run itself went wrong, so that there is nothing to report: not a slow program, a broken one. */
export class BrokenRun extends Error {}

/** `value` per unit of the baseline; undefined where there is nothing to divide by. */
export function ratioOf({ value, baseline }: Figure): number | undefined {
  return baseline === undefined || baseline.value === 0 ? undefined : value / baseline.value;
}

/** Undefined where the project has set no bar, or the baseline that it refers to is missing. */
export function meetsBar(figure: Figure): boolean | undefined {
  if (figure.bar === undefined) return undefined;
  const measured = figure.bar.on === 'ratio' ? ratioOf(figure) : figure.value;
  if (measured === undefined) return undefined;
  return 'max' in figure.bar ? measured <= figure.bar.max : measured >= figure.bar.min;
}
