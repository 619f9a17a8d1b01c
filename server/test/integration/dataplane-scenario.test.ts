// A real maglevd against a simulated VPP with real backends, one day in its life: whatever happens, VPP ends
// up with what configuration and health ask for, and the API says what VPP really holds.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { realClock } from '../../src/lib/clock.ts';
import {
  allWell,
  configText,
  patienceMs,
  putWeight,
  type Scenario,
  startScenario,
} from '../support/dataplane-scenario.ts';
import type { Maglevd } from '../support/maglevd.ts';
import { asValues, vipValues } from '../support/simulator.ts';

const failedOver = { ...allWell, www: { a: 0, b: 0, c: 10 } };
const flushes = (mutations: readonly string[]) => mutations.filter((text) => text.endsWith(' flush'));

async function runAction(maglevd: Maglevd, path: string, body?: object): Promise<unknown> {
  const { status, body: text } = await maglevd.post(path, { ...(body && { body }) });
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

async function setWeight(maglevd: Maglevd, place: string, body: object): Promise<void> {
  const answer = await putWeight(maglevd, place, body);
  assert.equal(answer.status, 200, answer.body);
}

async function begin(t: TestContext): Promise<{ readonly scenario: Scenario; readonly maglevd: Maglevd }> {
  const scenario = await startScenario(t);
  const maglevd = await scenario.start();
  await scenario.settled(maglevd, allWell);
  return { scenario, maglevd };
}

test('a start programs everything; deaths, fail-over and the way back', async (t) => {
  const { scenario, maglevd } = await begin(t);
  const { servers } = scenario;
  const { vips, conf } = await scenario.settled(maglevd, allWell);
  assert.deepEqual(
    vips.map(({ prefix, protocol, port, encap, srcIpSticky }) => [
      prefix,
      protocol,
      port,
      encap,
      srcIpSticky,
    ]),
    [
      ['198.51.100.80/32', 'tcp', 80, 'gre4', false],
      ['198.51.100.81/32', 'any', undefined, 'gre6', false],
      ['2001:db8::80/128', 'tcp', 443, 'gre4', true],
    ],
  );
  assert.deepEqual([conf.ipv4SrcAddress, conf.ipv6SrcAddress], ['10.255.0.1', '2001:db8::1']);
  const first = scenario.takeMutations();
  assert.deepEqual(
    first.map((text) => text.split(' ', 2).join(' ')).filter((text) => !text.startsWith('lb_add_del_as')),
    ['lb_conf ipv4', 'lb_add_del_vip_v2 add', 'lb_add_del_vip_v2 add', 'lb_add_del_vip_v2 add'],
  );
  assert.equal(first.length, 4 + 7, first.join('\n'));

  assert.equal(servers.toggle('b'), false);
  await scenario.settled(maglevd, { ...allWell, www: { a: 10, b: 0, c: 0 } });
  assert.deepEqual(scenario.takeMutations(), [
    'lb_as_set_weight 127.44.0.2 of 198.51.100.80/32 6/80 weight 0 flush',
  ]);
  servers.toggle('a');
  await scenario.settled(maglevd, failedOver);
  assert.deepEqual(scenario.takeMutations(), [
    'lb_as_set_weight 127.44.0.3 of 198.51.100.80/32 6/80 weight 10',
    'lb_as_set_weight 127.44.0.1 of 198.51.100.80/32 6/80 weight 0 flush',
  ]);
  servers.toggle('a');
  await scenario.settled(maglevd, { ...allWell, www: { a: 10, b: 0, c: 0 } });
  servers.toggle('b');
  await scenario.settled(maglevd, allWell);
  assert.deepEqual(flushes(scenario.takeMutations()), []);
  await maglevd.stop();
});

test('an operator: disable, enable, pause, resume, weights', async (t) => {
  const { scenario, maglevd } = await begin(t);
  scenario.takeMutations();
  await runAction(maglevd, '/backends/c/disable');
  await scenario.settled(maglevd, { ...allWell, www6: { c: 0, d: 2 } });
  // One in each of its frontends, also where it stood by with weight 0.
  assert.deepEqual(scenario.takeMutations().sort(), [
    'lb_as_set_weight 127.44.0.3 of 198.51.100.80/32 6/80 weight 0 flush',
    'lb_as_set_weight 127.44.0.3 of 2001:db8::80/128 6/443 weight 0 flush',
  ]);
  await runAction(maglevd, '/backends/c/enable');
  await scenario.settled(maglevd, allWell);
  assert.deepEqual(scenario.takeMutations(), [
    'lb_as_set_weight 127.44.0.3 of 2001:db8::80/128 6/443 weight 10',
  ]);
  await runAction(maglevd, '/backends/d/pause');
  await scenario.settled(maglevd, { ...allWell, www6: { c: 10, d: 0 } });
  await runAction(maglevd, '/backends/d/resume');
  await scenario.settled(maglevd, allWell);
  assert.deepEqual(flushes(scenario.takeMutations()), []);

  await setWeight(maglevd, 'www/primary/a', { weight: 30, flush: true });
  await scenario.settled(maglevd, { ...allWell, www: { a: 3, b: 5, c: 0 } });
  await setWeight(maglevd, 'www/primary/a', { reset: true });
  await scenario.settled(maglevd, allWell);
  assert.deepEqual(scenario.takeMutations(), [
    'lb_as_set_weight 127.44.0.1 of 198.51.100.80/32 6/80 weight 3 flush',
    'lb_as_set_weight 127.44.0.1 of 198.51.100.80/32 6/80 weight 10',
  ]);
  await maglevd.stop();
  // It leaves VPP as it is.
  assert.deepEqual(scenario.takeMutations(), []);
});

test('reload: a weight, stickiness, a frontend that goes and comes back', async (t) => {
  const { scenario, maglevd } = await begin(t);
  const { servers } = scenario;
  scenario.takeMutations();
  const { port } = servers;
  const changed = { ...allWell, www: { a: 10, b: 2, c: 0 } };
  assert.equal(
    (await maglevd.reload(configText({ port, weightOfB: 20, stickyOfWww6: false }))).level,
    'info',
  );
  const { vips } = await scenario.settled(maglevd, changed);
  assert.deepEqual(
    vips.map(({ srcIpSticky }) => srcIpSticky),
    [false, false, false],
  );
  const mutations = scenario.takeMutations();
  assert.deepEqual(
    mutations.filter((text) => !text.includes('2001:db8::80')),
    ['lb_as_set_weight 127.44.0.2 of 198.51.100.80/32 6/80 weight 2'],
  );
  assert.equal(mutations.filter((text) => /^lb_add_del_as_v2 delete .* flush$/.test(text)).length, 2);
  assert.equal(mutations.filter((text) => text.startsWith('lb_add_del_vip_v2')).length, 2);
  const sticky = maglevd.log.filter(({ msg, why }) => msg === 'vpp-lb-vip-delete' && /sticky/.test(`${why}`));
  assert.equal(sticky.length, 1, 'the log says why a VIP was made anew');

  await maglevd.reload(configText({ port, withAllPorts: false }));
  const { bulk: _, ...others } = allWell;
  await scenario.settled(maglevd, others);
  await maglevd.reload(configText({ port }));
  await scenario.settled(maglevd, allWell);
  await maglevd.stop();
});

test('drift is told and repaired on demand; a VPP that restarts gets everything again', async (t) => {
  const { scenario, maglevd } = await begin(t);
  const { simulator } = scenario;
  const { model } = simulator;
  // Nothing that was changed is still to be read back: nobody but the sync will find it.
  await runAction(maglevd, '/vpp/lb/sync');
  const gone = { ...asValues('198.51.100.80', 80, '127.44.0.1'), isDel: true };
  assert.equal(model.addDelAs(gone, realClock.nowMs()), 0);
  const before = await maglevd.api<{ vips: { inSync: boolean }[] }>('/vpp/lb/state');
  assert.deepEqual(
    before.vips.map(({ inSync }) => inSync),
    [false, true, true],
  );
  const repaired = await runAction(maglevd, '/vpp/lb/sync', { frontend: 'www' });
  const nothing = {
    vipsAdded: 0,
    vipsRemoved: 0,
    asesAdded: 0,
    asesRemoved: 0,
    weightsChanged: 0,
    inSync: true,
  };
  assert.deepEqual(repaired, { ...nothing, asesAdded: 1 });
  const { level, vip, frontend, what } = await maglevd.waitForLog(
    ({ msg }) => msg === 'vpp-drift',
    patienceMs,
  );
  assert.deepEqual(
    { level, vip, frontend, what },
    { level: 'warn', vip: '198.51.100.80/32 tcp 80', frontend: 'www', what: 'as 127.44.0.1 was deleted' },
  );
  await scenario.settled(maglevd, allWell);
  assert.deepEqual(await runAction(maglevd, '/vpp/lb/sync'), nothing);

  scenario.takeMutations();
  const pid = simulator.vpePid();
  await simulator.restart();
  await scenario.settled(maglevd, allWell);
  assert.equal(scenario.takeMutations().length, 4 + 7);
  const info = await maglevd.api<{ pid: number }>('/vpp/info');
  assert.notEqual(info.pid, pid);
  assert.equal(info.pid, simulator.vpePid());
  await maglevd.stop();
});

test('killed and started again beside a dead and a disabled backend, it sends VPP nothing', async (t) => {
  const { scenario, maglevd } = await begin(t);
  scenario.servers.toggle('b');
  await runAction(maglevd, '/backends/c/disable');
  await setWeight(maglevd, 'www/primary/a', { weight: 40 });
  const weights = { ...allWell, www: { a: 4, b: 0, c: 0 }, www6: { c: 0, d: 2 } };
  await scenario.settled(maglevd, weights);
  await maglevd.kill();
  scenario.takeMutations();
  const next = await scenario.start();
  await scenario.settled(next, weights);
  // All warm-up is over, and a whole run has looked at everything.
  await next.waitForLog(({ backend, to }) => backend === 'b' && to === 'down', patienceMs);
  await scenario.settled(next, weights);
  assert.deepEqual(((await runAction(next, '/vpp/lb/sync')) as { inSync: boolean }).inSync, true);
  assert.deepEqual(scenario.takeMutations(), []);
  await next.stop();
});

test('a VIP of somebody else stays with --vpp-keep-unknown, and goes without', async (t) => {
  const scenario = await startScenario(t);
  const { model } = scenario.simulator;
  const foreign = asValues('203.0.113.9', 53, '127.44.9.9');
  const vip = vipValues('203.0.113.9', 53);
  assert.equal(model.addDelVip(vip, realClock.nowMs()), 0);
  assert.equal(model.addDelAs(foreign, realClock.nowMs()), 0);
  const withForeign = { ...allWell, '203.0.113.9/32': { '127.44.9.9': 100 } };
  const careful = await scenario.start({ flags: ['--vpp-keep-unknown'] });
  await scenario.settled(careful, withForeign);
  await runAction(careful, '/vpp/lb/sync');
  await scenario.settled(careful, withForeign);
  await careful.stop();
  scenario.takeMutations();
  const tidy = await scenario.start();
  await scenario.settled(tidy, allWell);
  assert.deepEqual(scenario.takeMutations(), [
    'lb_add_del_as_v2 delete 127.44.9.9 of 203.0.113.9/32 6/53 flush',
    'lb_add_del_vip_v2 delete 203.0.113.9/32 6/53',
  ]);
  await tidy.stop();
});
