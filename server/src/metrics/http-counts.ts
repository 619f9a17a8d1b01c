// Counts HTTP requests by method, route and status, and how long they took. It knows no server. Counting is
// done at every request and reading at every scrape, so counting is what must be cheap.
import type { Metric, Sample } from './metric.ts';
import { counter, histogram } from './metric.ts';

export interface HttpMetrics {
  /** `route` is a pattern, never a path, so that labels stay bounded. */
  observe(method: string, route: string, status: number, elapsedMs: number): void;
}

/** Upper bounds in seconds. */
const bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5] as const;

interface Count {
  readonly labels: { readonly method: string; readonly route: string };
  readonly status: string;
  count: number;
  sumSeconds: number;
  /** Per bound, not cumulative; beyond the last one nowhere. */
  readonly within: number[];
}

export class HttpCounts implements HttpMetrics {
  readonly #counts = new Map<string, Count>();

  observe(method: string, route: string, status: number, elapsedMs: number): void {
    const key = `${method} ${route} ${status}`;
    let found = this.#counts.get(key);
    if (found === undefined) {
      const within = bounds.map(() => 0);
      found = { labels: { method, route }, status: String(status), count: 0, sumSeconds: 0, within };
      this.#counts.set(key, found);
    }
    const seconds = elapsedMs / 1000;
    found.count++;
    found.sumSeconds += seconds;
    const index = bounds.findIndex((bound) => seconds <= bound);
    if (index >= 0) found.within[index] = (found.within[index] ?? 0) + 1;
  }

  metrics(): readonly Metric[] {
    const all = [...this.#counts.values()];
    const requests = all.map(({ labels, status, count }) => ({
      labels: { ...labels, status },
      value: count,
    }));
    const durations = Map.groupBy(all, ({ labels }) => `${labels.method} ${labels.route}`);
    return [
      counter('maglev_http_requests_total', 'HTTP requests answered, by method, route and status.', requests),
      histogram(
        'maglev_http_request_duration_seconds',
        'Time to answer an HTTP request.',
        [...durations.values()].flatMap(durationSamples),
      ),
    ];
  }
}

/** One histogram over all statuses. */
function durationSamples(counts: readonly Count[]): readonly Sample[] {
  const labels = counts[0]?.labels ?? { method: '', route: '' };
  const total = counts.reduce((sum, { count }) => sum + count, 0);
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
