// A maglevd that gets a few percent of a CPU, ten times too many backends, or no CPU at all for seconds,
// beside backends that are well all the time: it must call none of them down (fall is 1: one wrong result
// would do it).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendJson } from '../../src/api/schemas.ts';
import { startNeighbours } from '../support/busy-neighbour.ts';
import { startHttpServer } from '../support/counting-server.ts';
import { eventually, requireProgram } from '../support/guarded-process.ts';
import { type Maglevd, startMaglevd } from '../support/maglevd.ts';
import { type MetricsPage, quantileBound } from '../support/metrics-page.ts';
import { findFreePort, startNginx } from '../support/nginx.ts';

/** Where the backends live, and where maglevd starves. */
const backendCpu = 0;
const starvedCpu = 1;
const patienceMs = 60_000;
const lagMetric = 'maglev_probe_schedule_lag_seconds';
const addresses = Array.from({ length: 250 }, (_, index) => `127.0.1.${index + 1}`);

/** Backends that nobody starves: real-time priority where that is allowed. */
function wellFed(): readonly string[] {
  const pinned = ['taskset', '-c', String(backendCpu)];
  const realTime = ['chrt', '--fifo', '1'];
  return spawnSync('chrt', ['--fifo', '1', 'true']).status === 0 ? [...realTime, ...pinned] : pinned;
}

interface Scene {
  readonly t: TestContext;
  readonly maglevd: Maglevd;
  readonly text: (count: number) => string;
  readonly killVictim: () => void;
}

/** Backends that take their time: so many, on one port of 127.0.0.1. */
interface Slow {
  readonly count: number;
  readonly port: number;
  readonly check: string;
}

/** nginx on all addresses, one more for a backend that will really die, and a maglevd on the starved CPU. */
async function setUp(t: TestContext, count: number, check: string, slow?: Slow): Promise<Scene> {
  requireProgram('taskset', 'util-linux');
  const victimAddress = '127.0.2.1';
  const port = await findFreePort([...addresses, victimAddress]);
  const wrapper = wellFed();
  const nginx = await startNginx({ addresses, port, wrapper, connectionsMax: 16_384 });
  t.after(() => nginx.kill());
  const victim = await startNginx({ addresses: [victimAddress], port, wrapper });
  t.after(() => victim.kill());
  const backend = (name: string, address: string | undefined) =>
    `    ${name}: { address: ${address}, healthcheck: http-ok }`;
  const text = (wanted: number) => {
    const names = Array.from({ length: wanted }, (_, index) => {
      return backend(`b${index}`, addresses[index % addresses.length]);
    });
    const slowNames = Array.from({ length: slow?.count ?? 0 }, (_, index) => {
      return `    slow${index}: { address: 127.0.0.1, healthcheck: http-slow }`;
    });
    const checks = [
      `    http-ok: { type: http, port: ${port}, rise: 2, fall: 1, ${check} }`,
      ...(slow ? [`    http-slow: { type: http, port: ${slow.port}, rise: 2, fall: 1, ${slow.check} }`] : []),
    ];
    const all = [backend('victim', victimAddress), ...names, ...slowNames];
    return ['maglev:', '  healthchecks:', ...checks, '  backends:', ...all, ''].join('\n');
  };
  const maglevd = await startMaglevd({
    config: text(count),
    wrapper: ['taskset', '-c', String(starvedCpu), 'nice', '-n', '15'],
  });
  t.after(() => maglevd.kill());
  return { t, maglevd, text, killVictim: () => process.kill(victim.pid, 'SIGKILL') };
}

function downs(maglevd: Maglevd): string[] {
  return maglevd.log
    .filter(({ msg, to }) => msg === 'backend-transition' && to === 'down')
    .map(({ backend, code, detail }) => `${backend}: ${code} ${detail}`);
}

function assertNobodyFailed(page: MetricsPage, maglevd: Maglevd): void {
  assert.deepEqual(downs(maglevd), [], 'no backend is called down');
  assert.deepEqual(page.find('maglev_probe_total', { result: 'fail' }), [], 'no probe counts as a failure');
}

async function waitUntilUp({ maglevd }: Scene, count: number): Promise<void> {
  await eventually(`${count} backends are up`, patienceMs, async () => {
    await sleep(500);
    return (await maglevd.metrics()).sum('maglev_backend_state', { state: 'up' }) >= count ? true : undefined;
  });
}

/** CPU time that the process has had, in seconds. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** How the pages differ, for people. */
function describe(before: MetricsPage, after: MetricsPage): string {
  const grown = (result: string) =>
    after.sum('maglev_probe_total', { result }) - before.sum('maglev_probe_total', { result });
  const lag = quantileBound(before, after, lagMetric, 0.99);
  const results = ['pass', 'fail', 'late'].map((result) => `${grown(result)} ${result}`);
  return `${results.join(', ')}; lag p99 up to ${lag} s`;
}

/** Waits for a second with probes and none of them late. */
async function waitForCalm({ maglevd, t }: Scene): Promise<void> {
  await eventually('a second without late probes', patienceMs, async () => {
    const before = await maglevd.metrics();
    await sleep(1000);
    const after = await maglevd.metrics();
    const quiet = after.sum('maglev_probe_late_total') === before.sum('maglev_probe_late_total');
    const probed = after.sum('maglev_probe_total') > before.sum('maglev_probe_total');
    if (quiet && probed) t.diagnostic(`calm: ${describe(before, after)}`);
    return quiet && probed ? true : undefined;
  });
}

/** A backend that really dies is seen, and it is the only one. */
async function victimDies({ t, maglevd, killVictim }: Scene): Promise<void> {
  const killedMs = Date.now();
  killVictim();
  const fits = (line: { msg: string; backend?: unknown }) =>
    line.msg === 'backend-transition' && line.backend === 'victim';
  const { time, to, code } = await maglevd.waitForLog(fits, patienceMs, maglevd.log.length);
  t.diagnostic(`death seen after ${Date.parse(time) - killedMs} ms`);
  assert.equal(to, 'down');
  // Refused; or cut in the middle of a probe that the death met.
  assert.ok(code === 'L4CON' || code === 'L7RSP', String(code));
  const { backends } = await maglevd.api<{ backends: BackendJson[] }>('/backends');
  assert.deepEqual(
    backends.filter(({ state }) => state !== 'up').map(({ name, state }) => `${name} ${state}`),
    ['victim down'],
  );
}

test('a few percent of a CPU: late probes, no false down, and everything again afterwards', async (t) => {
  const count = 1000;
  const rhythm = 'interval: 500ms, fast-interval: 500ms, timeout: 250ms';
  const scene = await setUp(t, count, rhythm);
  const { maglevd } = scene;
  await waitUntilUp(scene, count + 1);
  const before = await maglevd.metrics();
  const cpuBefore = cpuSeconds(maglevd.pid);
  const startMs = performance.now();
  // Niceness 15 against 0: each of its two busy threads has 3 % of the weight. (A tenth would be enough.)
  const neighbours = await startNeighbours(starvedCpu, 1);
  t.after(() => neighbours.stop());
  await sleep(15_000);
  const share = (1000 * (cpuSeconds(maglevd.pid) - cpuBefore)) / (performance.now() - startMs);
  await neighbours.stop();
  const after = await maglevd.metrics();
  t.diagnostic(`starved to ${(100 * share).toFixed(0)} % of a CPU: ${describe(before, after)}`);
  assertNobodyFailed(after, maglevd);
  assert.ok(share < 0.1, `the test starves maglevd; it had ${share} of the CPU`);
  assert.ok(after.sum('maglev_probe_late_total') > before.sum('maglev_probe_late_total'), 'late is counted');
  assert.ok((quantileBound(before, after, lagMetric, 0.99) ?? 0) > 0.02, 'the lag is shown');
  await waitForCalm(scene);
  assertNobodyFailed(await maglevd.metrics(), maglevd);
  await victimDies(scene);
  await maglevd.stop();
});

test('ten times too many backends: no false down, and all is well with fewer', async (t) => {
  const scene = await setUp(t, 10_000, 'interval: 1s, timeout: 300ms');
  const { maglevd, text } = scene;
  const neighbours = await startNeighbours(starvedCpu, 1);
  t.after(() => neighbours.stop());
  await sleep(12_000);
  assert.deepEqual(downs(maglevd), []);
  // A page of that many backends is no small work: the neighbour goes first.
  await neighbours.stop();
  const page = await maglevd.metrics();
  const late = page.sum('maglev_probe_late_total');
  const passed = page.sum('maglev_probe_total', { result: 'pass' });
  t.diagnostic(`10,000 backends: ${late} late, ${passed} passed`);
  assertNobodyFailed(page, maglevd);
  assert.ok(late > 0);
  const { msg } = await maglevd.reload(text(100));
  assert.equal(msg, 'config-reloaded');
  await waitUntilUp(scene, 101);
  await waitForCalm(scene);
  assertNobodyFailed(await maglevd.metrics(), maglevd);
  await victimDies(scene);
  await maglevd.stop();
});

test('stopped for three seconds, three times: no false down', async (t) => {
  const count = 100;
  // More than half of their probes are under way at any moment, also when the world stops.
  const server = await startHttpServer(200, 300);
  t.after(() => server.close());
  const slow = { count, port: server.port, check: 'interval: 500ms, timeout: 1s' };
  const scene = await setUp(t, count, 'interval: 500ms, timeout: 200ms', slow);
  const { maglevd } = scene;
  await waitUntilUp(scene, 2 * count + 1);
  for (let time = 0; time < 3; time += 1) {
    maglevd.signal('SIGSTOP');
    await sleep(3000);
    maglevd.signal('SIGCONT');
    await sleep(700);
  }
  await waitForCalm(scene);
  const page = await maglevd.metrics();
  const late = page.sum('maglev_probe_late_total');
  t.diagnostic(`late: ${late}`);
  assertNobodyFailed(page, maglevd);
  assert.ok(late >= 3 * count, 'each stop makes a probe of every backend late');
  await victimDies(scene);
  await maglevd.stop();
});
