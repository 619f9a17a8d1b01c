// Many who watch while backends flap: what reaches each of them, how late, and what it costs the daemon and
// its probes.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bucketsBetween, quantileOf } from '../support/exposition.ts';
import { maglevYaml } from '../support/maglev-yaml.ts';
import { apiPort, readCounted, startMaglevd } from '../support/maglevd.ts';
import { readCpuTime, readResidentBytes } from '../support/proc.ts';
import { type Program, waitUntil } from '../support/process-group.ts';
import { BrokenRun, type Figure, type Trial, type TrialContext } from '../trial.ts';

const port = 8181;
const path = '/api/v1/events?kind=backend';
const startPatienceMs = 30_000;
/** The pictures of all subscribers are 100 MB and more, which their process has to read first. */
const settleMs = 3_000;
const bytesPerMegabyte = 1e6;
const programPath = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url));

/** Transitions per second are twice the backends by their period. */
interface Storm {
  readonly name: string;
  readonly subscribers: number;
  readonly backends: number;
  readonly periodMs: number;
}

const wide: Storm = { name: '1,000 x 50/s', subscribers: 1000, backends: 500, periodMs: 20_000 };
const fast: Storm = { name: '100 x 500/s', subscribers: 100, backends: 1000, periodMs: 4_000 };

export const eventsStorm: Trial = {
  name: 'events-storm',
  about: '1,000 subscribers during 50 transitions per second, then 100 during 500 per second',
  needs: [],
  async run(context) {
    const figures = [...(await runStorm(context, wide)), ...(await runStorm(context, fast))];
    return {
      figures,
      notes: [
        'Delay from the time of the event, in whole milliseconds, to the subscriber, all in one process.',
        'Subscribers and backends share the CPU that maglevd does not use.',
      ],
    };
  },
};

/** What event-subscribers prints in the end. */
interface Findings {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly deliveries: number;
  /** Events, each counted once. */
  readonly distinct: number;
  readonly resyncs: number;
  readonly faults: number;
  readonly measuredMs: number;
}

async function runStorm(context: TrialContext, storm: Storm): Promise<readonly Figure[]> {
  const { processes, cpus, seconds, progress } = context;
  const { name, subscribers, backends, periodMs } = storm;
  const serverArgs = [programPath('flapping-server.ts'), ...[port, backends, periodMs].map(String)];
  const start = (program: string, args: readonly string[]) =>
    processes.start({ name: program, cpu: cpus.target, command: process.execPath, args });
  const server = start('flapping', serverArgs);
  await waitUntil('the backends answer', server, startPatienceMs, async () => server.output() !== '');
  const check = ['type: http', `port: ${port}`, 'interval: 1s', 'timeout: 1s', 'rise: 1', 'fall: 1'];
  const maglevd = await startMaglevd(context, maglevYaml(backends, check));
  process.kill(server.pid, 'SIGUSR2');
  // By then some turn ill while others get well.
  await sleep(periodMs / 2 + 1000);
  const alone = await measureAlone(context, maglevd, name);
  const clientArgs = [
    programPath('event-subscribers.ts'),
    ...[apiPort, path, subscribers, seconds].map(String),
  ];
  const clients = start('event-subscribers', clientArgs);
  const isReady = async () => clients.output().startsWith('ready');
  await waitUntil('all subscribers have the picture', clients, startPatienceMs, isReady);
  await sleep(settleMs);
  progress(`${name}: counting for ${seconds} s`);
  const before = await readCosts(maglevd);
  process.kill(clients.pid, 'SIGUSR2');
  const peakBytes = await watchMemory(maglevd, clients);
  if ((await clients.ended()) !== 0) throw new BrokenRun(clients.output());
  const after = await readCosts(maglevd);
  const found = JSON.parse(clients.output().trim().split('\n').at(-1) ?? '') as Findings;
  await Promise.all([maglevd.stop(), server.stop()]);
  if (found.distinct < (seconds * backends * 1000) / periodMs) {
    throw new BrokenRun(`${name}: only ${found.distinct} transitions in ${seconds} s`);
  }
  const costs = { ...costsBetween(before, after), residentBytes: peakBytes, late: after.late - before.late };
  return figuresOf(storm, found, alone, costs);
}

/** The highest resident size until the subscribers have ended. */
async function watchMemory(maglevd: Program, clients: Program): Promise<number> {
  let peak = 0;
  let isOver = false;
  const over = clients.ended().then(() => {
    isOver = true;
  });
  while (!isOver) {
    peak = Math.max(peak, readResidentBytes(maglevd.pid));
    await Promise.race([sleep(500), over]);
  }
  return peak;
}

/** What the daemon has used so far. */
async function readCosts({ pid }: Program) {
  const { lag, late } = await readCounted();
  return { lag, late, cpu: readCpuTime(pid), atMs: performance.now() };
}

type Reading = Awaited<ReturnType<typeof readCosts>>;

/** Of a storm, with subscribers or without. */
interface Costs {
  readonly lagMs: number;
  readonly cpuShare: number;
  readonly residentBytes: number;
}

function costsBetween(before: Reading, after: Reading) {
  const usedMs = after.cpu.userMs + after.cpu.systemMs - before.cpu.userMs - before.cpu.systemMs;
  return {
    lagMs: 1000 * quantileOf(bucketsBetween(before.lag, after.lag), 0.99),
    cpuShare: usedMs / (after.atMs - before.atMs),
  };
}

/** The same storm while nobody watches. */
async function measureAlone({ seconds, progress }: TrialContext, maglevd: Program, name: string) {
  progress(`${name}: without subscribers for ${seconds / 2} s`);
  // Its first page takes the daemon much longer than all later ones, and probes wait for it.
  await readCosts(maglevd);
  await sleep(settleMs);
  const before = await readCosts(maglevd);
  await sleep(seconds * 500);
  const after = await readCosts(maglevd);
  return { ...costsBetween(before, after), residentBytes: readResidentBytes(maglevd.pid) };
}

function figuresOf(
  { name, subscribers }: Storm,
  found: Findings,
  alone: Costs,
  costs: Costs & { readonly late: number },
): readonly Figure[] {
  // Whoever is in the middle of a round when it ends has not been told yet.
  const missing = 1 - found.deliveries / (found.distinct * subscribers);
  const seconds = found.measuredMs / 1000;
  const beside = (of: (costs: Costs) => number) => ({
    value: of(costs),
    baseline: { name: 'nobody watches', value: of(alone) },
  });
  const grown = (costs.residentBytes - alone.residentBytes) / bytesPerMegabyte;
  return [
    { name: `${name}: event to subscriber, p50`, unit: 'ms', value: found.p50 },
    { name: '- p99', unit: 'ms', value: found.p99, bar: { on: 'value', max: 100 } },
    { name: '- longest', unit: 'ms', value: found.longest },
    { name: '- deliveries per second', unit: '', value: Math.round(found.deliveries / seconds) },
    { name: '- transitions per second', unit: '', value: found.distinct / seconds },
    { name: '- events lost or doubled', unit: '', value: found.faults, bar: { on: 'value', max: 0 } },
    { name: '- resyncs', unit: '', value: found.resyncs, bar: { on: 'value', max: 0 } },
    { name: '- not yet told at the end', unit: '%', value: 100 * missing },
    { name: '- probe lag, p99', unit: 'ms', ...beside(({ lagMs }) => lagMs) },
    { name: '- - beyond that', unit: 'ms', value: costs.lagMs - alone.lagMs, bar: { on: 'value', max: 20 } },
    { name: '- late probes', unit: '', value: costs.late },
    { name: '- CPU of maglevd', unit: '%', ...beside(({ cpuShare }) => 100 * cpuShare) },
    { name: '- memory for subscribers', unit: 'MB', value: grown, bar: { on: 'value', max: 150 } },
  ];
}
