import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { address, confValue, vip } from '../../../test/support/lb-values.ts';
import type { Address } from '../../lib/address.ts';
import type { LbOp } from '../lb-op.ts';
import { encode, type Values } from './codec.ts';
import { type LbRequest, lbRequest } from './lb-requests.ts';
import type { lbAddDelAsV2, lbAddDelVipV2, lbAsSetWeight, lbConf } from './messages.ts';

const server = address('10.10.2.11');
const made = { encap: 'gre4', newFlowsTableLength: 1024, srcIpSticky: false } as const;
const because = { why: 'test' };

function accepted(op: LbOp): LbRequest {
  const asked = lbRequest(op);
  assert.ok(!('refusal' in asked), JSON.stringify(asked));
  return asked;
}

const hex = (text: string) => Buffer.from(text.replaceAll(/[ |]/g, ''), 'hex').toString('hex');
const zeros = '00'.repeat(12);

// The two that VPP was seen to accept.
const worked: readonly [LbOp, number, number, string][] = [
  [
    { t: 'vip-add', vip: { ...vip('10.20.0.1 udp 5000'), ...made }, ...because },
    0x5f,
    0x65,
    `00 5f 80 00 00 01 00 00 00 65 | 00 0a 14 00 01 ${zeros} 20 | 11 | 13 88 | 00 00 00 00 | 00 |
     00 00 00 00 | 00 00 | 00 00 | 00 00 04 00 | 00 | 00`.replaceAll('\n', ''),
  ],
  [
    { t: 'as-add', vip: vip('10.20.0.1 udp 5000'), address: server, weight: 50, flush: false, ...because },
    0x63,
    0x66,
    `00 63 80 00 00 01 00 00 00 66 | 00 0a 14 00 01 ${zeros} 20 | 11 | 13 88 | 00 0a 0a 02 0b ${zeros} | 32 |
     00 | 00`.replaceAll('\n', ''),
  ],
];
for (const [op, id, context, expected] of worked) {
  test(`${op.t} gives the very bytes that VPP was seen to accept`, () => {
    const { request, values } = accepted(op);
    const bytes = encode(request, { id, clientIndex: 0x80000001, context }, values);
    assert.equal(bytes.toString('hex'), hex(expected));
  });
}

test('a server is deleted with its flows, a VIP with nothing that VPP could take amiss', () => {
  const web = vip('2001:db8::1 tcp 80');
  const removal = accepted({ t: 'as-delete', vip: web, address: server, ...because });
  assert.equal(removal.request.name, 'lb_add_del_as_v2');
  const { isDel, isFlush } = removal.values as Values<typeof lbAddDelAsV2.fields>;
  assert.deepEqual([isDel, isFlush], [true, true]);
  const gone = accepted({ t: 'vip-delete', vip: web, ...because });
  const values = gone.values as Values<typeof lbAddDelVipV2.fields>;
  assert.deepEqual([values.isDel, values.newFlowsTableLength, values.prefix.length], [true, 1024, 128]);
});

const addVip = (name: string, changes: object): LbOp => ({
  t: 'vip-add',
  vip: { ...vip(name), ...made, ...changes },
  ...because,
});
const weigh = (weight: number, to: Address = server): LbOp => ({
  t: 'as-weight',
  vip: vip('10.1.0.1 tcp 80'),
  address: to,
  weight,
  flush: false,
  ...because,
});
const configure = (changes: object): LbOp => ({ t: 'conf', conf: { ...confValue, ...changes }, ...because });

/** Each crashed VPP, or was done otherwise than it says. */
const refusals: readonly [string, LbOp, RegExp][] = [
  ['a table without a bucket', addVip('10.1.0.1 tcp 80', { newFlowsTableLength: 0 }), /new-flow table of 0/],
  ['a huge table', addVip('10.1.0.1 tcp 80', { newFlowsTableLength: 2 ** 21 }), /power of two/],
  ['a table of 3', addVip('10.1.0.1 tcp 80', { newFlowsTableLength: 3 }), /power of two/],
  ['encap l3dsr', addVip('10.1.0.1 tcp 80', { encap: 'l3dsr' }), /encap l3dsr/],
  ['prefix length 33', addVip('10.1.0.1 tcp 80', { prefixLength: 33 }), /must be 0 to 32/],
  ['prefix length 64 of IPv4', addVip('10.1.0.1 tcp 80', { prefixLength: 64 }), /must be 0 to 32/],
  ['an address beyond its prefix', addVip('10.1.0.1 tcp 80', { prefixLength: 24 }), /beyond its prefix/],
  ['a VIP in ::/96', addVip('::1 tcp 80', {}), /::\/96/],
  ['a port without protocol', addVip('10.1.0.1 any', { port: 80 }), /tcp or udp/],
  ['a protocol without port', addVip('10.1.0.1 tcp 80', { port: 0 }), /protocol any/],
  ['port 65536', addVip('10.1.0.1 tcp 65536', {}), /port 65536/],
  ['a server in ::/96', weigh(1, address('::2')), /::\/96/],
  ['a server without family', weigh(1, { ...server, family: 6 }), /malformed/],
  ['weight 101', weigh(101), /must be 0 to 100/],
  ['weight NaN', weigh(Number.NaN), /must be 0 to 100/],
  ['no sticky bucket', configure({ stickyBucketsPerCore: 0 }), /sticky buckets/],
  ['all-ones sticky buckets', configure({ stickyBucketsPerCore: 0xffffffff }), /sticky buckets/],
  ['no flow timeout', configure({ flowTimeoutSeconds: 0 }), /flow timeout/],
  ['an IPv6 source for IPv4', configure({ ipv4SrcAddress: address('2001:db8::1') }), /family/],
];
for (const [name, op, refusal] of refusals) {
  test(`${name} is not sent`, () => {
    const asked = lbRequest(op);
    assert.ok('refusal' in asked, JSON.stringify(asked));
    assert.match(asked.refusal, refusal);
  });
}

// --- any operation at all

const near = (...values: number[]) =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...values), weight: 8 },
    fc.integer(),
    fc.double(),
    fc.nat({ max: 300 }),
  );
const anyAddress: fc.Arbitrary<Address> = fc.oneof(
  fc
    .constantFrom('10.1.0.1', '0.0.0.0', '255.255.255.255', '2001:db8::1', '::1', '::', '::1:0:0')
    .map(address),
  fc
    .record({
      family: fc.constantFrom<4 | 6>(4, 6),
      bytes: fc.oneof(
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.uint8Array({ maxLength: 20 }),
      ),
    })
    .map(({ family, bytes }) => ({ family, bytes, text: 'drawn' })),
);
const anyKey = fc.oneof(
  fc.constantFrom(...['10.1.0.1 tcp 80', '2001:db8::1 any', '10.2.0.0/16 udp 53'].map(vip)),
  fc.record({
    address: anyAddress,
    prefixLength: near(0, 24, 32, 33, 64, 96, 128, 129),
    protocol: near(0, 6, 17, 255),
    port: near(0, 80, 65535, 65536),
  }),
);
const anyNewVip = fc
  .record({
    key: anyKey,
    encap: fc.constantFrom('gre4' as const, 'gre6' as const, 'nat4' as 'gre4', 'nonsense' as 'gre4'),
    newFlowsTableLength: near(0, 1, 1024, 2 ** 20, 2 ** 21, 2 ** 32),
    srcIpSticky: fc.boolean(),
  })
  .map(({ key, ...rest }) => ({ ...key, ...rest }));
const serverOp = { vip: anyKey, address: anyAddress, why: fc.string() };
const weighed = { ...serverOp, weight: near(0, 1, 100, 101, 255, 256), flush: fc.boolean() };
const anyOp: fc.Arbitrary<LbOp> = fc.oneof(
  fc.record({
    t: fc.constant('conf' as const),
    why: fc.string(),
    conf: fc.record({
      ipv4SrcAddress: anyAddress,
      ipv6SrcAddress: anyAddress,
      stickyBucketsPerCore: near(0, 1, 1024, 2 ** 20, 2 ** 21, 0xffffffff),
      flowTimeoutSeconds: near(0, 1, 40, 120, 121, 0xffffffff),
    }),
  }),
  fc.record({ t: fc.constant('vip-add' as const), vip: anyNewVip, why: fc.string() }),
  fc.record({ t: fc.constant('vip-delete' as const), vip: anyKey, why: fc.string() }),
  fc.record({ t: fc.constantFrom('as-add' as const, 'as-weight' as const), ...weighed }),
  fc.record({ t: fc.constant('as-delete' as const), ...serverOp }),
);

const isPowerOfTwo = (value: number) => Number.isInteger(value) && Number.isInteger(Math.log2(value));
const within = (value: number, least: number, most: number) =>
  assert.ok(Number.isInteger(value) && value >= least && value <= most, `${value}: ${least} to ${most}`);

function checkAddress({ af, bytes }: { readonly af: number; readonly bytes: Uint8Array }): void {
  assert.ok(af === 0 || af === 1);
  assert.equal(bytes.length, 16);
  const rest = af === 0 ? bytes.subarray(4) : bytes.subarray(0, 12);
  assert.equal(
    rest.every((byte) => byte === 0),
    af === 0,
    'IPv4 stands first; IPv6 is not in ::/96',
  );
}

type VipValues = Pick<Values<typeof lbAsSetWeight.fields>, 'prefix' | 'protocol' | 'port'>;

/** Every bound that VPP leaves to its clients. */
function checkVip({ prefix, protocol, port }: VipValues): void {
  checkAddress(prefix);
  within(prefix.length, 0, prefix.af === 0 ? 32 : 128);
  within(port, 0, 65535);
  assert.ok(port === 0 ? protocol === 255 : protocol === 6 || protocol === 17, `${protocol} ${port}`);
}

function checkRequest({ request, values }: LbRequest): void {
  switch (request.name) {
    case 'lb_conf': {
      const conf = values as Values<typeof lbConf.fields>;
      within(conf.stickyBucketsPerCore, 1, 2 ** 20);
      assert.ok(isPowerOfTwo(conf.stickyBucketsPerCore));
      within(conf.flowTimeout, 1, 120);
      return;
    }
    case 'lb_add_del_vip_v2': {
      const vipValues = values as Values<typeof lbAddDelVipV2.fields>;
      checkVip(vipValues);
      within(vipValues.encap, 0, 1);
      within(vipValues.newFlowsTableLength, 1, 2 ** 20);
      assert.ok(isPowerOfTwo(vipValues.newFlowsTableLength));
      assert.equal(vipValues.dscp + vipValues.type + vipValues.targetPort + vipValues.nodePort, 0);
      return;
    }
    default: {
      const asValues = values as Values<typeof lbAsSetWeight.fields>;
      checkVip(asValues);
      checkAddress(asValues.asAddress);
      within(asValues.weight, 0, 100);
    }
  }
}

const sizes: Readonly<Record<string, number>> = {
  lb_conf: 38,
  lb_add_del_vip_v2: 50,
  lb_add_del_as_v2: 51,
  lb_as_set_weight: 50,
};

test('property: any operation is refused, or gives a request within all bounds and of its size', () => {
  const taken = new Map<string, number>();
  fc.assert(
    fc.property(anyOp, (op) => {
      const asked = lbRequest(op);
      if ('refusal' in asked) return;
      taken.set(asked.request.name, (taken.get(asked.request.name) ?? 0) + 1);
      checkRequest(asked);
      const bytes = encode(asked.request, { id: 1, clientIndex: 2, context: 3 }, asked.values);
      assert.equal(bytes.length, sizes[asked.request.name]);
    }),
    { numRuns: 10_000 },
  );
  assert.equal(taken.size, 4, 'some of each are accepted, or nothing was tested');
});
