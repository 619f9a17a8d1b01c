// Prometheus' exposition of what there is to count. The values of backends and frontends are computed at the
// scrape (`samples.ts`); only the process is looked at here.
import { readdirSync } from 'node:fs';
import { Counter, Gauge, type Metric as PromMetric, Registry } from 'prom-client';
import type { Metric } from './metric.ts';
import { RequestCounts } from './request-counts.ts';
import { collectMetrics, type MetricsView } from './samples.ts';

export interface Metrics {
  readonly http: RequestCounts;
  readonly grpc: RequestCounts;
  readonly contentType: string;
  /** The whole page, computed now. */
  render(): Promise<string>;
}

/** `view` is called at each scrape. */
export function createMetrics(view: () => MetricsView): Metrics {
  const registry = new Registry();
  const http = new RequestCounts({ protocol: 'http', resultLabel: 'status' });
  const grpc = new RequestCounts({ protocol: 'grpc', resultLabel: 'code' });
  registerProcess(registry);
  return {
    http,
    grpc,
    contentType: registry.contentType,
    async render() {
      const computed = new Registry();
      for (const metric of [...collectMetrics(view()), ...http.metrics(), ...grpc.metrics()])
        computed.registerMetric(asPromMetric(metric));
      return `${await computed.metrics()}${await registry.metrics()}`;
    },
  };
}

/** prom-client renders anything that hands it values; these were computed a moment ago. */
function asPromMetric({ name, help, type, samples }: Metric): PromMetric {
  const values = samples.map(({ labels, value, suffix = '' }) => ({
    labels,
    value,
    metricName: name + suffix,
  }));
  return {
    name,
    get: async () => ({ name, help, type, values, aggregator: 'sum' }),
  } as unknown as PromMetric;
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
