// Every metric as plain values, computed from snapshots at the moment of a scrape. Pure: it keeps nothing, so
// the series of a removed backend are gone with it.

import type { Histogram } from '../checker/probe-stats.ts';
import type { BackendSnapshot } from '../checker/slot.ts';
import type { Config } from '../config/config.ts';
import { backendStates } from '../health/backend-health.ts';
import { type FrontendStatus, frontendStates } from '../health/frontend-state.ts';
import { counter, gauge, histogram, type Labels, type Metric, ofEach, type Sample } from './metric.ts';
import { type VppView, vppMetrics } from './vpp-samples.ts';

/** All that metrics are made of. */
export interface MetricsView {
  readonly backends: readonly BackendSnapshot[];
  readonly config: Config;
  readonly statusOf: (frontend: string) => FrontendStatus;
  readonly lag: Histogram;
  readonly probesInFlight: number;
  readonly reload: { readonly successful: boolean; readonly atMs: number };
  readonly build: Labels;
  readonly api: ApiView;
  /** Absent where no VPP is configured. */
  readonly vpp?: VppView;
}

/** Of the API what is not counted per request. */
export interface ApiView {
  readonly connections: number;
  readonly subscribers: number;
  readonly delivered: number;
  readonly resyncs: number;
  readonly dropped: number;
  /** When the certificate ends, ms since the Unix epoch; absent without TLS. */
  readonly certificateEndsMs?: number;
}

/** One series per state, 1 for the present one. */
function stateSamples(labels: Labels, states: readonly string[], present: string): Sample[] {
  return states.map((state) => ({ labels: { ...labels, state }, value: state === present ? 1 : 0 }));
}

function histogramSamples(labels: Labels, { boundsSeconds, counts, sumSeconds, count }: Histogram): Sample[] {
  const samples: Sample[] = [];
  let below = 0;
  for (const [index, bound] of boundsSeconds.entries()) {
    below += counts[index] ?? 0;
    samples.push({ labels: { ...labels, le: String(bound) }, value: below, suffix: '_bucket' });
  }
  samples.push({ labels: { ...labels, le: '+Inf' }, value: count, suffix: '_bucket' });
  samples.push({ labels, value: sumSeconds, suffix: '_sum' }, { labels, value: count, suffix: '_count' });
  return samples;
}

/** Every metric of the daemon but those that are counted where they happen (HTTP, process). */
export function collectMetrics(view: MetricsView): Metric[] {
  return [
    ...backendMetrics(view),
    ...probeMetrics(view),
    ...frontendMetrics(view),
    ...daemonMetrics(view),
    ...apiMetrics(view.api),
    ...(view.vpp ? vppMetrics(view.vpp) : []),
  ];
}

function backendMetrics({ backends }: MetricsView): Metric[] {
  return [
    gauge(
      'maglev_backend_state',
      'State of the backend: 1 for the present state, 0 for the others.',
      ofEach(backends, ({ name, state }) => stateSamples({ backend: name }, backendStates, state)),
    ),
    gauge(
      'maglev_backend_health',
      'Health counter of the backend, 0 to rise+fall-1; up from rise on.',
      ofEach(backends, ({ name, counter: value }) => [{ labels: { backend: name }, value }]),
    ),
    gauge(
      'maglev_backend_enabled',
      'Whether the backend is enabled (1) or disabled by the file or an operator (0).',
      ofEach(backends, ({ name, admin }) => [
        { labels: { backend: name }, value: admin === 'disabled' ? 0 : 1 },
      ]),
    ),
    counter(
      'maglev_backend_transitions_total',
      'Changes of the state of the backend.',
      ofEach(backends, ({ name, stats }) =>
        Array.from(stats.transitions, ([key, value]) => {
          const [from = '', to = ''] = key.split(' ');
          return { labels: { backend: name, from, to }, value };
        }),
      ),
    ),
  ];
}

function probeMetrics({ backends, lag, probesInFlight }: MetricsView): Metric[] {
  const probed = backends.filter(({ check }) => check !== undefined);
  return [
    counter(
      'maglev_probe_total',
      'Probes that ended, by result (pass, fail; late: our own delay, local: our own lack) and code.',
      ofEach(probed, ({ name, check, stats }) =>
        Array.from(stats.results, ([key, value]) => {
          const [result = '', code = ''] = key.split(' ');
          return { labels: { backend: name, type: check?.type ?? '', result, code }, value };
        }),
      ),
    ),
    histogram(
      'maglev_probe_duration_seconds',
      'Time from the start of a probe to its result, of probes whose result counted.',
      ofEach(probed, ({ name, check, stats }) =>
        histogramSamples({ backend: name, type: check?.type ?? '' }, stats.duration),
      ),
    ),
    counter(
      'maglev_probe_late_total',
      'Probes left out, or whose result was discarded, because maglevd itself was late.',
      ofEach(probed, ({ name, stats }) => [{ labels: { backend: name }, value: stats.lateCount }]),
    ),
    histogram(
      'maglev_probe_schedule_lag_seconds',
      'Time from when a probe was due to when it was started.',
      histogramSamples({}, lag),
    ),
    gauge('maglev_probes_in_flight', 'Probes under way.', [{ labels: {}, value: probesInFlight }]),
  ];
}

function frontendMetrics({ config, statusOf }: MetricsView): Metric[] {
  const frontends = Array.from(config.frontends.keys(), (name) => ({ name, status: statusOf(name) }));
  const weights = (
    pick: (backend: { readonly weight: number; readonly configuredWeight: number }) => number,
  ) =>
    ofEach(frontends, ({ name, status }) =>
      status.pools.flatMap((pool) =>
        pool.backends.map((backend) => {
          const labels = { frontend: name, pool: pool.name, backend: backend.name };
          return { labels, value: pick(backend) };
        }),
      ),
    );
  return [
    gauge(
      'maglev_frontend_state',
      'State of the frontend: 1 for the present state, 0 for the others.',
      ofEach(frontends, ({ name, status }) => stateSamples({ frontend: name }, frontendStates, status.state)),
    ),
    gauge(
      'maglev_frontend_pool_backend_weight',
      'Configured weight of the backend in the pool, with an override applied.',
      weights((backend) => backend.configuredWeight),
    ),
    gauge(
      'maglev_frontend_pool_backend_effective_weight',
      'Weight that state and active pool leave the backend in the pool.',
      weights((backend) => backend.weight),
    ),
  ];
}

function daemonMetrics({ reload, build }: MetricsView): Metric[] {
  return [
    gauge(
      'maglev_config_last_reload_successful',
      'Whether the last load of the configuration succeeded (1) or was refused (0).',
      [{ labels: {}, value: reload.successful ? 1 : 0 }],
    ),
    gauge(
      'maglev_config_last_reload_timestamp_seconds',
      'Unix time of the last successful load of the configuration.',
      [{ labels: {}, value: reload.atMs / 1000 }],
    ),
    gauge('maglev_build_info', 'Version, commit and runtime of maglevd; always 1.', [
      { labels: build, value: 1 },
    ]),
  ];
}

function apiMetrics({
  connections,
  subscribers,
  delivered,
  resyncs,
  dropped,
  certificateEndsMs,
}: ApiView): Metric[] {
  const one = (value: number): Sample[] => [{ labels: {}, value }];
  return [
    gauge('maglev_api_connections', 'Open connections to the API.', one(connections)),
    gauge('maglev_event_subscribers', 'Readers of the event stream.', one(subscribers)),
    counter(
      'maglev_events_delivered_total',
      'Events handed to readers, each counted for each.',
      one(delivered),
    ),
    counter(
      'maglev_event_resyncs_total',
      'Times that a reader was told that it missed events.',
      one(resyncs),
    ),
    counter(
      'maglev_event_subscribers_dropped_total',
      'Readers that took nothing for too long.',
      one(dropped),
    ),
    ...(certificateEndsMs === undefined
      ? []
      : [
          gauge(
            'maglev_api_certificate_end_timestamp_seconds',
            "End of the API's certificate since the Unix epoch.",
            one(certificateEndsMs / 1000),
          ),
        ]),
  ];
}
