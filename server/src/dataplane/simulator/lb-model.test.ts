import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { parseAddress } from '../../lib/address.ts';
import type { WirePrefix } from '../vpp/codec.ts';
import { LbModel } from './lb-model.ts';
import { VppCrash } from './retval.ts';

const second = 1000;
let model: LbModel;
beforeEach(() => {
  model = new LbModel(0);
});

function wire(text: string): WirePrefix {
  const [host = '', length] = text.split('/');
  const parsed = parseAddress(host);
  assert.ok(parsed.ok, text);
  const { family, bytes } = parsed.address;
  const padded = new Uint8Array(16);
  padded.set(bytes);
  return { af: family === 4 ? 0 : 1, bytes: padded, length: Number(length ?? bytes.length * 8) };
}

const vipOf = (prefix: string, port: number) => ({
  prefix: wire(prefix),
  protocol: port === 0 ? 0 : 6,
  port,
});
const vipRequest = {
  encap: 0,
  dscp: 0,
  type: 0,
  targetPort: 0,
  nodePort: 0,
  newFlowsTableLength: 1024,
  srcIpSticky: false,
  isDel: false,
};
type VipOptions = Partial<typeof vipRequest>;
const vip = (prefix: string, port: number, options: VipOptions = {}, nowMs = 0) =>
  model.addDelVip({ ...vipRequest, ...vipOf(prefix, port), ...options }, nowMs);
const as = (
  prefix: string,
  port: number,
  address: string,
  options: { weight?: number; isDel?: boolean; isFlush?: boolean } = {},
  nowMs = 0,
) =>
  model.addDelAs(
    {
      ...vipOf(prefix, port),
      asAddress: wire(address),
      weight: 100,
      isDel: false,
      isFlush: false,
      ...options,
    },
    nowMs,
  );
const weigh = (prefix: string, port: number, address: string, weight: number, isFlush = false) =>
  model.setAsWeight({ ...vipOf(prefix, port), asAddress: wire(address), weight, isFlush });
const shown = () => model.vips().map(({ index, used }) => `${index}${used ? '' : ' removed'}`);
const servers = () =>
  model
    .vips()
    .flatMap(({ applicationServers }) =>
      applicationServers.map(
        ({ address, weight, used }) => `${address.text} ${weight}${used ? '' : ' removed'}`,
      ),
    );

test('VIPs: refusals', () => {
  assert.equal(vip('10.0.0.1/32', 80), 0);
  assert.equal(vip('10.0.0.1/32', 80), -81, 'duplicate');
  assert.equal(vip('10.0.0.1/32', 0), -81, 'all ports over one port');
  assert.equal(vip('10.0.0.1/32', 443, { encap: 1 }), -73, 'another encap on the prefix');
  assert.equal(vip('10.0.0.1/32', 443), 0);
  assert.equal(vip('10.0.0.2/32', 0), 0);
  assert.equal(vip('10.0.0.2/32', 80), -81, 'one port under all ports');
  assert.equal(vip('10.0.0.3/32', 80, { newFlowsTableLength: 1000 }), -70);
  assert.equal(vip('10.0.0.3/32', 80, { encap: 4 }), -97, 'NAT6 for IPv4');
  assert.equal(vip('10.0.0.3/32', 80, { encap: 9 }), -97);
  assert.equal(vip('10.0.0.3/32', 80, { isDel: true }), -6);
  assert.deepEqual(shown(), ['1', '2', '3']);
});

test('VIPs: IPv6 takes any encap, as ip6-gre6 (K15)', () => {
  assert.equal(vip('2001:db8::1/128', 80, { encap: 2 }), 0);
  assert.equal(model.dumpVips()[0]?.encap, 1);
});

test('VIPs: host bits are masked, other lengths are other VIPs, port 0 is protocol 255', () => {
  assert.equal(vip('10.2.3.4/16', 0), 0);
  assert.equal(vip('10.2.3.4/32', 0), 0);
  assert.equal(vip('10.2.255.255/16', 0), -81);
  assert.equal(vip('2001:db8:1:2::7/48', 443, { encap: 1 }), 0);
  assert.deepEqual(
    model.vips().map(({ address, prefixLength, protocol }) => `${address.text}/${prefixLength} ${protocol}`),
    ['10.2.0.0/16 255', '10.2.3.4/32 255', '2001:db8:1::/48 6'],
  );
});

test('VIPs: what VPP does not survive', () => {
  assert.throws(() => vip('10.0.0.1/32', 80, { newFlowsTableLength: 0 }), VppCrash);
  assert.throws(() => vip('10.0.0.1/32', 80, { newFlowsTableLength: 2 ** 30 }), VppCrash);
  assert.throws(() => vip('10.0.0.1/33', 80), VppCrash);
  assert.throws(() => vip('2001:db8::/129', 80), VppCrash);
});

test('VIPs: details keep the quirks', () => {
  vip('10.0.0.1/32', 80, { encap: 2, dscp: 70 });
  vip('10.0.0.1/32', 80, { isDel: true });
  model.collectGarbage(0);
  vip('10.0.0.2/32', 3306, { encap: 0, newFlowsTableLength: 65536, targetPort: 3307 });
  vip('10.0.0.3/32', 3306, { encap: 3, targetPort: 3307, type: 0x01000000 });
  const [gre, nat] = model.dumpVips();
  assert.equal(gre?.dscp, 6, 'K11 and K16: the masked DSCP of the VIP before');
  assert.equal(gre?.flowTableLength, 0, 'K12');
  assert.equal(nat?.srvType, 0x01000000, 'K9, K17');
  assert.equal(nat?.targetPort, 60172, 'K10');
});

test('VIPs: slots are used again once they are free', () => {
  vip('10.0.0.1/32', 80);
  vip('10.0.0.2/32', 80);
  assert.equal(vip('10.0.0.1/32', 80, { isDel: true }), 0);
  assert.equal(vip('10.0.0.1/32', 80, { isDel: true }), -6);
  assert.deepEqual(shown(), ['1 removed', '2']);
  assert.equal(vip('10.0.0.1/32', 80), 0, 'at once, in another slot');
  assert.deepEqual(shown(), ['1 removed', '2', '3']);
  model.collectGarbage(second);
  assert.equal(vip('10.0.0.3/32', 80), 0);
  assert.deepEqual(shown(), ['1', '2', '3']);
});

test('servers: refusals', () => {
  vip('10.0.0.1/32', 80);
  vip('2001:db8::1/128', 80, { encap: 1 });
  assert.equal(as('10.0.0.9/32', 80, '10.1.0.1'), -6, 'no such VIP');
  assert.equal(as('10.0.0.1/32', 81, '10.1.0.1'), -6);
  assert.equal(as('10.0.0.1/32', 80, '2001:db8::2'), -97);
  assert.equal(as('2001:db8::1/128', 80, '10.1.0.1'), -97);
  assert.equal(as('2001:db8::1/128', 80, '2001:db8::2'), 0);
  assert.equal(as('10.0.0.1/32', 80, '10.1.0.1'), 0);
  assert.equal(as('10.0.0.1/32', 80, '10.1.0.1', { weight: 7 }), -81, 'active, and keeps its weight');
  assert.equal(as('10.0.0.1/32', 80, '10.1.0.2', { isDel: true }), -6);
  assert.equal(weigh('10.0.0.1/32', 80, '10.1.0.2', 1), -6);
  assert.equal(weigh('10.0.0.1/32', 80, '10.1.0.1', 255), 0, 'K23: more than 100');
  assert.deepEqual(servers(), ['10.1.0.1 255', '2001:db8::2 100']);
});

test('servers: deleted ones linger, are deleted again, and come back', () => {
  vip('10.0.0.1/32', 80);
  as('10.0.0.1/32', 80, '10.1.0.1');
  assert.equal(as('10.0.0.1/32', 80, '10.1.0.1', { isDel: true }, 5 * second), 0);
  assert.equal(as('10.0.0.1/32', 80, '10.1.0.1', { isDel: true }, 6 * second), 0);
  assert.equal(weigh('10.0.0.1/32', 80, '10.1.0.1', 1), -6);
  assert.deepEqual(
    model.dumpAses().map(({ flags, inUseSince }) => [flags, inUseSince]),
    [[0, 6]],
  );
  assert.equal(as('10.0.0.1/32', 80, '10.1.0.1', { weight: 7 }), 0);
  assert.deepEqual(servers(), ['10.1.0.1 7']);
});

test('servers: the garbage collection frees what nothing names, after its time', () => {
  vip('10.0.0.1/32', 80);
  as('10.0.0.1/32', 80, '10.1.0.1');
  as('10.0.0.1/32', 80, '10.1.0.1', { isDel: true }, 55 * second);
  model.collectGarbage(60 * second);
  assert.equal(servers().length, 1, 'not more than 60 s since the last pass');
  model.collectGarbage(61 * second);
  assert.equal(servers().length, 1, 'deleted 6 s ago');
  model.collectGarbage(122 * second);
  assert.deepEqual(servers(), []);
  assert.equal(as('10.0.0.1/32', 80, '10.1.0.1', { isDel: true }), -6);
});

test('servers: a deleted one stays as long as a flow names it, also one that timed out', () => {
  vip('10.0.0.1/32', 80);
  as('10.0.0.1/32', 80, '10.1.0.1');
  model.pickAs(1, 1, 0);
  vip('10.0.0.1/32', 80, { isDel: true }, second);
  model.collectGarbage(1000 * second);
  assert.deepEqual([shown(), servers()], [['1 removed'], ['10.1.0.1 100 removed']]);
});

test('servers: deleted with a flush they go, and their VIP with them', () => {
  vip('10.0.0.1/32', 80);
  as('10.0.0.1/32', 80, '10.1.0.1');
  model.pickAs(1, 1, 0);
  as('10.0.0.1/32', 80, '10.1.0.1', { isDel: true, isFlush: true }, second);
  vip('10.0.0.1/32', 80, { isDel: true }, second);
  model.collectGarbage(70 * second);
  assert.deepEqual(shown(), []);
});

test('dumps of servers: a natural IPv4 filter finds nothing (K7), no filter all', () => {
  vip('10.0.0.1/32', 80);
  vip('10.0.0.2/32', 80);
  as('10.0.0.1/32', 80, '10.1.0.1');
  as('10.0.0.2/32', 80, '10.1.0.1');
  const internal = new Uint8Array(16);
  internal.set([10, 0, 0, 2], 12);
  assert.equal(model.dumpAses(vipOf('0.0.0.0/0', 0)).length, 2);
  assert.equal(model.dumpAses(vipOf('10.0.0.2/32', 80)).length, 0);
  const filter = { prefix: { af: 0, bytes: internal, length: 32 }, protocol: 6, port: 80 };
  assert.equal(model.dumpAses(filter).length, 1);
});

test('buckets follow weights; nobody has any when all weigh 0', () => {
  vip('10.0.0.1/32', 80);
  as('10.0.0.1/32', 80, '10.1.0.1', { weight: 3 });
  as('10.0.0.1/32', 80, '10.1.0.2', { weight: 1 });
  as('10.0.0.1/32', 80, '10.1.0.3', { weight: 0 });
  const buckets = () => model.dumpAses().map(({ numBuckets }) => numBuckets);
  assert.deepEqual(buckets(), [768, 256, 0]);
  weigh('10.0.0.1/32', 80, '10.1.0.1', 0);
  assert.deepEqual(buckets(), [0, 1024, 0]);
  weigh('10.0.0.1/32', 80, '10.1.0.2', 0);
  assert.deepEqual(buckets(), [0, 0, 0]);
});

test('configuration: all ones keep, a size is a power of two, 0 kills', () => {
  const conf = {
    ipv4SrcAddress: Uint8Array.of(192, 0, 2, 1),
    ipv6SrcAddress: new Uint8Array(16),
    stickyBucketsPerCore: 0xffffffff,
    flowTimeout: 0xffffffff,
  };
  assert.deepEqual(model.conf().ipv4SrcAddress, new Uint8Array(4).fill(255));
  assert.equal(model.setConf(conf), 0);
  assert.deepEqual(model.conf(), { ...conf, stickyBucketsPerCore: 1024, flowTimeout: 40 });
  assert.equal(model.setConf({ ...conf, stickyBucketsPerCore: 1000, flowTimeout: 1 }), -70);
  assert.equal(model.conf().flowTimeout, 40, 'nothing is set by what is refused');
  assert.throws(() => model.setConf({ ...conf, stickyBucketsPerCore: 0 }), VppCrash);
});

test('flows stick, and are forgotten by time, flush and a new table', () => {
  vip('10.0.0.1/32', 80);
  as('10.0.0.1/32', 80, '10.1.0.1');
  const pick = (nowMs: number) => {
    const { counter, as } = model.pickAs(1, 7, nowMs, 100);
    return `${counter} ${as?.address.text ?? '-'}`;
  };
  assert.equal(pick(0), 'first 10.1.0.1');
  as('10.0.0.1/32', 80, '10.1.0.2');
  weigh('10.0.0.1/32', 80, '10.1.0.1', 0);
  assert.equal(pick(39 * second), 'next 10.1.0.1', 'drained, but sticky');
  assert.equal(pick(80 * second), 'first 10.1.0.2', 'timed out');
  weigh('10.0.0.1/32', 80, '10.1.0.1', 100);
  weigh('10.0.0.1/32', 80, '10.1.0.2', 0, true);
  assert.equal(pick(80 * second), 'first 10.1.0.1', 'flushed');
  as('10.0.0.1/32', 80, '10.1.0.1', { isDel: true });
  assert.equal(pick(80 * second), 'next 10.1.0.1', 'deleted without a flush');
  model.flushVip(vipOf('10.0.0.1/32', 80));
  assert.equal(pick(80 * second), 'noServer -');
  assert.deepEqual(model.counters(), [
    { next: 0, first: 0, untracked: 0, noServer: 0 },
    { next: 2, first: 3, untracked: 0, noServer: 1 },
  ]);
  const { statsIndex } = model.lookupRoute(wire('10.0.0.1/32'), true);
  const { packets, bytes } = model.routeCounters()[statsIndex] ?? {};
  assert.deepEqual([packets, bytes], [6, 600]);
});

test('a full bucket forwards without memory, and a flow without a server fills it', () => {
  vip('10.0.0.1/32', 80);
  const pick = () => model.pickAs(1, 3, 0).counter;
  assert.deepEqual([pick(), pick(), pick(), pick(), pick()], [...Array(4).fill('noServer'), 'untracked']);
  as('10.0.0.1/32', 80, '10.1.0.1');
  assert.equal(model.pickAs(1, 3, 0).as?.address.text, '10.1.0.1');
});

test('a new size of the sticky table forgets all flows', () => {
  vip('10.0.0.1/32', 80);
  as('10.0.0.1/32', 80, '10.1.0.1');
  assert.equal(model.pickAs(1, 3, 0).counter, 'first');
  assert.equal(model.pickAs(1, 3, 0).counter, 'next');
  model.setConf({ ...model.conf(), stickyBucketsPerCore: 64 });
  assert.equal(model.pickAs(1, 3, 0).counter, 'first');
});

test('routes: one per prefix, while a VIP is there', () => {
  const lookUp = (prefix: string, exact = true) => model.lookupRoute(wire(prefix), exact);
  assert.equal(lookUp('10.0.0.1/32').retval, -6);
  assert.deepEqual(lookUp('10.0.0.1/32', false), { retval: 0, statsIndex: 0 }, 'the default route');
  vip('10.0.0.1/32', 80);
  vip('10.0.0.1/32', 443);
  vip('10.0.0.2/32', 80);
  const { statsIndex } = lookUp('10.0.0.1/32');
  assert.notEqual(lookUp('10.0.0.2/32').statsIndex, statsIndex);
  vip('10.0.0.1/32', 80, { isDel: true });
  assert.equal(lookUp('10.0.0.1/32').statsIndex, statsIndex);
  vip('10.0.0.1/32', 443, { isDel: true });
  assert.equal(lookUp('10.0.0.1/32').retval, -6);
});

test('the verbose text', () => {
  vip('10.20.0.1/32', 5000, { srcIpSticky: true });
  vip('2001:db8::1/128', 0, { encap: 1, newFlowsTableLength: 65536 });
  vip('10.0.0.5/32', 80, { encap: 2, dscp: 6 });
  vip('10.0.0.6/32', 3306, { encap: 3, targetPort: 3307 });
  vip('10.0.0.6/32', 3306, { isDel: true });
  as('10.20.0.1/32', 5000, '10.10.2.12', { weight: 50 });
  as('10.20.0.1/32', 5000, '10.10.2.11');
  as('10.20.0.1/32', 5000, '10.10.2.11', { isDel: true });
  const [first = '', second = '', third = '', fourth = '', end] = model.renderVipsVerbose().split('\n\n');
  assert.deepEqual(first.split('\n'), [
    ' ip4-gre4 [1] 10.20.0.1/32 src_ip_sticky',
    '  new_size:1024',
    '  protocol:6 port:5000',
    '  counters:',
    '    packet from existing sessions: 0',
    '    first session packet: 0',
    '    untracked packet: 0',
    '    no server configured: 0',
    '  #as:2',
    '    10.10.2.12 weight:50 buckets:1024 flows:0 dpo:1 used',
    '    10.10.2.11 weight:100 buckets:0 flows:0 dpo:2  removed',
  ]);
  assert.deepEqual(second.split('\n').slice(0, 3), [
    ' ip6-gre6 [2] 2001:db8::1/128',
    '  new_size:65536',
    '  counters:',
  ]);
  assert.equal(third.split('\n')[3], '  dscp:6');
  assert.equal(fourth.split('\n')[0], ' ip4-nat4 [4] 10.0.0.6/32 removed');
  assert.equal(fourth.split('\n')[3], '  type:clusterip port:59916 target_port:3307  counters:');
  assert.equal(end, '');
});

test('a restart forgets everything, and says so', () => {
  const heard: unknown[] = [];
  vip('10.0.0.1/32', 80);
  const end = model.watch({ changed: () => heard.push('changed'), flushed: (...what) => heard.push(what) });
  model.restart(second);
  assert.deepEqual([model.vips(), model.counters(), model.conf().flowTimeout], [[], [], 40]);
  assert.deepEqual(heard, [[undefined, undefined], 'changed']);
  end();
  vip('10.0.0.1/32', 80);
  assert.equal(heard.length, 2);
});
