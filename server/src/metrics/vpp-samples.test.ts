import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vip } from '../../test/support/lb-values.ts';
import type { CountersSample, DataplaneInfo } from '../dataplane/dataplane.ts';
import { vppMetrics } from './vpp-samples.ts';

const connected: DataplaneInfo = {
  connection: 'connected',
  version: '26.10',
  buildDate: 'today',
  pid: 42,
  bootTimeMs: 4_000,
  connectTimeMs: 10_000,
  missingCapabilities: [],
};
const counters = { next: 3n, first: 2n, untracked: 1n, noServer: 0n };
const sample: CountersSample = {
  atMs: 1,
  byVip: new Map([
    ['w', { key: vip('10.1.0.1 tcp 80'), counters: { ...counters, routePackets: 9n, routeBytes: 900n } }],
    ['a', { key: vip('2001:db8::1 any'), counters }],
  ]),
};

function metrics(info: DataplaneInfo, shown?: CountersSample, calls: readonly [string, number][] = []) {
  const journal = {
    alarms: () => new Map([['10.1.0.1/32 tcp 80', 'why']]),
    operations: () => new Map([['full as-add', 4]]),
    runs: () => new Map([['vip refused', 2]]),
    driftCount: () => 5,
  };
  const made = vppMetrics({
    dataplane: { info: () => info, counters: () => shown },
    reconciler: { journal: () => journal },
    calls: new Map(calls),
    nowMs: 12_500,
  });
  const found = new Map(
    made.map(({ name, groups }) => [name, [...groups].flat().map((one) => [one.labels, one.value])]),
  );
  assert.equal(found.size, made.length, 'each name once');
  return (name: string) => found.get(name);
}

test('a connected VPP: who it is, and for how long', () => {
  const of = metrics(connected);
  assert.deepEqual(of('maglev_vpp_connected'), [[{}, 1]]);
  assert.deepEqual(of('maglev_vpp_incompatible'), [[{}, 0]]);
  assert.deepEqual(of('maglev_vpp_uptime_seconds'), [[{}, 8.5]]);
  assert.deepEqual(of('maglev_vpp_connected_seconds'), [[{}, 2.5]]);
  assert.deepEqual(of('maglev_vpp_info'), [[{ version: '26.10', build_date: 'today', pid: '42' }, 1]]);
});

test('one that is not connected has no age; one that lacks messages is told', () => {
  const of = metrics({ ...connected, connection: 'incompatible' });
  assert.deepEqual([of('maglev_vpp_connected'), of('maglev_vpp_incompatible')], [[[{}, 0]], [[{}, 1]]]);
  for (const name of ['uptime_seconds', 'connected_seconds', 'info'])
    assert.deepEqual(of(`maglev_vpp_${name}`), []);
});

test('a boot in the future, by another clock, is no negative age', () => {
  const of = metrics({ ...connected, bootTimeMs: 99_000 });
  assert.deepEqual(of('maglev_vpp_uptime_seconds'), [[{}, 0]]);
});

test('calls and runs come with their labels', () => {
  const of = metrics(connected, undefined, [['lb_conf recv INVALID_MEMORY_SIZE', 7]]);
  const labels = { msg: 'lb_conf', direction: 'recv', result: 'INVALID_MEMORY_SIZE' };
  assert.deepEqual(of('maglev_vpp_api_total'), [[labels, 7]]);
  assert.deepEqual(of('maglev_vpp_lbsync_total'), [[{ scope: 'full', kind: 'as-add' }, 4]]);
  assert.deepEqual(of('maglev_vpp_lbsync_runs_total'), [[{ scope: 'vip', result: 'refused' }, 2]]);
  assert.deepEqual(of('maglev_vpp_drift_total'), [[{}, 5]]);
  assert.deepEqual(of('maglev_vip_table_mismatch'), [[{ vip: '10.1.0.1/32 tcp 80' }, 1]]);
});

test('counters of VIPs; a prefix without a route has none of its own', () => {
  const of = metrics(connected, sample);
  const web = { prefix: '10.1.0.1/32', protocol: 'tcp', port: '80' };
  const all = { prefix: '2001:db8::1/128', protocol: 'any', port: 'any' };
  assert.deepEqual(
    of('maglev_vip_packets_total'),
    [web, all].flatMap((labels) => [
      [{ ...labels, kind: 'next' }, 3],
      [{ ...labels, kind: 'first' }, 2],
      [{ ...labels, kind: 'untracked' }, 1],
      [{ ...labels, kind: 'no_server' }, 0],
    ]),
  );
  assert.deepEqual(of('maglev_vip_route_packets_total'), [[web, 9]]);
  assert.deepEqual(of('maglev_vip_route_bytes_total'), [[web, 900]]);
  assert.deepEqual(metrics(connected)('maglev_vip_packets_total'), []);
});
