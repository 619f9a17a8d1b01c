// The metrics page of a maglevd with VIPs: clean in the eyes of Prometheus' own checker, with the right
// labels, and without series of a VIP that went.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { realClock } from '../../src/lib/clock.ts';
import { allWell, configText, patienceMs, startScenario } from '../support/dataplane-scenario.ts';
import { eventually, requireProgram } from '../support/guarded-process.ts';
import type { MetricsPage } from '../support/metrics-page.ts';

function assertClean(page: MetricsPage): void {
  const promtool = requireProgram('promtool', 'prometheus');
  const result = spawnSync(promtool, ['check', 'metrics'], { input: page.text, encoding: 'utf8' });
  assert.deepEqual(
    { status: result.status, stdout: result.stdout, stderr: result.stderr },
    { status: 0, stdout: '', stderr: '' },
  );
}

const bulk = { prefix: '198.51.100.81/32', protocol: 'any', port: 'any' };
const www = { prefix: '198.51.100.80/32', protocol: 'tcp', port: '80' };
const www6 = { prefix: '2001:db8::80/128', protocol: 'tcp', port: '443' };

test('series of VIPs come, count and go', async (t) => {
  const scenario = await startScenario(t);
  const { model } = scenario.simulator;
  const maglevd = await scenario.start();
  await scenario.settled(maglevd, allWell);
  const index = model.vips().find(({ address }) => address.text === '198.51.100.80')?.index as number;
  for (let hash = 0; hash < 5; hash++) model.pickAs(index, hash, realClock.nowMs(), 100);
  model.pickAs(index, 0, realClock.nowMs(), 100);
  const first = await eventually('packets are counted', patienceMs, async () => {
    const page = await maglevd.metrics();
    return page.sum('maglev_vip_packets_total', www) === 6 ? page : undefined;
  });
  assertClean(first);
  const kinds = first
    .find('maglev_vip_packets_total', www)
    .map(({ labels, value }) => [labels['kind'], value]);
  assert.deepEqual(Object.fromEntries(kinds), { next: 1, first: 5, untracked: 0, no_server: 0 });
  for (const labels of [www, www6, bulk]) {
    assert.equal(first.find('maglev_vip_packets_total', labels).length, 4);
    assert.equal(first.find('maglev_vip_route_bytes_total', labels).length, 1);
  }
  assert.equal(first.value('maglev_vip_route_packets_total', www), 6);
  assert.equal(first.value('maglev_vip_route_bytes_total', www), 600);
  assert.equal(first.value('maglev_vpp_connected'), 1);
  assert.equal(first.value('maglev_vpp_info', { version: '26.10-sim' }), 1);
  assert.ok(first.value('maglev_vpp_uptime_seconds') < 3600);
  const count = (kind: string) => first.sum('maglev_vpp_lbsync_total', { kind });
  assert.deepEqual([count('conf'), count('vip-add'), count('as-add')], [1, 3, 7]);
  assert.equal(first.value('maglev_vpp_drift_total'), 0);
  assert.deepEqual(first.find('maglev_vip_table_mismatch'), []);
  assert.equal(first.value('maglev_vpp_api_total', { msg: 'lb_add_del_vip_v2', direction: 'send' }), 3);

  const { port } = scenario.servers;
  await maglevd.reload(configText({ port, withAllPorts: false }));
  const { bulk: _, ...others } = allWell;
  await scenario.settled(maglevd, others);
  const second = await eventually('the series are gone', patienceMs, async () => {
    const page = await maglevd.metrics();
    return page.find('maglev_vip_packets_total', bulk).length === 0 ? page : undefined;
  });
  assert.deepEqual(
    second.samples.filter(({ labels }) => labels['prefix'] === bulk.prefix),
    [],
  );
  assert.equal(second.sum('maglev_vip_packets_total', www), 6);
  assertClean(second);

  await scenario.simulator.halt();
  const third = await eventually('VPP is gone', patienceMs, async () => {
    const page = await maglevd.metrics();
    return page.value('maglev_vpp_connected') === 0 ? page : undefined;
  });
  assert.deepEqual(third.find('maglev_vip_packets_total'), []);
  assertClean(third);
  await maglevd.stop();
});
