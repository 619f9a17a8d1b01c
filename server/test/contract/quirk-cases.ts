// The contract at the level of messages: refusals with their return values, and what VPP's lb plugin does
// that nobody would guess (K1 to K24 of our notes; what crashes it is left out).
import assert from 'node:assert/strict';
import { protocolNumbers } from '../../src/dataplane/lb-state.ts';
import type { WirePrefix } from '../../src/dataplane/vpp/codec.ts';
import { encapNumbers } from '../../src/dataplane/vpp/messages.ts';
import type { MessageCase } from './case.ts';
import {
  anyPrefix,
  asRows,
  dumpAses,
  dumpVips,
  putAs,
  putVip,
  textOf,
  vipRow,
  weigh,
  wirePrefix,
} from './message-calls.ts';

const { any, udp } = protocolNumbers;

const refusalCases: MessageCase[] = [
  {
    name: 'NO_SUCH_ENTRY: -6',
    async run({ connection: c }) {
      const prefix = '10.77.11.1/32';
      assert.equal(await putVip(c, prefix, 80, { isDel: true }), -6);
      assert.equal(await putAs(c, prefix, 80, '10.0.0.1'), -6);
      assert.equal(await putAs(c, prefix, 80, '10.0.0.1', { isDel: true }), -6);
      assert.equal(await weigh(c, prefix, 80, '10.0.0.1', 1), -6);
      assert.equal(await putVip(c, prefix, 80), 0);
      assert.equal(await putAs(c, prefix, 80, '10.0.0.1', { isDel: true }), -6);
      assert.equal(await weigh(c, prefix, 80, '10.0.0.1', 1), -6);
      assert.equal(await putAs(c, prefix, 443, '10.0.0.1'), -6);
      assert.equal(await putAs(c, prefix, 0, '10.0.0.1'), -6);
      assert.equal(await putVip(c, '10.77.11.1/31', 80, { isDel: true }), -6, 'another length');
    },
  },
  {
    name: 'INVALID_MEMORY_SIZE: -70',
    async run({ connection: c }) {
      for (const newFlowsTableLength of [3, 1000, 2 ** 31 + 1]) {
        assert.equal(await putVip(c, '10.77.11.2/32', 80, { newFlowsTableLength }), -70);
      }
      // What is wrong first is told first.
      assert.equal(await putVip(c, '10.77.11.2/32', 80), 0);
      assert.equal(await putVip(c, '10.77.11.2/32', 80, { newFlowsTableLength: 3 }), -81);
    },
  },
  {
    name: 'INVALID_ARGUMENT: -73',
    async run({ connection: c }) {
      const prefix = '10.77.11.3/32';
      assert.equal(await putVip(c, prefix, 80), 0);
      assert.equal(await putVip(c, prefix, 443, { encap: encapNumbers.gre6 }), -73);
      assert.equal(await putVip(c, prefix, 443, { encap: encapNumbers.l3dsr }), -73);
      assert.equal(await putVip(c, prefix, 443), 0);
    },
  },
  {
    name: 'VALUE_EXIST: -81',
    async run({ connection: c }) {
      assert.equal(await putVip(c, '10.77.11.4/32', 80), 0);
      assert.equal(await putVip(c, '10.77.11.4/32', 80), -81);
      assert.equal(await putVip(c, '10.77.11.4/32', 80, { encap: encapNumbers.gre6 }), -81);
      assert.equal(await putVip(c, '10.77.11.4/32', 0), -81);
      assert.equal(await putVip(c, '10.77.11.5/32', 0), 0);
      assert.equal(await putVip(c, '10.77.11.5/32', 80), -81);
      assert.equal(await putAs(c, '10.77.11.4/32', 80, '10.0.0.1'), 0);
      assert.equal(await putAs(c, '10.77.11.4/32', 80, '10.0.0.1', { weight: 7 }), -81);
      assert.equal((await asRows(c, '10.77.11.4'))[0]?.weight, 100, 'the weight stays');
    },
  },
  {
    name: 'INVALID_ADDRESS_FAMILY: -97',
    async run({ connection: c }) {
      const [ip4, ip6] = ['10.77.11.6/32', '2001:db8:77:11::6/128'];
      assert.equal(await putVip(c, ip4, 80, { encap: encapNumbers.nat6 }), -97);
      assert.equal(await putVip(c, ip4, 80, { encap: 9 }), -97);
      assert.equal(await putVip(c, ip4, 80), 0);
      assert.equal(await putAs(c, ip4, 80, '2001:db8::1'), -97);
      assert.equal(await putVip(c, ip6, 80, { encap: encapNumbers.gre6 }), 0);
      assert.equal(await putAs(c, ip6, 80, '10.0.0.1'), -97);
    },
  },
  {
    name: 'a deleted server lingers: it is deleted again with 0, has no weight to set, and is listed (K8)',
    async run({ connection: c }) {
      const prefix = '10.77.11.7/32';
      assert.equal(await putVip(c, prefix, 80), 0);
      assert.equal(await putAs(c, prefix, 80, '10.0.0.1'), 0);
      assert.equal(await putAs(c, prefix, 80, '10.0.0.1', { isDel: true }), 0);
      assert.equal(await putAs(c, prefix, 80, '10.0.0.1', { isDel: true }), 0);
      assert.equal(await weigh(c, prefix, 80, '10.0.0.1', 5), -6);
      const [row] = await asRows(c, '10.77.11.7');
      assert.deepEqual([row?.flags, row?.numBuckets], [0, 0]);
      assert.equal(await putAs(c, prefix, 80, '10.0.0.1', { weight: 3 }), 0);
      const again = await asRows(c, '10.77.11.7');
      assert.deepEqual(
        again.map(({ flags, weight, numBuckets }) => [flags, weight, numBuckets]),
        [[1, 3, 64]],
      );
      assert.equal(await putVip(c, prefix, 80, { isDel: true }), 0);
      const left = await asRows(c, '10.77.11.7');
      assert.deepEqual(
        left.map(({ flags }) => flags),
        [0],
        'also when its VIP is gone',
      );
      const vips = await dumpVips(c);
      assert.equal(
        vips.some((one) => textOf(one.prefix) === '10.77.11.7'),
        false,
      );
    },
  },
];

const filterCases: MessageCase[] = [
  {
    name: 'a dump of VIPs gives all, whatever its filter says (K6)',
    async run({ connection: c }) {
      for (const text of ['10.77.12.1/32', '10.77.12.2/32']) assert.equal(await putVip(c, text, 80), 0);
      const all = await dumpVips(c);
      const filter = { prefix: wirePrefix('10.77.12.1/32'), protocol: udp, port: 9 };
      assert.deepEqual(await dumpVips(c, filter), all);
      const texts = all.map(({ prefix }) => textOf(prefix));
      assert.ok(texts.includes('10.77.12.1') && texts.includes('10.77.12.2'));
    },
  },
  {
    name: 'a dump of servers finds IPv4 only where the address stands last (K7)',
    async run({ connection: c }) {
      const [ip4, ip6] = ['10.77.12.3/32', '2001:db8:77:12::3/128'];
      assert.equal(await putVip(c, ip4, 80), 0);
      assert.equal(await putVip(c, ip6, 0, { encap: encapNumbers.gre6 }), 0);
      assert.equal(await putAs(c, ip4, 80, '10.0.0.1'), 0);
      assert.equal(await putAs(c, ip6, 0, '2001:db8::1'), 0);
      const count = async (prefix: WirePrefix, protocol: number, port: number) =>
        (await dumpAses(c, { prefix, protocol, port })).length;
      const natural = wirePrefix(ip4);
      const last = { af: 0, bytes: new Uint8Array(16), length: 0 };
      last.bytes.set([10, 77, 12, 3], 12);
      assert.equal(await count(natural, 6, 80), 0);
      assert.equal(await count(last, 6, 80), 1);
      assert.equal(await count({ ...last, af: 1, length: 77 }, 6, 80), 1, 'family and length do not count');
      assert.equal(await count(last, 6, 81), 0);
      assert.equal(await count(last, 17, 80), 0);
      assert.equal(await count(wirePrefix(ip6), any, 0), 1);
      assert.equal(await count(wirePrefix(ip6), 6, 0), 0);
      assert.ok((await count(anyPrefix, 6, 80)) >= 2, 'zeros are everything');
    },
  },
];

const quirkCases: MessageCase[] = [
  {
    name: 'port 0 is every port, and protocol 255, whatever was sent',
    async run({ connection: c }) {
      assert.equal(await putVip(c, '10.77.13.1/32', 0, { protocol: 17 }), 0);
      assert.equal((await vipRow(c, '10.77.13.1', 0)).protocol, any);
      assert.equal(await putVip(c, '10.77.13.1/32', 0, { protocol: 6, isDel: true }), 0);
    },
  },
  {
    name: 'protocol 255 with a port is taken (K20)',
    async run({ connection: c }) {
      assert.equal(await putVip(c, '10.77.13.2/32', 80, { protocol: any }), 0);
      assert.equal((await vipRow(c, '10.77.13.2', 80)).protocol, any);
    },
  },
  {
    name: 'host bits are masked away, on addition and on look-up',
    async run({ connection: c }) {
      assert.equal(await putVip(c, '10.77.48.9/20', 80), 0);
      assert.equal((await vipRow(c, '10.77.48.0', 80)).prefix.length, 20);
      assert.equal(await putVip(c, '10.77.63.255/20', 80), -81);
      assert.equal(await putVip(c, '2001:db8:77:30::ffff/64', 80), 0);
      assert.equal((await vipRow(c, '2001:db8:77:30::', 80)).prefix.length, 64);
    },
  },
  {
    name: 'an encapsulation that an IPv6 VIP cannot have becomes gre6 (K15)',
    async run({ connection: c }) {
      for (const [port, encap] of [encapNumbers.l3dsr, encapNumbers.nat4, 9].entries()) {
        const place = ['2001:db8:77:13::1/128', 80 + port] as const;
        assert.equal(await putVip(c, ...place, { encap }), 0);
        assert.equal((await vipRow(c, '2001:db8:77:13::1', 80 + port)).encap, encapNumbers.gre6);
      }
    },
  },
  {
    name: 'DSCP is masked (K16)',
    async run({ connection: c }) {
      assert.equal(await putVip(c, '10.77.13.3/32', 80, { encap: encapNumbers.l3dsr, dscp: 70 }), 0);
      const row = await vipRow(c, '10.77.13.3', 80);
      assert.deepEqual([row.encap, row.dscp], [encapNumbers.l3dsr, 6]);
    },
  },
  {
    name: 'a target port comes back with its bytes swapped (K10)',
    async run({ connection: c }) {
      const nat = { encap: encapNumbers.nat4, protocol: udp, targetPort: 3307 };
      assert.equal(await putVip(c, '10.77.13.4/32', 3306, nat), 0);
      const row = await vipRow(c, '10.77.13.4', 3306);
      assert.deepEqual([row.encap, row.targetPort, row.srvType], [encapNumbers.nat4, 60_172, 0]);
    },
  },
  {
    name: 'a table length of 65536 and more is listed cut to 16 bits (K12)',
    async run({ connection: c }) {
      for (const [port, length, listed] of [
        [80, 32_768, 32_768],
        [81, 65_536, 0],
        [82, 131_072, 0],
      ] as const) {
        assert.equal(await putVip(c, '10.77.13.5/32', port, { newFlowsTableLength: length }), 0);
        assert.equal((await vipRow(c, '10.77.13.5', port)).flowTableLength, listed);
      }
    },
  },
  {
    name: 'an IPv6 address in ::/96 is taken for IPv4 (K19)',
    async run({ connection: c }) {
      assert.equal(await putVip(c, '10.77.13.6/32', 80), 0);
      assert.equal(await putAs(c, '10.77.13.6/32', 80, '::1'), 0);
      const [row] = await asRows(c, '10.77.13.6');
      assert.ok(row);
      assert.deepEqual([row.asAddress.af, textOf(row.asAddress)], [0, '0.0.0.1']);
    },
  },
];

export const messageQuirkCases: readonly MessageCase[] = [...refusalCases, ...filterCases, ...quirkCases];
