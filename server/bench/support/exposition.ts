// Reads a /metrics page and asks it questions. Pure: it must not know where the page came from.

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The series of a page in Prometheus' text format, comments left out. */
export function parseExposition(page: string): readonly Series[] {
  const series: Series[] = [];
  for (const line of page.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const [, name = '', labelText = '', value] = match;
    const labels: Record<string, string> = {};
    for (const [, label = '', text = ''] of labelText.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      labels[label] = text;
    series.push({ name, labels, value: Number(value) });
  }
  return series;
}

export function sumOf(
  series: readonly Series[],
  name: string,
  isWanted: (labels: Series['labels']) => boolean = () => true,
): number {
  let sum = 0;
  for (const one of series) if (one.name === name && isWanted(one.labels)) sum += one.value;
  return sum;
}

/** A bucket's upper bound, and how many observations lie at or below it. */
export interface Bucket {
  readonly bound: number;
  readonly count: number;
}

/** The buckets of a histogram without labels of its own, lowest bound first. */
export function bucketsOf(series: readonly Series[], name: string): readonly Bucket[] {
  return series
    .filter((one) => one.name === `${name}_bucket`)
    .map(({ labels, value }) => ({
      bound: labels['le'] === '+Inf' ? Infinity : Number(labels['le']),
      count: value,
    }))
    .sort((a, b) => a.bound - b.bound);
}

/** What was observed between two readings of one histogram. */
export function bucketsBetween(before: readonly Bucket[], after: readonly Bucket[]): readonly Bucket[] {
  return after.map(({ bound, count }, index) => ({ bound, count: count - (before[index]?.count ?? 0) }));
}

/**
 * As Prometheus' histogram_quantile: linear inside the bucket, whose lower bound is 0 for the first; the last
 * finite bound for what lies beyond it. NaN without observations.
 */
export function quantileOf(buckets: readonly Bucket[], quantile: number): number {
  const rank = quantile * (buckets.at(-1)?.count ?? 0);
  if (rank === 0) return Number.NaN;
  const index = buckets.findIndex(({ count }) => count >= rank);
  const { bound, count } = buckets[index] as Bucket;
  const { bound: lowerBound, count: countBelow } = buckets[index - 1] ?? { bound: 0, count: 0 };
  if (bound === Infinity) return lowerBound;
  return lowerBound + ((bound - lowerBound) * (rank - countBelow)) / (count - countBelow);
}
