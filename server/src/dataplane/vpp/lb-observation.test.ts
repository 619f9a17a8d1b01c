import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confValue, vip as vipKey } from '../../../test/support/lb-values.ts';
import type { ObservedVip } from '../lb-state.ts';
import { MalformedMessage } from './bytes.ts';
import type { Values } from './codec.ts';
import { asDumpOf, confOf, groupServers, joinObservation } from './lb-observation.ts';
import { wireAddress, wirePrefix } from './lb-requests.ts';
import { encapNumbers, type lbAsV2Details, type lbVipDetails } from './messages.ts';

type VipRow = Values<typeof lbVipDetails.fields>;
type AsRow = Values<typeof lbAsV2Details.fields>;

const wireVip = (name: string) => {
  const key = vipKey(name);
  return { prefix: wirePrefix(key), protocol: key.protocol, port: key.port };
};
/** `dscp`, `srvType` and `targetPort` of a GRE VIP are what the slot had before. */
const vipRow = (name: string, changes: Partial<VipRow> = {}): VipRow => ({
  ...wireVip(name),
  encap: encapNumbers.gre4,
  dscp: 46,
  srvType: 0x01000000,
  targetPort: 60172,
  flowTableLength: 1024,
  ...changes,
});
const asRow = (name: string, server: string, changes: Partial<AsRow> = {}): AsRow => ({
  ...wireVip(name),
  asAddress: wireAddress(vipKey(server).address),
  flags: 1,
  inUseSince: 137,
  weight: 1,
  numBuckets: 16,
  ...changes,
});
function record(name: string, index: number, length = 1024, words = ''): string {
  const { address, prefixLength, protocol, port } = vipKey(name);
  const ports = port === 0 ? '' : `  protocol:${protocol} port:${port}\n`;
  const head = ` ip4-gre4 [${index}] ${address.text}/${prefixLength}${words}\n`;
  return `${head}  new_size:${length}\n${ports}  #as:0\n`;
}

const web = '10.1.0.1 tcp 80';
const all = '10.1.0.2 any';

function join(vips: readonly VipRow[], servers: readonly AsRow[], texts: readonly string[]) {
  const joined = joinObservation(5, confValue, vips, servers, texts.join('\n'));
  return joined && [...joined.vips.values()];
}
const serversOf = (one: ObservedVip | undefined) =>
  one?.applicationServers.map(({ address, weight, buckets }) => [address.text, weight, buckets]);

test('dumps and text give one state, in order, whatever order they come in', () => {
  const servers = [
    asRow(all, '10.0.0.10', { weight: 0, numBuckets: 0 }),
    asRow(web, '10.0.0.10', { weight: 3 }),
    asRow(all, '10.0.0.9'),
  ];
  const texts = [record(all, 7, 1024, ' src_ip_sticky'), record(web, 4)];
  const vips = join([vipRow(all), vipRow(web)], servers, texts);
  const common = { encap: 'gre4', newFlowsTableLength: 1024 };
  const [first, second] = vips ?? [];
  assert.deepEqual(
    { ...first, applicationServers: serversOf(first) },
    { ...vipKey(web), ...common, srcIpSticky: false, index: 4, applicationServers: [['10.0.0.10', 3, 16]] },
  );
  const ofSecond = [
    ['10.0.0.9', 1, 16],
    ['10.0.0.10', 0, 0],
  ];
  assert.deepEqual(
    { ...second, applicationServers: serversOf(second) },
    { ...vipKey(all), ...common, srcIpSticky: true, index: 7, applicationServers: ofSecond },
  );
});

test('what was deleted and lingers is not there', () => {
  const rows = [
    asRow(web, '10.0.0.1', { flags: 0 }),
    asRow(web, '10.0.0.2'),
    asRow('10.9.0.1 tcp 1', '10.0.0.3'),
  ];
  const [one, ...others] = join([vipRow(web)], rows, [record(web, 1)]) ?? [];
  assert.deepEqual(serversOf(one), [['10.0.0.2', 1, 16]]);
  assert.deepEqual(others, []);
});

test('the length of a table comes from the text: the dump has no room for 65536', () => {
  const [one] = join([vipRow(web, { flowTableLength: 0 })], [], [record(web, 1, 65536)]) ?? [];
  assert.equal(one?.newFlowsTableLength, 65536);
});

test('answers that do not fit each other are none', () => {
  assert.equal(join([vipRow(web), vipRow(all)], [], [record(web, 1)]), undefined);
  assert.equal(join([vipRow(web)], [], [record(web, 1, 1024, ' removed')]), undefined);
  // The other way round it is no longer there, and the dump decides.
  assert.equal(join([vipRow(web)], [], [record(web, 1), record(all, 2)])?.length, 1);
});

test('VIPs that no request can name are left out', () => {
  const prefix = { ...wirePrefix(vipKey(web)), length: 33 };
  const odd = [vipRow(web, { prefix }), vipRow(web, { protocol: 255 }), vipRow('::1 tcp 80')];
  assert.deepEqual(join(odd, [], []), []);
});

test('nonsense is malformed', () => {
  const badFamily = { ...wirePrefix(vipKey(web)), af: 7 };
  assert.throws(() => join([vipRow(web, { prefix: badFamily })], [], []), MalformedMessage);
  assert.throws(() => join([], [], ['lb: unknown input']), MalformedMessage);
});

test('global parameters as they are', () => {
  const reply = {
    retval: 0,
    ipv4SrcAddress: confValue.ipv4SrcAddress.bytes,
    ipv6SrcAddress: confValue.ipv6SrcAddress.bytes,
    stickyBucketsPerCore: 1024,
    flowTimeout: 40,
  };
  assert.deepEqual(confOf(reply), confValue);
});

test('a dump of one VIP has its IPv4 address last, where VPP compares it', () => {
  const { prefix, protocol, port } = asDumpOf(vipKey(web));
  assert.equal(Buffer.from(prefix.bytes).toString('hex'), `${'00'.repeat(12)}0a010001`);
  assert.deepEqual([prefix.length, protocol, port], [32, 6, 80]);
  const v6 = asDumpOf(vipKey('2001:db8::1 any'));
  assert.deepEqual(Buffer.from(v6.prefix.bytes), Buffer.from(vipKey('2001:db8::1 any').address.bytes));
  assert.deepEqual([v6.prefix.af, v6.protocol, v6.port], [1, 255, 0]);
  assert.ok(asDumpOf(undefined).prefix.bytes.every((byte) => byte === 0));
});

test('servers come under the names of their VIPs', () => {
  const groups = groupServers([asRow(web, '10.0.0.2'), asRow(all, '10.0.0.3'), asRow(web, '10.0.0.1')]);
  assert.deepEqual(
    Array.from(groups, ([name, servers]) => [name, servers.map(({ address }) => address.text)]),
    [
      ['10.1.0.1/32 tcp 80', ['10.0.0.1', '10.0.0.2']],
      ['10.1.0.2/32 any', ['10.0.0.3']],
    ],
  );
});
