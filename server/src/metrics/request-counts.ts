// Counts requests by their labels, and how long they took. It knows no server and no protocol. Counting is
// done at every request and reading at every scrape, so counting is what must be cheap.
import { counter, histogram, type Labels, type Metric, type Sample } from './metric.ts';

/** Upper bounds in seconds. */
const bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5] as const;

interface Count {
  readonly labels: Labels;
  readonly result: string;
  count: number;
  /** Of those that were timed. */
  timed: number;
  sumSeconds: number;
  /** Per bound, not cumulative; beyond the last one nowhere. */
  readonly within: number[];
}

export interface RequestCountsOptions {
  /** `http` gives `maglev_http_requests_total` and `maglev_http_request_duration_seconds`. */
  readonly protocol: string;
  /** Label of the result: `status`, `code`. */
  readonly resultLabel: string;
}

export class RequestCounts {
  readonly #options: RequestCountsOptions;
  readonly #counts = new Map<string, Count>();

  constructor(options: RequestCountsOptions) {
    this.#options = options;
  }

  /** `elapsedMs` is absent where time says nothing: a stream is as long as its reader wants it. */
  observe(method: string, route: string, result: string | number, elapsedMs?: number): void {
    const key = `${method} ${route} ${result}`;
    const found = this.#counts.get(key) ?? this.#add(key, { method, route }, String(result));
    found.count++;
    if (elapsedMs === undefined) return;
    const seconds = elapsedMs / 1000;
    found.timed++;
    found.sumSeconds += seconds;
    const index = bounds.findIndex((bound) => seconds <= bound);
    if (index >= 0) found.within[index] = (found.within[index] ?? 0) + 1;
  }

  #add(key: string, labels: Labels, result: string): Count {
    const within = bounds.map(() => 0);
    const added: Count = { labels, result, count: 0, timed: 0, sumSeconds: 0, within };
    this.#counts.set(key, added);
    return added;
  }

  metrics(): readonly Metric[] {
    const { protocol, resultLabel } = this.#options;
    const all = [...this.#counts.values()];
    const requests = all.map(({ labels, result, count }) => ({
      labels: { ...labels, [resultLabel]: result },
      value: count,
    }));
    const timed = all.filter((each) => each.timed > 0);
    const durations = Map.groupBy(timed, ({ labels }) => `${labels['method']} ${labels['route']}`);
    return [
      counter(
        `maglev_${protocol}_requests_total`,
        `Requests over ${protocol} answered, by method, route and ${resultLabel}.`,
        requests,
      ),
      histogram(
        `maglev_${protocol}_request_duration_seconds`,
        `Time to answer a request over ${protocol}; streams are not timed.`,
        [...durations.values()].flatMap(durationSamples),
      ),
    ];
  }
}

/** One histogram over all results. */
function durationSamples(counts: readonly Count[]): readonly Sample[] {
  const labels = counts[0]?.labels ?? {};
  const total = counts.reduce((sum, { timed }) => sum + timed, 0);
  let cumulated = 0;
  const buckets = bounds.map((bound, index) => {
    cumulated += counts.reduce((sum, { within }) => sum + (within[index] ?? 0), 0);
    return { labels: { ...labels, le: String(bound) }, value: cumulated, suffix: '_bucket' };
  });
  return [
    ...buckets,
    { labels: { ...labels, le: '+Inf' }, value: total, suffix: '_bucket' },
    { labels, value: counts.reduce((sum, { sumSeconds }) => sum + sumSeconds, 0), suffix: '_sum' },
    { labels, value: total, suffix: '_count' },
  ];
}
