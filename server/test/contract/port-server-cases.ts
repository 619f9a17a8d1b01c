// The contract of the dataplane port, second half: application servers, tables, pipelining, counters.
import assert from 'node:assert/strict';
import type { LbOp } from '../../src/dataplane/lb-op.ts';
import { vipName } from '../../src/dataplane/lb-state.ts';
import { predictBuckets } from '../../src/dataplane/maglev-table.ts';
import { type Address, byAddress } from '../../src/lib/address.ts';
import { vppApplyWindow } from '../../src/lib/limits.ts';
import { createPrng, type Prng } from '../../src/lib/prng.ts';
import {
  addAs,
  address,
  addVip,
  apply,
  deleteAs,
  deleteVip,
  look,
  observe,
  type PortCase,
  refuse,
  servers,
  setWeight,
  vip,
} from './case.ts';

const refusalCases: PortCase[] = [
  {
    name: 'servers of a VIP that is not there are refused, whatever is asked of them',
    async run(dataplane) {
      const none = vip('10.77.4.1');
      for (const op of [addAs(none, '10.0.0.1', 1), deleteAs(none, '10.0.0.1')]) {
        await refuse(dataplane, op, -6, 'NO_SUCH_ENTRY');
      }
      await refuse(dataplane, setWeight(none, '10.0.0.1', 1), -6, 'NO_SUCH_ENTRY');
      await refuse(dataplane, setWeight(none, '10.0.0.1', 1, true), -6, 'NO_SUCH_ENTRY');
    },
  },
  {
    name: 'a server that was never there has no weight and cannot be deleted',
    async run(dataplane) {
      const made = vip('10.77.4.2');
      await apply(dataplane, addVip(made));
      await refuse(dataplane, setWeight(made, '10.0.0.1', 1), -6, 'NO_SUCH_ENTRY');
      await refuse(dataplane, deleteAs(made, '10.0.0.1'), -6, 'NO_SUCH_ENTRY');
    },
  },
  {
    name: 'a server is added once, and a second addition leaves its weight',
    async run(dataplane) {
      const made = vip('10.77.4.3');
      await apply(dataplane, addVip(made), addAs(made, '10.0.0.1', 10));
      await refuse(dataplane, addAs(made, '10.0.0.1', 20), -81, 'VALUE_EXIST');
      assert.deepEqual(await servers(dataplane, made), ['10.0.0.1 10']);
    },
  },
  {
    name: 'the family of a server is that of the encapsulation',
    async run(dataplane) {
      const [over4, over6] = [vip('10.77.4.4'), vip('10.77.4.5', 80, { encap: 'gre6' })];
      await apply(dataplane, addVip(over4), addVip(over6));
      await refuse(dataplane, addAs(over4, '2001:db8::1', 1), -97, 'INVALID_ADDRESS_FAMILY');
      await refuse(dataplane, addAs(over6, '10.0.0.1', 1), -97, 'INVALID_ADDRESS_FAMILY');
      await apply(dataplane, addAs(over6, '2001:db8::1', 4));
      assert.deepEqual(await servers(dataplane, over6), ['2001:db8::1 4']);
      assert.deepEqual(await servers(dataplane, over4), []);
    },
  },
];

const lifeCases: PortCase[] = [
  {
    name: 'every weight of 0 to 100 reads back, with and without a cut of the flows',
    async run(dataplane) {
      const made = vip('10.77.5.1');
      await apply(dataplane, addVip(made), addAs(made, '10.0.0.1', 100));
      for (let weight = 0; weight <= 100; weight++) {
        await apply(dataplane, setWeight(made, '10.0.0.1', weight, weight % 2 === 0));
        const read = await dataplane.observeServers([made]);
        assert.ok(read.ok);
        const [server] = read.value[0] ?? [];
        assert.equal(server?.weight, weight);
        assert.equal(server?.buckets, weight === 0 ? 0 : made.newFlowsTableLength);
      }
    },
  },
  {
    name: 'a deleted server is not seen any more; its weight cannot be set; deleting it again is fine',
    async run(dataplane) {
      const made = vip('10.77.5.2');
      await apply(dataplane, addVip(made), addAs(made, '10.0.0.1', 5), addAs(made, '10.0.0.2', 5));
      await apply(dataplane, deleteAs(made, '10.0.0.1'));
      assert.deepEqual(await servers(dataplane, made), ['10.0.0.2 5']);
      assert.equal((await look(dataplane, made))?.applicationServers[0]?.buckets, 64);
      await refuse(dataplane, setWeight(made, '10.0.0.1', 5), -6, 'NO_SUCH_ENTRY');
      await apply(dataplane, deleteAs(made, '10.0.0.1'));
    },
  },
  {
    name: 'a server that lingers comes back with its new weight',
    async run(dataplane) {
      const made = vip('10.77.5.3');
      await apply(dataplane, addVip(made), addAs(made, '10.0.0.1', 5), deleteAs(made, '10.0.0.1'));
      await apply(dataplane, addAs(made, '10.0.0.1', 9, true));
      assert.deepEqual(await servers(dataplane, made), ['10.0.0.1 9']);
      await apply(dataplane, deleteAs(made, '10.0.0.1'), addAs(made, '10.0.0.1', 0));
      assert.deepEqual(await servers(dataplane, made), ['10.0.0.1 0']);
    },
  },
  {
    name: 'one server under two VIPs is two',
    async run(dataplane) {
      const [first, second] = [vip('10.77.5.4'), vip('10.77.5.4', 443)];
      await apply(dataplane, addVip(first), addVip(second));
      await apply(dataplane, addAs(first, '10.0.0.1', 5), addAs(second, '10.0.0.1', 50));
      await apply(dataplane, setWeight(first, '10.0.0.1', 0, true));
      assert.deepEqual(await servers(dataplane, first), ['10.0.0.1 0']);
      assert.deepEqual(await servers(dataplane, second), ['10.0.0.1 50']);
    },
  },
  {
    name: 'servers are read in order of address, for several VIPs at once, and none where there is no VIP',
    async run(dataplane) {
      const made = [vip('10.77.5.5', 0), vip('2001:db8:77::5', 80, { encap: 'gre6' })] as const;
      await apply(dataplane, addVip(made[0]), addVip(made[1]));
      for (const text of ['10.0.0.10', '10.0.0.9', '9.0.0.200']) {
        await apply(dataplane, addAs(made[0], text, 1));
      }
      await apply(dataplane, addAs(made[1], '2001:db8::b', 1), addAs(made[1], '2001:db8::a', 1));
      const read = await dataplane.observeServers([made[1], vip('10.77.5.6'), made[0]]);
      assert.ok(read.ok);
      const texts = read.value.map((list) => list.map((server) => server.address.text));
      assert.deepEqual(texts, [['2001:db8::a', '2001:db8::b'], [], ['9.0.0.200', '10.0.0.9', '10.0.0.10']]);
    },
  },
];

/** A VIP with servers as nobody would configure them. */
function drawTable(prng: Prng) {
  const family6 = prng.below(2) === 0;
  const length = 2 ** prng.below(13);
  const drawn = new Map<string, { address: Address; weight: number }>();
  for (let index = 0; index < 1 + prng.below(12); index++) {
    const group = () => prng.below(65_536).toString(16);
    const text = family6 ? `2001:db8:${group()}::${group()}` : `10.${prng.below(256)}.3.${prng.below(256)}`;
    const weight = prng.below(4) === 0 ? 0 : prng.below(101);
    const parsed = address(text);
    drawn.set(parsed.text, { address: parsed, weight });
  }
  const list = [...drawn.values()].sort((a, b) => byAddress(a.address, b.address));
  return { encap: family6 ? 'gre6' : 'gre4', length, list } as const;
}

const tableCase: PortCase = {
  name: 'buckets are those that were predicted',
  async run(dataplane) {
    const prng = createPrng(77);
    for (let index = 0; index < 20; index++) {
      const { encap, length, list } = drawTable(prng);
      const made = vip('10.77.6.1', 80, { encap, newFlowsTableLength: length });
      // In another order than that of addresses: it must not matter.
      const adds = list.map((server) => addAs(made, server.address.text, server.weight)).reverse();
      await apply(dataplane, addVip(made), ...adds);
      const held = await look(dataplane, made);
      const buckets = held?.applicationServers.map((server) => server.buckets);
      const described = JSON.stringify(list.map((server) => [server.address.text, server.weight]));
      assert.deepEqual(buckets, predictBuckets(list, length), `${length} ${described}`);
      const gone = list.map((server) => deleteAs(made, server.address.text));
      await apply(dataplane, ...gone, deleteVip(made));
    }
  },
};

const pipelineCases: PortCase[] = [
  {
    name: 'a thousand operations go in their order',
    async run(dataplane) {
      const made = vip('10.77.7.1');
      const ops: LbOp[] = [addVip(made), addAs(made, '10.0.0.1', 1), addAs(made, '10.0.0.2', 1)];
      for (let index = 0; index < 1000; index++) {
        ops.push(setWeight(made, `10.0.0.${1 + (index % 2)}`, index % 101, index % 3 === 0));
      }
      await apply(dataplane, ...ops);
      assert.deepEqual(await servers(dataplane, made), [`10.0.0.1 ${998 % 101}`, `10.0.0.2 ${999 % 101}`]);
    },
  },
  {
    name: 'the first refusal is told, and what is not yet sent is not sent any more',
    async run(dataplane) {
      const made = vip('10.77.7.2', 80, { newFlowsTableLength: 16 });
      const count = vppApplyWindow + 300;
      const adds = Array.from({ length: count }, (_, index) =>
        addAs(made, `10.1.${index >> 8}.${index & 255}`, 1),
      );
      const bad = deleteAs(made, '10.9.9.9');
      const second = deleteAs(made, '10.9.9.8');
      await apply(dataplane, addVip(made));
      const ops = [...adds.slice(0, 10), bad, ...adds.slice(10, 20), second, ...adds.slice(20)];
      const { acknowledged, failure } = await dataplane.apply(ops);
      assert.equal(failure?.op, bad);
      assert.equal(failure.fault.t === 'refused' && failure.fault.code, -6);
      const held = await look(dataplane, made);
      const there = held?.applicationServers.map((server) => server.address.text) ?? [];
      const acknowledgedTexts = acknowledged.map((op) => ('address' in op ? op.address.text : ''));
      assert.deepEqual(there, acknowledgedTexts, 'what was acknowledged is there, and nothing else');
      assert.ok(there.length >= 10 && there.length <= 10 + vppApplyWindow, `${there.length} were done`);
    },
  },
  {
    name: 'nothing to do is done at once',
    async run(dataplane) {
      assert.deepEqual(await dataplane.apply([]), { acknowledged: [] });
    },
  },
];

const countersMsMax = 5_000;

const infoCases: PortCase[] = [
  {
    name: 'counters of a VIP appear, all zero, with its route',
    async run(dataplane) {
      const made = vip('10.77.8.1');
      await apply(dataplane, addVip(made));
      await observe(dataplane);
      const deadlineMs = performance.now() + countersMsMax;
      let sample = dataplane.counters();
      while (!sample?.byVip.has(vipName(made)) && performance.now() < deadlineMs) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        sample = dataplane.counters();
      }
      const counters = sample?.byVip.get(vipName(made))?.counters;
      const none = { next: 0n, first: 0n, untracked: 0n, noServer: 0n, routePackets: 0n, routeBytes: 0n };
      assert.deepEqual(counters, none);
    },
  },
  {
    name: 'it says who it is',
    async run(dataplane) {
      const info = dataplane.info();
      assert.equal(info.connection, 'connected');
      assert.ok(info.version && info.pid && info.pid > 1);
      assert.deepEqual(info.missingCapabilities, []);
      assert.equal(info.reason, undefined);
    },
  },
];

export const portServerCases: readonly PortCase[] = [
  ...refusalCases,
  ...lifeCases,
  tableCase,
  ...pipelineCases,
  ...infoCases,
];
