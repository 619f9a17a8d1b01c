// How a maglevd process ends, and how it lives with whoever reads its log: signals, open connections, hanging
// probes, a reader that stops reading or goes away.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CountingServer, startHttpServer, startSilentServer } from '../support/counting-server.ts';
import { eventually } from '../support/guarded-process.ts';
import { type Maglevd, startMaglevd, stopMsMax } from '../support/maglevd.ts';
import { type MetricsPage, quantileBound } from '../support/metrics-page.ts';

const patienceMs = 30_000;

/** A configuration of one health check per server, and so many backends of the first. */
function configText(servers: readonly CountingServer[], rhythm: string, count = 1): string {
  const checks = servers.map(({ port }, index) => {
    return `    check${index}: { type: http, port: ${port}, ${rhythm} }`;
  });
  const backends = servers.flatMap((_, index) =>
    Array.from({ length: index === 0 ? count : 1 }, (_, number) => {
      return `    b${index}-${number}: { address: 127.0.0.1, healthcheck: check${index} }`;
    }),
  );
  return ['maglev:', '  healthchecks:', ...checks, '  backends:', ...backends, ''].join('\n');
}

async function serve(t: TestContext, start: () => Promise<CountingServer>): Promise<CountingServer> {
  const server = await start();
  t.after(() => server.close());
  return server;
}

async function run(t: TestContext, config: string, ...flags: string[]): Promise<Maglevd> {
  const maglevd = await startMaglevd({ config, flags });
  t.after(() => maglevd.kill());
  return maglevd;
}

/** A connection that sends `text` and then stays open; resolves when something has come back, or at once. */
async function openConnection(t: TestContext, url: string, text: string, answers: boolean): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on('error', () => socket.destroy());
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('connect', () => socket.write(text, () => answers || resolve()));
  socket.once('data', () => resolve());
  await promise;
  return socket;
}

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: exit 0 beside a probe that hangs and connections that stay open`, async (t) => {
    const silent = await serve(t, startSilentServer);
    const config = configText([silent], 'interval: 1s, timeout: 5m');
    const probed = silent.nextConnection();
    const maglevd = await run(t, config);
    await probed;
    await openConnection(t, maglevd.apiUrl, request('/healthz'), true);
    await openConnection(t, maglevd.metricsUrl, request('/metrics'), true);
    await openConnection(t, maglevd.apiUrl, 'GET /api/v1/backends HTTP/1.1\r\nHost: loc', false);
    await openConnection(t, maglevd.apiUrl, '', false);
    assert.equal((await maglevd.metrics()).value('maglev_probes_in_flight'), 1);
    const startMs = performance.now();
    maglevd.signal(signal);
    assert.deepEqual(await maglevd.ended, { code: 0, signal: null });
    const elapsedMs = performance.now() - startMs;
    t.diagnostic(`stopped after ${Math.round(elapsedMs)} ms`);
    assert.ok(elapsedMs < stopMsMax);
    assert.equal(maglevd.stderr, '');
  });
}

test('a second signal ends it at once, and says so, unless the first has ended it already', async (t) => {
  const maglevd = await run(t, 'maglev: {}\n');
  // Both are there when it looks.
  for (const signal of ['SIGSTOP', 'SIGTERM', 'SIGINT', 'SIGCONT'] as const) maglevd.signal(signal);
  const { code, signal } = await maglevd.ended;
  assert.equal(signal, null);
  const isWhole = () => maglevd.child.stderr?.readableEnded || undefined;
  await eventually('the end of standard error', patienceMs, isWhole);
  const said = code === 0 ? /^$/ : /^maglevd: second SIG(INT|TERM): stopping at once\n$/;
  assert.match(maglevd.stderr, said);
  assert.ok(code === 0 || code === 1);
});

test('signals during the start: TERM ends it, HUP does not', async (t) => {
  const start = async () => {
    const maglevd = await startMaglevd({ config: 'maglev: {}\n', waits: false });
    t.after(() => maglevd.kill());
    await maglevd.waitForLog(({ msg }) => msg === 'starting', patienceMs);
    return maglevd;
  };
  const ended = await start();
  ended.signal('SIGTERM');
  assert.deepEqual(await ended.ended, { code: 0, signal: null });
  const reloaded = await start();
  reloaded.signal('SIGHUP');
  await reloaded.waitForLog(({ msg }) => msg === 'listening', patienceMs);
  await reloaded.waitForLog(({ msg }) => msg === 'config-reloaded', patienceMs);
  await reloaded.stop();
});

test('SIGHUP without a file changes nothing but the log and the metric', async (t) => {
  const server = await serve(t, startHttpServer);
  const maglevd = await run(t, configText([server], 'interval: 100ms, timeout: 1s'));
  const loaded = 'maglev_config_last_reload_successful';
  await maglevd.waitForLog(({ to }) => to === 'up', patienceMs);
  assert.equal((await maglevd.metrics()).value(loaded), 1);
  maglevd.removeConfig();
  maglevd.signal('SIGHUP');
  const fault = await maglevd.waitForLog(({ msg }) => msg === 'config-error', patienceMs);
  assert.match(String(fault['why']), /no such file/);
  await maglevd.waitForLog(({ msg }) => msg === 'config-refused', patienceMs);
  assert.equal((await maglevd.metrics()).value(loaded), 0);
  const { backends } = await maglevd.api<{ backends: { state: string }[] }>('/backends');
  assert.deepEqual(
    backends.map(({ state }) => state),
    ['up'],
  );
  await server.nextConnection();
  await maglevd.stop();
});

test('--log-level debug shows every probe, info none', async (t) => {
  const server = await serve(t, startHttpServer);
  const config = configText([server], 'interval: 50ms, timeout: 1s');
  const debug = await run(t, config, '--log-level', 'debug');
  const { time, durationMs, ...probe } = await debug.waitForLog(({ msg }) => msg === 'probe', patienceMs);
  const expected = { level: 'debug', msg: 'probe', backend: 'b0-0', outcome: 'pass', ok: true };
  assert.deepEqual(probe, { ...expected, code: 'L7OK', detail: 'HTTP 200' });
  assert.ok(Number(durationMs) > 0 && time !== '');
  await debug.stop();
  const info = await run(t, config);
  await info.waitForLog(({ to }) => to === 'up', patienceMs);
  for (let probes = 0; probes < 5; probes += 1) await server.nextConnection();
  await info.stop();
  assert.ok(!info.log.some(({ level }) => level === 'debug'));
});

/** Two hundred backends whose probes fill any pipe within a second, at level debug. */
async function runTalkative(t: TestContext): Promise<Maglevd> {
  const server = await serve(t, startHttpServer);
  const config = configText([server], 'interval: 200ms, timeout: 1s', 200);
  const maglevd = await run(t, config, '--log-level', 'debug');
  await maglevd.waitForLog(({ backend, to }) => backend === 'b0-199' && to === 'up', patienceMs);
  return maglevd;
}

/** Probes go on at their pace and on time. */
async function assertProbing(t: TestContext, maglevd: Maglevd): Promise<void> {
  const total = (page: MetricsPage) => page.sum('maglev_probe_total', { result: 'pass' });
  const before = await maglevd.metrics();
  await sleep(4000);
  const after = await maglevd.metrics();
  const lag = quantileBound(before, after, 'maglev_probe_schedule_lag_seconds', 0.5);
  t.diagnostic(`${total(after) - total(before)} probes passed, median lag up to ${lag} s`);
  // Four seconds of 200 backends at 200 ms are 4,000; a very busy machine may cost most of them.
  assert.ok(total(after) - total(before) > 500);
  assert.ok((lag ?? 0) <= 0.25);
  assert.equal(after.sum('maglev_probe_total', { result: 'fail' }), 0);
}

test('a reader of the log that stops reading stalls no probe and no stop', async (t) => {
  const maglevd = await runTalkative(t);
  maglevd.child.stdout?.pause();
  await assertProbing(t, maglevd);
  const startMs = performance.now();
  maglevd.signal('SIGTERM');
  const late = sleep(stopMsMax, 'hangs', { ref: false });
  assert.deepEqual(await Promise.race([maglevd.ended, late]), { code: 0, signal: null });
  t.diagnostic(`stopped after ${Math.round(performance.now() - startMs)} ms`);
});

test('a reader of the log that goes away stalls no probe and no stop', async (t) => {
  const maglevd = await runTalkative(t);
  maglevd.child.stdout?.destroy();
  await assertProbing(t, maglevd);
  await maglevd.stop();
});

test('a slow reader gets the log whole and in order, to the last line', async (t) => {
  const maglevd = await runTalkative(t);
  maglevd.child.stdout?.pause();
  await sleep(1000);
  maglevd.signal('SIGTERM');
  await sleep(200);
  maglevd.child.stdout?.resume();
  assert.deepEqual(await maglevd.ended, { code: 0, signal: null });
  await maglevd.waitForLog(({ msg }) => msg === 'stopped', patienceMs);
  const times = maglevd.log.map(({ time }) => time);
  assert.deepEqual(times, times.toSorted());
  assert.deepEqual(maglevd.otherLines, []);
});
