// How time, memory and lag grow with the number of backends: a fresh daemon and a fresh VPP for each number.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine } from '../support/daemon-log.ts';
import { bucketsOf, parseExposition, quantileOf } from '../support/exposition.ts';
import { type Fleet, firstMs, lastMs, startFleet } from '../support/fleet.ts';
import { floorPackages, startResponder } from '../support/floor.ts';
import { growthPlot } from '../support/growth-plot.ts';
import { maglevYaml } from '../support/maglev-yaml.ts';
import { apiUrl, metricsUrl } from '../support/maglevd.ts';
import { markdownTable } from '../support/results-page.ts';
import { medianOf } from '../support/stopwatch.ts';
import { formatNumber } from '../support/table.ts';
import { startVppTarget } from '../support/vpp-target.ts';
import { measureWindow } from '../support/window.ts';
import { BrokenRun, type Figure, type Trial, type TrialContext } from '../trial.ts';

const counts = [100, 1_000, 10_000, 40_000];
const port = 8080;
const intervalSeconds = 10;
/** At the start each backend is probed at its fast interval: no more than this in a second. */
const probesPerSecondMax = 4_000;
const patienceMs = 180_000;
const rounds = 3;
const bytesPerMegabyte = 1e6;

/** What one number of backends gave; times in seconds, lag in milliseconds. */
interface Growth {
  readonly count: number;
  readonly ready: number;
  readonly verdicts: number;
  readonly cpuPercent: number;
  readonly megabytes: number;
  readonly lagP50Ms: number;
  readonly lagP99Ms: number;
  readonly programmed: number;
  readonly sync: number;
  readonly metrics: number;
  readonly list: number;
}

type Measure = Exclude<keyof Growth, 'count'>;

const measures: Readonly<Record<Measure, readonly [name: string, unit: string]>> = {
  ready: ['start to the first answer', 's'],
  verdicts: ['start to a verdict on all', 's'],
  cpuPercent: ['share of one CPU', '%'],
  megabytes: ['resident memory', 'MB'],
  lagP50Ms: ['schedule lag p50', 'ms'],
  lagP99Ms: ['schedule lag p99', 'ms'],
  programmed: ['an empty VPP programmed', 's'],
  sync: ['full sync, nothing to do', 's'],
  metrics: ['GET /metrics', 's'],
  list: ['GET of all backends', 's'],
};

export const growth: Trial = {
  name: 'growth',
  about: 'time, memory and lag with 100 to 40,000 HTTP backends at 10 s',
  needs: floorPackages,
  isLong: true,
  async run(context) {
    await startResponder(context, port);
    const grown: Growth[] = [];
    for (const count of counts) {
      context.progress(`${count} backends`);
      grown.push(await measure(context, count));
    }
    const figures = grown.flatMap((one): readonly Figure[] =>
      names().map((key) => {
        const [name, unit] = measures[key];
        return { name: `${formatNumber(one.count)}: ${name}`, unit, value: one[key] };
      }),
    );
    return {
      figures,
      page: pageOf(grown),
      plot: plotOf(grown),
      notes: [
        'HTTP, interval 10 s; fast interval 1 s, or as long as 4,000 probes per second need.',
        '100 backends per frontend. VPP is the simulator on the other CPU, which the responder is on, too.',
        'Memory before the pages are read; lag since the start of the daemon.',
      ],
    };
  },
};

const names = () => Object.keys(measures) as Measure[];

async function measure(context: TrialContext, count: number): Promise<Growth> {
  const { seconds, cpus } = context;
  const fastMs = Math.max(1000, Math.ceil((1000 * count) / probesPerSecondMax));
  const rhythm = [
    `interval: ${intervalSeconds}s`,
    `fast-interval: ${fastMs}ms`,
    'timeout: 2s',
    'rise: 1',
    'fall: 2',
  ];
  const yaml = maglevYaml(count, ['type: http', `port: ${port}`, ...rhythm]);
  const target = await startVppTarget(context);
  const vpp = ['--vpp-api-addr', target.paths.apiPath, '--vpp-stats-addr', target.paths.statsPath];
  const fleet = await startFleet(context, yaml, { count, patienceMs, vpp });
  await fleet.waitFor('servers in VPP', count, isAdded);
  await sleep(1000 * intervalSeconds);
  const counter = 'Tcp ActiveOpens';
  const window = await measureWindow({ program: fleet.program, cpus, counter, seconds });
  const page = parseExposition(await (await fetch(metricsUrl)).text());
  const lag = bucketsOf(page, 'maglev_probe_schedule_lag_seconds');
  const metrics = await timeRequests(metricsUrl);
  const list = await timeRequests(`${apiUrl}/api/v1/backends`);
  const sync = await timeRequests(`${apiUrl}/api/v1/vpp/lb/sync`, 'POST');
  await target.stop();
  const again = await startVppTarget(context);
  const programmed = await timeProgramming(fleet, count);
  await fleet.program.stop();
  await again.stop();
  return {
    count,
    ready: fleet.readyMs / 1000,
    verdicts: fleet.verdictsMs / 1000,
    cpuPercent: (100 * (window.userMs + window.systemMs)) / window.elapsedMs,
    megabytes: window.residentBytes / bytesPerMegabyte,
    lagP50Ms: 1000 * quantileOf(lag, 0.5),
    lagP99Ms: 1000 * quantileOf(lag, 0.99),
    programmed,
    sync,
    metrics,
    list,
  };
}

const isAdded = ({ msg }: LogLine) => msg === 'vpp-lb-as-add';

/** Seconds from the first to the last addition to a VPP that came back empty. */
async function timeProgramming({ waitFor }: Fleet, count: number): Promise<number> {
  const added = await waitFor('servers in VPP once more', 2 * count, isAdded);
  const again = added.slice(count);
  return (lastMs(again) - firstMs(again)) / 1000;
}

/** Median, in seconds, with the body read to its end. */
async function timeRequests(url: string, method = 'GET'): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    const body = method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {};
    const answer = await fetch(url, { method, ...body });
    await answer.arrayBuffer();
    if (!answer.ok) throw new BrokenRun(`${method} ${url}: ${answer.status}`);
    times.push(performance.now() - startMs);
  }
  return medianOf(times) / 1000;
}

function pageOf(grown: readonly Growth[]): string {
  const heading = ['backends', ...grown.map(({ count }) => formatNumber(count))];
  const rows = names().map((key) => {
    const [name, unit] = measures[key];
    return [`${name}, ${unit}`, ...grown.map((one) => formatNumber(one[key]))];
  });
  return markdownTable([heading, ...rows]);
}

function plotOf(grown: readonly Growth[]): string {
  const curve = (name: string, key: Measure) => ({ name, values: grown.map((one) => one[key]) });
  return growthPlot(
    grown.map(({ count }) => count),
    [
      { title: 'after the start, s', curves: [curve('all probed', 'verdicts'), curve('answers', 'ready')] },
      { title: 'CPU, % of one', curves: [curve('maglevd', 'cpuPercent')] },
      { title: 'resident memory, MB', curves: [curve('maglevd', 'megabytes')] },
      { title: 'schedule lag, ms', curves: [curve('p50', 'lagP50Ms'), curve('p99', 'lagP99Ms')] },
      { title: 'VPP, s', curves: [curve('from empty', 'programmed'), curve('in sync', 'sync')] },
      { title: 'answers, s', curves: [curve('/metrics', 'metrics'), curve('list', 'list')] },
    ],
  );
}
