// What the trials of TCP, HTTP and HTTPS probes have in common: nginx behind, HAProxy and the floor beside.
import type { Findings, Package, TrialContext } from '../trial.ts';
import { type FloorKind, floorBaseline, floorPackages } from './floor.ts';
import { countFailedChecks, startHaproxy } from './haproxy.ts';
import { maglevYaml } from './maglev-yaml.ts';
import { startNginx } from './nginx.ts';
import { type Baseline, type DuelBars, runDuel } from './probe-duel.ts';

export const streamPackages: readonly Package[] = [
  { name: 'nginx', program: 'nginx' },
  { name: 'haproxy', program: 'haproxy' },
  { name: 'openssl', program: 'openssl' },
  ...floorPackages,
];

/** One kind of check in both languages. */
export interface StreamTrial {
  readonly count: number;
  readonly port: number;
  /** Lines of our health check, the rhythm left out. */
  readonly check: readonly string[];
  readonly haproxyLines: readonly string[];
  readonly haproxyServerWords?: string;
  readonly bars: StreamBars;
  /** What the floor does; absent: there is none for this kind. */
  readonly floor?: FloorKind;
}

export interface StreamBars extends DuelBars {
  /** On our CPU time per probe beside HAProxy's. */
  readonly ratioMax?: number;
  /** And beside the floor's. */
  readonly floorRatioMax?: number;
}

export async function runStreamTrial(context: TrialContext, trial: StreamTrial): Promise<Findings> {
  const { count, port, check, bars, floor } = trial;
  await startNginx(context);
  const rhythm = ['interval: 1s', 'timeout: 1s', 'rise: 2', 'fall: 3', `port: ${port}`];
  const haproxy: Baseline = {
    name: 'HAProxy',
    ...(bars.ratioMax !== undefined && { ratioMax: bars.ratioMax }),
    start: () =>
      startHaproxy(context, {
        count,
        port,
        backendLines: trial.haproxyLines,
        serverWords: trial.haproxyServerWords ?? '',
      }),
    countFailed: () => countFailedChecks(context.directory),
  };
  const floors =
    floor === undefined ? [] : [floorBaseline(context, floor, { count, port }, bars.floorRatioMax)];
  return runDuel(context, {
    yaml: maglevYaml(count, [...check, ...rhythm]),
    counter: 'Tcp ActiveOpens',
    bars,
    baselines: [haproxy, ...floors],
  });
}
