// The contract of the dataplane port, first half: global parameters and VIPs.
import assert from 'node:assert/strict';
import type { NewVip } from '../../src/dataplane/lb-op.ts';
import { type LbConf, type ObservedVip, protocolNumbers, vipName } from '../../src/dataplane/lb-state.ts';
import {
  addAs,
  address,
  addVip,
  apply,
  conf,
  deleteAs,
  deleteVip,
  look,
  observe,
  type PortCase,
  refuse,
  servers,
  vip,
} from './case.ts';

/** A VIP reads back as it was made. */
function assertAs(held: ObservedVip | undefined, made: NewVip): void {
  assert.ok(held, `${vipName(made)} is there`);
  const { index, applicationServers, ...rest } = held;
  assert.deepEqual({ ...rest, address: rest.address.text }, { ...made, address: made.address.text });
  assert.ok(Number.isInteger(index) && index > 0, 'index 0 is no VIP');
  assert.deepEqual(applicationServers, []);
}

const texts = ({ ipv4SrcAddress, ipv6SrcAddress, ...numbers }: LbConf) => ({
  ...numbers,
  ipv4SrcAddress: ipv4SrcAddress.text,
  ipv6SrcAddress: ipv6SrcAddress.text,
});

const kinds: readonly (readonly [name: string, made: NewVip])[] = [
  ['IPv4 tcp', vip('10.77.1.1')],
  ['IPv4 udp', vip('10.77.1.2', 53, { protocol: protocolNumbers.udp })],
  ['IPv4 any', vip('10.77.1.3', 0)],
  ['IPv4 over gre6', vip('10.77.1.4', 443, { encap: 'gre6' })],
  ['IPv6 tcp over gre6', vip('2001:db8:77::1', 80, { encap: 'gre6' })],
  ['IPv6 udp over gre4', vip('2001:db8:77::2', 53, { protocol: protocolNumbers.udp })],
  ['IPv6 any over gre6', vip('2001:db8:77::3', 0, { encap: 'gre6' })],
  ['port 65535', vip('10.77.1.5', 65_535)],
  ['an IPv4 prefix', vip('10.77.16.0', 80, { prefixLength: 20 })],
  ['an IPv6 prefix', vip('2001:db8:77:16::', 80, { prefixLength: 64, encap: 'gre6' })],
  ['sticky by source', vip('10.77.1.6', 80, { srcIpSticky: true })],
];

const confCases: PortCase[] = [
  {
    name: 'global parameters read back as they were set, all of them at once',
    async run(dataplane) {
      const { conf: before } = await observe(dataplane);
      const next: LbConf = {
        ipv4SrcAddress: address('10.77.0.254'),
        ipv6SrcAddress: address('2001:db8:77::fe'),
        stickyBucketsPerCore: before.stickyBucketsPerCore === 2048 ? 4096 : 2048,
        flowTimeoutSeconds: before.flowTimeoutSeconds === 33 ? 34 : 33,
      };
      for (const wanted of [next, before]) {
        await apply(dataplane, conf(wanted));
        assert.deepEqual(texts((await observe(dataplane)).conf), texts(wanted));
      }
    },
  },
  {
    name: 'what would crash VPP is not sent',
    async run(dataplane) {
      const { conf: before } = await observe(dataplane);
      const unsafe = [
        conf({ ...before, stickyBucketsPerCore: 0 }),
        conf({ ...before, stickyBucketsPerCore: 1000 }),
        conf({ ...before, flowTimeoutSeconds: 0 }),
        addVip(vip('10.77.1.9', 80, { newFlowsTableLength: 0 })),
        addVip(vip('10.77.1.9', 80, { newFlowsTableLength: 2 ** 27 })),
        addVip(vip('10.77.1.9', 80, { prefixLength: 64 })),
        addVip(vip('10.77.1.9', 80, { protocol: protocolNumbers.any })),
        addAs(vip('10.77.1.9'), '10.0.0.1', 101),
        addAs(vip('10.77.1.9'), '::1', 1),
      ];
      for (const op of unsafe) await refuse(dataplane, op, 0, 'UNSAFE');
      const after = await observe(dataplane);
      assert.deepEqual(after.conf, before);
      assert.equal(after.vips.has(vipName(vip('10.77.1.9'))), false);
    },
  },
];

const kindCases = kinds.map(([name, made]): PortCase => {
  return {
    name: `a VIP comes and goes: ${name}`,
    async run(dataplane) {
      assert.equal(await look(dataplane, made), undefined);
      await apply(dataplane, addVip(made));
      assertAs(await look(dataplane, made), made);
      await apply(dataplane, deleteVip(made));
      assert.equal(await look(dataplane, made), undefined);
    },
  };
});

const lengthCase: PortCase = {
  name: 'table lengths read back, also those that VPP has no room for in its message',
  async run(dataplane) {
    for (const newFlowsTableLength of [1, 2, 1024, 65_536, 2 ** 20]) {
      const made = vip('10.77.2.1', 80, { newFlowsTableLength });
      await apply(dataplane, addVip(made), addAs(made, '10.0.0.1', 1));
      const held = await look(dataplane, made);
      assert.equal(held?.newFlowsTableLength, newFlowsTableLength);
      assert.equal(held?.applicationServers[0]?.buckets, newFlowsTableLength);
      await apply(dataplane, deleteAs(made, '10.0.0.1'), deleteVip(made));
    }
  },
};

const conflictCases: PortCase[] = [
  {
    name: 'a VIP is added once',
    async run(dataplane) {
      const made = vip('10.77.3.1');
      await apply(dataplane, addVip(made));
      await refuse(dataplane, addVip(made), -81, 'VALUE_EXIST');
      await refuse(dataplane, addVip({ ...made, newFlowsTableLength: 128 }), -81, 'VALUE_EXIST');
      assertAs(await look(dataplane, made), made);
    },
  },
  {
    name: 'ports and protocols of one prefix stand beside each other',
    async run(dataplane) {
      const made = [
        vip('10.77.3.2', 80),
        vip('10.77.3.2', 443),
        vip('10.77.3.2', 80, { protocol: protocolNumbers.udp }),
      ];
      await apply(dataplane, ...made.map(addVip));
      const { vips } = await observe(dataplane);
      for (const one of made) assertAs(vips.get(vipName(one)), one);
      const indexes = made.map((one) => vips.get(vipName(one))?.index);
      assert.equal(new Set(indexes).size, made.length, 'each has an index of its own');
    },
  },
  {
    name: 'a VIP for all ports and one for a port exclude each other on a prefix',
    async run(dataplane) {
      await apply(dataplane, addVip(vip('10.77.3.3', 0)));
      await refuse(dataplane, addVip(vip('10.77.3.3', 80)), -81, 'VALUE_EXIST');
      await apply(dataplane, addVip(vip('10.77.3.4', 80)));
      await refuse(dataplane, addVip(vip('10.77.3.4', 0)), -81, 'VALUE_EXIST');
      assert.equal(await look(dataplane, vip('10.77.3.4', 0)), undefined);
    },
  },
  {
    name: 'a prefix has one encapsulation',
    async run(dataplane) {
      const [first, other] = [vip('10.77.3.5', 80), vip('10.77.3.5', 443, { encap: 'gre6' })];
      await apply(dataplane, addVip(first));
      await refuse(dataplane, addVip(other), -73, 'INVALID_ARGUMENT');
      await apply(dataplane, deleteVip(first), addVip(other));
      assertAs(await look(dataplane, other), other);
    },
  },
  {
    name: 'prefixes of other lengths are other VIPs',
    async run(dataplane) {
      const made = [vip('10.77.32.0', 80), vip('10.77.32.0', 80, { prefixLength: 24, encap: 'gre6' })];
      await apply(dataplane, ...made.map(addVip));
      const { vips } = await observe(dataplane);
      for (const one of made) assertAs(vips.get(vipName(one)), one);
    },
  },
  {
    name: 'a VIP that is not there cannot be deleted',
    async run(dataplane) {
      await refuse(dataplane, deleteVip(vip('10.77.3.6')), -6, 'NO_SUCH_ENTRY');
      await apply(dataplane, addVip(vip('10.77.3.6')));
      await refuse(dataplane, deleteVip(vip('10.77.3.6', 81)), -6, 'NO_SUCH_ENTRY');
      await refuse(dataplane, deleteVip(vip('10.77.3.6', 0)), -6, 'NO_SUCH_ENTRY');
    },
  },
  {
    name: 'a VIP that is made anew starts without the servers of the old one, lingering or not',
    async run(dataplane) {
      const made = vip('10.77.3.7');
      const next: NewVip = { ...made, newFlowsTableLength: 256, srcIpSticky: true };
      await apply(dataplane, addVip(made), addAs(made, '10.0.0.1', 5), addAs(made, '10.0.0.2', 5));
      await apply(dataplane, deleteVip(made), addVip(next));
      assertAs(await look(dataplane, next), next);
      await apply(dataplane, addAs(next, '10.0.0.2', 7));
      assert.deepEqual(await servers(dataplane, next), ['10.0.0.2 7']);
    },
  },
  {
    name: 'an IPv6 VIP carries to IPv4 servers',
    async run(dataplane) {
      const made = vip('2001:db8:77::10', 443);
      await apply(dataplane, addVip(made), addAs(made, '10.0.0.1', 3));
      assert.deepEqual(await servers(dataplane, made), ['10.0.0.1 3']);
    },
  },
];

export const portVipCases: readonly PortCase[] = [...confCases, ...kindCases, lengthCase, ...conflictCases];
