// What the trials of TCP, HTTP and HTTPS probes have in common: nginx behind, HAProxy beside.
import type { Findings, Package, TrialContext } from '../trial.ts';
import { countFailedChecks, startHaproxy } from './haproxy.ts';
import { maglevYaml } from './maglev-yaml.ts';
import { startNginx } from './nginx.ts';
import { type DuelBars, runDuel } from './probe-duel.ts';

export const streamPackages: readonly Package[] = [
  { name: 'nginx', program: 'nginx' },
  { name: 'haproxy', program: 'haproxy' },
  { name: 'openssl', program: 'openssl' },
];

/** One kind of check in both languages. */
export interface StreamTrial {
  readonly count: number;
  readonly port: number;
  /** Lines of our health check, the rhythm left out. */
  readonly check: readonly string[];
  readonly haproxyLines: readonly string[];
  readonly haproxyServerWords?: string;
  readonly bars: DuelBars;
}

export async function runStreamTrial(context: TrialContext, trial: StreamTrial): Promise<Findings> {
  const { count, port, check, bars } = trial;
  await startNginx(context);
  const rhythm = ['interval: 1s', 'timeout: 1s', 'rise: 2', 'fall: 3', `port: ${port}`];
  return runDuel(context, {
    yaml: maglevYaml(count, [...check, ...rhythm]),
    counter: 'Tcp ActiveOpens',
    bars,
    baseline: {
      name: 'HAProxy',
      start: () =>
        startHaproxy(context, {
          count,
          port,
          backendLines: trial.haproxyLines,
          serverWords: trial.haproxyServerWords ?? '',
        }),
      countFailed: () => countFailedChecks(context.directory),
    },
  });
}
