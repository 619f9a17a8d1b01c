// What a metric is, before it is written out. Values only.

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** For histograms: `_bucket`, `_sum` or `_count`. */
  readonly suffix?: string;
}

/** What is told of one thing, a backend for example: computed at one moment, and written out in one piece. */
export type SampleGroup = readonly Sample[];

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** To be read once: groups may be computed as they are read. */
  readonly groups: Iterable<SampleGroup>;
}

/** The groups of many things, each computed when its turn comes. */
export function* ofEach<T>(
  things: Iterable<T>,
  samplesOf: (thing: T) => SampleGroup,
): Generator<SampleGroup> {
  for (const thing of things) yield samplesOf(thing);
}

type MakeMetric = (name: string, help: string, samples: SampleGroup | Generator<SampleGroup>) => Metric;

const make =
  (type: Metric['type']): MakeMetric =>
  (name, help, samples) => ({ name, help, type, groups: 'next' in samples ? samples : [samples] });

export const gauge = make('gauge');
export const counter = make('counter');
export const histogram = make('histogram');
