// Prometheus' exposition of what there is to count. The values of backends and frontends are computed at the
// scrape (`samples.ts`); only the process is looked at here.
import { readdirSync } from 'node:fs';
import { Counter, Gauge, type Metric as PromMetric, Registry } from 'prom-client';
import type { Clock } from '../lib/clock.ts';
import { samplesPerTurnMax } from '../lib/limits.ts';
import type { Metric, Sample } from './metric.ts';
import { RequestCounts } from './request-counts.ts';
import { collectMetrics, type MetricsView } from './samples.ts';

export interface Metrics {
  readonly http: RequestCounts;
  readonly grpc: RequestCounts;
  readonly contentType: string;
  /** The whole page, computed now. */
  render(): Promise<string>;
}

/**
 * `view` is called at each scrape. A page of many thousand series is written in parts, between which other
 * work has its turn: `clock` says when.
 */
export function createMetrics(view: () => MetricsView, clock: Pick<Clock, 'afterIo'>): Metrics {
  const registry = new Registry();
  const http = new RequestCounts({ protocol: 'http', resultLabel: 'status' });
  const grpc = new RequestCounts({ protocol: 'grpc', resultLabel: 'code' });
  registerProcess(registry);
  const turn = () => new Promise<void>((resolve) => void clock.afterIo(resolve));
  return {
    http,
    grpc,
    contentType: registry.contentType,
    async render() {
      const parts: string[] = [];
      let written = 0;
      for (const metric of [...collectMetrics(view()), ...http.metrics(), ...grpc.metrics()]) {
        for (const { text, count } of textParts(metric)) {
          parts.push(await text);
          written += count;
          if (written < samplesPerTurnMax) continue;
          written = 0;
          await turn();
        }
      }
      return `${parts.join('')}${await registry.metrics()}`;
    },
  };
}

interface TextPart {
  readonly text: Promise<string>;
  /** Samples in it. */
  readonly count: number;
}

/** The metric's text, computed as it is read; what heads it stands before the first part. */
function* textParts({ groups, ...metric }: Metric): Generator<TextPart> {
  let samples: Sample[] = [];
  let isFirst = true;
  const part = (): TextPart => {
    const text = renderSamples(metric, samples, isFirst);
    const { length: count } = samples;
    samples = [];
    isFirst = false;
    return { text, count };
  };
  for (const group of groups) {
    samples.push(...group);
    if (samples.length >= samplesPerTurnMax) yield part();
  }
  if (isFirst || samples.length > 0) yield part();
}

/** prom-client renders anything that hands it values; these were computed a moment ago. */
async function renderSamples(
  { name, help, type }: Omit<Metric, 'groups'>,
  samples: readonly Sample[],
  isHeaded: boolean,
): Promise<string> {
  const values = samples.map(({ labels, value, suffix = '' }) => ({
    labels,
    value,
    metricName: name + suffix,
  }));
  const metric = { name, get: async () => ({ name, help, type, values, aggregator: 'sum' }) };
  const registry = new Registry();
  registry.registerMetric(metric as unknown as PromMetric);
  const text = await registry.getSingleMetricAsString(name);
  // HELP and TYPE have a line each.
  const headEnd = isHeaded ? 0 : text.indexOf('\n', text.indexOf('\n') + 1) + 1;
  return `${text.slice(headEnd)}\n`;
}

/** The process in the names that Prometheus' own client libraries use. */
function registerProcess(registry: Registry): void {
  const registers = [registry];
  const startSeconds = performance.timeOrigin / 1000;
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time spent, in seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'process_open_fds',
    help: 'Number of open file descriptors.',
    registers,
    collect() {
      this.set(readdirSync('/proc/self/fd').length);
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process since the Unix epoch in seconds.',
    registers,
  }).set(startSeconds);
}
