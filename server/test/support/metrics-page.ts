// A page of Prometheus' text format as values that a test can ask for. It must not know which metrics there
// are.

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

export interface MetricsPage {
  readonly text: string;
  readonly samples: readonly Sample[];
  /** All series of a name whose labels include the given ones. */
  find(name: string, labels?: Labels): readonly Sample[];
  /** The one series that fits; throws unless exactly one does. */
  value(name: string, labels?: Labels): number;
  /** The sum of all series that fit; 0 when there is none. */
  sum(name: string, labels?: Labels): number;
}

export function parseMetricsPage(text: string): MetricsPage {
  const samples = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseSample);
  const find = (name: string, labels: Labels = {}) =>
    samples.filter((sample) => sample.name === name && includes(sample.labels, labels));
  const value = (name: string, labels: Labels = {}) => {
    const found = find(name, labels);
    const [only] = found;
    if (only === undefined || found.length > 1) {
      throw new Error(`${found.length} series fit ${name} ${JSON.stringify(labels)}`);
    }
    return only.value;
  };
  return {
    text,
    samples,
    find,
    value,
    sum: (name, labels) => find(name, labels).reduce((total, sample) => total + sample.value, 0),
  };
}

/**
 * Upper bound in seconds of the bucket in which the quantile of the observations between two pages lies
 * (Infinity: above the last bound); undefined when there were none.
 */
export function quantileBound(
  before: MetricsPage,
  after: MetricsPage,
  name: string,
  quantile: number,
): number | undefined {
  const earlier = new Map(before.find(`${name}_bucket`).map(({ labels, value }) => [labels['le'], value]));
  const buckets = after.find(`${name}_bucket`).map(({ labels: { le = '' }, value }) => ({
    bound: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
    count: value - (earlier.get(le) ?? 0),
  }));
  const all = buckets.at(-1)?.count ?? 0;
  return all === 0 ? undefined : buckets.find(({ count }) => count >= quantile * all)?.bound;
}

function includes(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (!match) throw new Error(`not a sample: ${line}`);
  const [, name = '', labelText = '', valueText = ''] = match;
  const labels: Record<string, string> = {};
  for (const [, label = '', value = ''] of labelText.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)",?/g)) {
    labels[label] = value.replaceAll(/\\(.)/g, (_, letter) => (letter === 'n' ? '\n' : letter));
  }
  return { name, labels, value: valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText) };
}
