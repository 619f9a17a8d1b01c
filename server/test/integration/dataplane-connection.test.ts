// A real maglevd in every state of its connection to VPP: what it says, what it refuses, that it goes on
// probing, and that it ends when it is told to.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VppInfoJson } from '../../src/api/vpp-schemas.ts';
import type { Simulator } from '../../src/dataplane/simulator/simulator.ts';
import {
  allWell,
  askVpp,
  assertProblem,
  configText,
  connectionIs,
  patienceMs,
  type Scenario,
  startScenario,
} from '../support/dataplane-scenario.ts';
import { makeDirectory, removeDirectory } from '../support/guarded-process.ts';
import { type Maglevd, startMaglevd } from '../support/maglevd.ts';

/** The three calls that need a VPP say why they have none. */
async function assertRefused(maglevd: Maglevd, detail: string | RegExp): Promise<void> {
  assertProblem(await askVpp(maglevd, 'GET', 'lb/state'), 503, 'unavailable', detail);
  assertProblem(await askVpp(maglevd, 'GET', 'lb/counters'), 503, 'unavailable', detail);
  assertProblem(await askVpp(maglevd, 'POST', 'lb/sync'), 503, 'unavailable', detail);
  assertProblem(await askVpp(maglevd, 'POST', 'lb/sync', { frontend: 'www' }), 503, 'unavailable', detail);
}

/** A backend that dies is seen to die. */
async function assertProbing({ servers }: Scenario, maglevd: Maglevd): Promise<void> {
  await maglevd.waitForLog(({ backend, to }) => backend === 'b' && to === 'up', patienceMs);
  servers.toggle('b');
  await maglevd.waitForLog(({ backend, to }) => backend === 'b' && to === 'down', patienceMs);
  const { state } = await maglevd.api<{ state: string }>('/backends/b');
  assert.equal(state, 'down');
}

const silentDetail = /^VPP is not-responding: .*5 s/;

const beSilent = ({ faults }: Simulator) => {
  faults.silent = true;
};

/** What to do to a VPP before a maglevd starts, so that it gets into the state. */
const states = {
  connected: {},
  connecting: { before: ({ simulator }: Scenario) => beSilent(simulator) },
  disconnected: { before: ({ simulator }: Scenario) => simulator.halt() },
  incompatible: { before: ({ simulator }: Scenario) => void simulator.faults.missing.add('lb_conf_get') },
  'not-responding': { before: ({ simulator }: Scenario) => beSilent(simulator) },
} as const satisfies Record<string, { before?: (scenario: Scenario) => unknown }>;

async function stopIn(t: TestContext, wanted: keyof typeof states): Promise<void> {
  const scenario = await startScenario(t);
  const state: { before?: (scenario: Scenario) => unknown } = states[wanted];
  await state.before?.(scenario);
  const maglevd = await scenario.start();
  await connectionIs(maglevd, wanted);
  await maglevd.stop();
}

for (const wanted of ['connected', 'connecting', 'disconnected', 'incompatible'] as const) {
  test(`SIGTERM while ${wanted}`, (t) => stopIn(t, wanted));
}

test('SIGTERM in the middle of a run', async (t) => {
  const scenario = await startScenario(t);
  scenario.simulator.faults.delayMs = 300;
  const maglevd = await scenario.start();
  await maglevd.waitForLog(({ msg }) => msg === 'vpp-connected', patienceMs);
  while (scenario.simulator.mutations.length === 0) await askVpp(maglevd, 'GET', 'info');
  await maglevd.stop();
});

test('an old VPP is not programmed, and says what it lacks until it is upgraded', async (t) => {
  const scenario = await startScenario(t);
  const { simulator, servers } = scenario;
  simulator.faults.missing.add('lb_conf_get');
  const maglevd = await scenario.start();
  const info = await connectionIs(maglevd, 'incompatible');
  assert.deepEqual(info.missingCapabilities, ['lb_conf_get_51077d14']);
  assert.equal(info.version, '26.10-sim');
  assert.match(`${info.reason}`, /^VPP 26\.10-sim lacks lb_conf_get_\w+: 26\.10 or newer is needed$/);
  await assertRefused(maglevd, /^VPP is incompatible: VPP 26\.10-sim lacks lb_conf_get_/);
  const page = await maglevd.metrics();
  const gauges = ['maglev_vpp_incompatible', 'maglev_vpp_connected'].map((name) => page.value(name));
  assert.deepEqual(gauges, [1, 0]);
  assert.deepEqual(page.find('maglev_vpp_info'), []);
  await assertProbing(scenario, maglevd);
  servers.toggle('b');
  const told = maglevd.log.filter(({ msg }) => msg === 'vpp-incompatible');
  assert.deepEqual([told.length, told[0]?.level], [1, 'error']);
  assert.deepEqual(scenario.takeMutations(), []);
  simulator.faults.missing.clear();
  await simulator.restart();
  await scenario.settled(maglevd, allWell);
  assert.equal((await maglevd.metrics()).value('maglev_vpp_incompatible'), 0);
  await maglevd.stop();
});

async function sufferSilence(t: TestContext): Promise<void> {
  const scenario = await startScenario(t);
  const { simulator } = scenario;
  const maglevd = await scenario.start();
  await scenario.settled(maglevd, allWell);
  scenario.takeMutations();
  simulator.faults.silent = true;
  await assertProbing(scenario, maglevd);
  const startMs = performance.now();
  await connectionIs(maglevd, 'not-responding');
  const elapsedMs = performance.now() - startMs;
  assert.ok(elapsedMs < 7_000, `noticed after ${Math.round(elapsedMs)} ms`);
  await assertRefused(maglevd, silentDetail);
  assert.equal((await maglevd.metrics()).value('maglev_vpp_connected'), 0);
  // What was asked last is still unanswered, and stays so.
  const { apiSent = 0, apiReceived = 0 } = await maglevd.api<VppInfoJson>('/vpp/info');
  assert.ok(apiReceived > 0 && apiSent > apiReceived, `${apiSent} sent, ${apiReceived} received`);
  simulator.faults.silent = false;
  const { apiSent: after = 0 } = await connectionIs(maglevd, 'connected');
  assert.ok(after > apiSent, `${after} after ${apiSent}`);
  await scenario.settled(maglevd, { ...allWell, www: { a: 10, b: 0, c: 0 } });
  assert.deepEqual(scenario.takeMutations(), [
    'lb_as_set_weight 127.44.0.2 of 198.51.100.80/32 6/80 weight 0 flush',
  ]);
  await maglevd.stop();
}

async function waitForWarmup(t: TestContext): Promise<void> {
  const scenario = await startScenario(t);
  const { port } = scenario.servers;
  const lb = 'startup-min-delay: 4s, startup-max-delay: 5s';
  const maglevd = await scenario.start({ config: configText({ port, lb }) });
  await connectionIs(maglevd, 'connected');
  const why = 'warm-up: VPP is not touched before startup-min-delay has passed';
  for (const body of [{}, { frontend: 'www' }]) {
    const answer = await askVpp(maglevd, 'POST', 'lb/sync', body);
    assertProblem(answer, 409, 'failed_precondition', why);
  }
  const unknown = await askVpp(maglevd, 'POST', 'lb/sync', { frontend: 'ww' });
  assertProblem(unknown, 404, 'not_found', 'frontend ww: no such frontend');
  const misspelt = await askVpp(maglevd, 'POST', 'lb/sync', { frontends: 'www' });
  assertProblem(misspelt, 400, 'invalid_argument', /frontends: is no field of this request/);
  assert.equal((await askVpp(maglevd, 'GET', 'lb/state')).status, 200);
  assert.deepEqual(scenario.takeMutations(), []);
  await scenario.settled(maglevd, allWell);
  await maglevd.stop();
}

test('a VPP that comes later is found', async (t) => {
  const scenario = await startScenario(t);
  await scenario.simulator.halt();
  const maglevd = await scenario.start();
  await connectionIs(maglevd, 'disconnected');
  await assertRefused(maglevd, /^VPP is (disconnected|connecting)/);
  await scenario.simulator.resume();
  await scenario.settled(maglevd, allWell);
  await maglevd.stop();
});

test("--vpp-api-addr '': no VPP, and the API says how to get one", async (t) => {
  const directory = makeDirectory('no-vpp');
  t.after(() => removeDirectory(directory));
  const flags = ['--vpp-api-addr', '', '--vpp-stats-addr', join(directory, 'stats.sock')];
  const maglevd = await startMaglevd({ config: configText({ port: 1 }), flags });
  t.after(() => maglevd.kill());
  const info = await maglevd.api('/vpp/info');
  assert.deepEqual(info, { connection: 'disabled', missingCapabilities: [] });
  await assertRefused(maglevd, 'no VPP is configured: start maglevd with --vpp-api-addr');
  const page = await maglevd.metrics();
  assert.deepEqual(
    page.samples.filter(({ name }) => name.startsWith('maglev_vpp_')),
    [],
  );
  await maglevd.stop();
});

/** Attempts are made at once, after 1 s and after 3 s. */
async function missVpp(t: TestContext): Promise<void> {
  const scenario = await startScenario(t);
  await scenario.simulator.halt();
  const maglevd = await scenario.start();
  await connectionIs(maglevd, 'disconnected');
  await sleep(4_000);
  const told = maglevd.log.filter(({ msg }) => msg === 'vpp-disconnected');
  assert.equal(told.length, 1, JSON.stringify(told));
  await maglevd.stop();
}

// Each of them waits for seconds, and none is in the way of the others.
suite('patience', { concurrency: true }, () => {
  test('a VPP that is not there is told of once, not at each attempt', missVpp);
  test('SIGTERM while not-responding', (t) => stopIn(t, 'not-responding'));
  test('a silent VPP is noticed, probing goes on, and what happened is made good', sufferSilence);
  test('during warm-up a sync is refused with the reason, and VPP is left alone', waitForWarmup);
});
