// Echo probes in namespaces with real links, routes and routers: what the world refuses, in words.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ProbeResult } from '../../src/probes/probe.ts';
import { createEchoHarness, type EchoHarness } from '../support/icmp-harness.ts';
import { createNetns, joinNetns, type Netns, netnsSkip } from '../support/netns.ts';

// near 10.83.0.1 -- 10.83.0.2 router, whose routes to 10.84.0.0/16 and fd84::/16 are the world's ends
const skip = netnsSkip();
let near: Netns;
let router: Netns;
let echoes: EchoHarness;

const replied: ProbeResult = { ok: true, code: 'L4OK', detail: 'echo reply' };
function refused(detail: string): ProbeResult {
  return { ok: false, code: 'L4CON', detail };
}

function configure(netns: Netns, settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) {
    netns.exec('sh', '-c', `echo ${value} > /proc/sys/net/${name}`);
  }
}

before(() => {
  if (skip) return;
  near = createNetns();
  router = createNetns();
  joinNetns(near, router, {
    addresses: [
      ['10.83.0.1/16', '10.83.7.1/16', 'fd83::1/64', 'fd83::7/64'],
      ['10.83.0.2/16', 'fd83::2/64'],
    ],
  });
  configure(router, { 'ipv4/ip_forward': '1', 'ipv6/conf/all/forwarding': '1', 'ipv4/icmp_ratelimit': '0' });
  configure(router, { 'ipv4/icmp_msgs_per_sec': '100000', 'ipv6/icmp/ratelimit': '0' });
  // Neighbours that are not there are given up after tenths of a second instead of three.
  for (const family of ['ipv4', 'ipv6']) {
    configure(near, {
      [`${family}/neigh/v0/retrans_time_ms`]: '50',
      [`${family}/neigh/v0/mcast_solicit`]: '2',
    });
  }
  near.exec('ip', 'route', 'add', '10.84.0.0/16', 'via', '10.83.0.2');
  near.exec('ip', 'route', 'add', 'fd84::/16', 'via', 'fd83::2');
  for (const [index, type] of ['unreachable', 'prohibit', 'blackhole'].entries()) {
    near.exec('ip', 'route', 'add', type, `10.85.${index}.0/24`);
    near.exec('ip', 'route', 'add', type, `fd85:${index}::/32`);
    router.exec('ip', 'route', 'add', type, `10.84.${index}.0/24`);
    router.exec('ip', 'route', 'add', type, `fd84:${index}::/32`);
  }
  echoes = createEchoHarness(near.name);
});
after(() => {
  echoes?.close();
  near?.remove();
  router?.remove();
});

const table: readonly [string, string, ProbeResult][] = [
  ['a neighbour', '10.83.0.2', replied],
  ['a neighbour, IPv6', 'fd83::2', replied],
  ['our own address there', '10.83.0.1', replied],
  ['our own address there, IPv6', 'fd83::1', replied],
  ['no route', '10.99.0.1', refused('network unreachable')],
  ['no route, IPv6', 'fd99::1', refused('network unreachable')],
  ['our own unreachable route', '10.85.0.1', refused('host unreachable')],
  ['our own unreachable route, IPv6', 'fd85:0::1', refused('host unreachable')],
  ['our own prohibit route', '10.85.1.1', refused('administratively prohibited')],
  ['our own prohibit route, IPv6', 'fd85:1::1', refused('administratively prohibited')],
  ['our own blackhole route', '10.85.2.1', refused('blackhole route')],
  ['our own blackhole route, IPv6', 'fd85:2::1', refused('blackhole route')],
  ['a router without a route', '10.84.9.1', refused('network unreachable')],
  ['a router without a route, IPv6', 'fd84:9::1', refused('network unreachable')],
  ["a router's unreachable route", '10.84.0.1', refused('host unreachable')],
  ["a router's unreachable route, IPv6", 'fd84:0::1', refused('network unreachable')],
  ["a router's prohibit route", '10.84.1.1', refused('administratively prohibited')],
  ["a router's prohibit route, IPv6", 'fd84:1::1', refused('administratively prohibited')],
  ['a neighbour that is not there', '10.83.9.9', refused('host unreachable')],
  ['a neighbour that is not there, IPv6', 'fd83::99', refused('host unreachable')],
];
for (const [name, address, expected] of table) {
  test(`${name}: ${expected.detail}`, { skip }, async () => {
    assert.deepEqual(await echoes.run(address), expected);
  });
}

for (const address of ['10.84.2.1', 'fd84:2::1']) {
  test(`a router's blackhole (${address}) is silence`, { skip }, async () => {
    assert.equal((await echoes.run(address, { deadlineMs: 300 })).code, 'L4TOUT');
  });
}

test('source addresses are used, refused when they are not there, and missed when they go', {
  skip,
}, async (t) => {
  assert.deepEqual(await echoes.run('10.83.0.2', { source: '10.83.7.1' }), replied);
  assert.deepEqual(await echoes.run('fd83::2', { source: 'fd83::7' }), replied);
  const gone = refused('bind source 10.83.7.9: address not available');
  assert.deepEqual(await echoes.run('10.83.0.2', { source: '10.83.7.9' }), gone);
  near.exec('ip', 'address', 'del', '10.83.7.1/16', 'dev', 'v0');
  t.after(() => near.exec('ip', 'address', 'add', '10.83.7.1/16', 'dev', 'v0'));
  assert.deepEqual(await echoes.run('10.83.0.2', { source: '10.83.7.1' }), refused('network unreachable'));
  near.exec('ip', 'address', 'del', 'fd83::7/64', 'dev', 'v0');
  // The kernel sends from the IPv6 address all the same; the reply finds nobody.
  assert.equal((await echoes.run('fd83::2', { source: 'fd83::7', deadlineMs: 200 })).code, 'L4TOUT');
});

test('the reply goes to the source address, which the far end sees', { skip }, async (t) => {
  // Only traffic from 10.83.7.1 is answered: the other way back is cut.
  router.exec('ip', 'route', 'add', 'blackhole', '10.83.0.1/32');
  t.after(() => router.exec('ip', 'route', 'del', 'blackhole', '10.83.0.1/32'));
  assert.deepEqual(await echoes.run('10.83.0.2', { source: '10.83.7.1' }), replied);
  assert.equal((await echoes.run('10.83.0.2', { deadlineMs: 200 })).code, 'L4TOUT');
});

test('a host that ignores echoes is silence; it answers again, and so do we', { skip }, async () => {
  configure(router, { 'ipv4/icmp_echo_ignore_all': '1', 'ipv6/icmp/echo_ignore_all': '1' });
  assert.equal((await echoes.run('10.83.0.2', { deadlineMs: 200 })).code, 'L4TOUT');
  assert.equal((await echoes.run('fd83::2', { deadlineMs: 200 })).code, 'L4TOUT');
  configure(router, { 'ipv4/icmp_echo_ignore_all': '0', 'ipv6/icmp/echo_ignore_all': '0' });
  assert.deepEqual(await echoes.run('10.83.0.2'), replied);
  assert.deepEqual(await echoes.run('fd83::2'), replied);
});

test('a link that is down has no routes; up again, all is well', { skip }, async () => {
  near.exec('ip', 'link', 'set', 'v0', 'down');
  assert.deepEqual(await echoes.run('10.83.0.2'), refused('network unreachable'));
  near.exec('ip', 'link', 'set', 'v0', 'up');
  assert.deepEqual(await echoes.run('10.83.0.2'), replied);
});
