import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  address,
  applyOp,
  confValue,
  desired,
  desiredVip,
  observed,
  observedVip,
  type Weights,
} from '../../test/support/lb-values.ts';
import type { LbOp } from './lb-op.ts';
import {
  type DesiredLb,
  type DesiredVip,
  type ObservedLb,
  type ObservedVip,
  prefixText,
  vipName,
} from './lb-state.ts';
import {
  describeRemaking,
  type FlushDebt,
  findVipChange,
  type Plan,
  type PlanOptions,
  planLb,
} from './plan.ts';

const plain: PlanOptions = { debtOf: () => undefined, keeps: () => false };
const web = '10.1.0.1 tcp 80';
const webName = '10.1.0.1/32 tcp 80';

/** An operation in one line. */
function say(op: LbOp): string {
  if (op.t === 'conf') return 'conf';
  const name = vipName(op.vip);
  if (op.t === 'vip-add' || op.t === 'vip-delete') return `${op.t} ${name}`;
  if (op.t === 'as-delete') return `${op.t} ${name} ${op.address.text}`;
  return `${op.t} ${name} ${op.address.text} ${op.weight}${op.flush ? ' flush' : ''}`;
}
const sayAll = (plan: Plan) => plan.map((stage) => stage.map(say));

// --- tables

test('what VPP holds already takes no operation', () => {
  const weights = { '10.0.0.1': 5, '10.0.0.2': 0 };
  assert.deepEqual(
    planLb(desired([desiredVip(web, weights)]), observed([observedVip(web, weights)]), plain),
    [],
  );
});

test('additions and increases come first, decreases and deletions after they are acknowledged', () => {
  const wanted = desiredVip(web, { '10.0.0.10': 3, '10.0.0.9': 1, '10.0.0.2': 4, '10.0.0.3': 7 });
  const there = observedVip(web, { '10.0.0.10': 5, '10.0.0.9': 6, '10.0.0.3': 2, '10.0.0.1': 9 });
  assert.deepEqual(sayAll(planLb(desired([wanted]), observed([there]), plain)), [
    [`as-add ${webName} 10.0.0.2 4`, `as-weight ${webName} 10.0.0.3 7`],
    [`as-weight ${webName} 10.0.0.9 1`, `as-weight ${webName} 10.0.0.10 3`, `as-delete ${webName} 10.0.0.1`],
  ]);
});

test('operations say whom they serve and why', () => {
  const there = observedVip(web, { '10.0.0.1': 5, '10.0.0.3': 1 });
  const wanted = desiredVip(web, { '10.0.0.1': 2, '10.0.0.2': 1 });
  const ops = planLb(desired([wanted]), observed([there]), { ...plain, debtOf: () => 'if-weighted' }).flat();
  assert.deepEqual(
    ops.map(({ frontend, backend, why }) => [frontend, backend, why]),
    [
      ['f-10.1.0.1 tcp 80', 'b-10.0.0.2', 'not in VPP'],
      ['f-10.1.0.1 tcp 80', 'b-10.0.0.1', 'weight 5 to 2, flows cut'],
      ['f-10.1.0.1 tcp 80', undefined, 'not in the configuration'],
    ],
  );
});

test('a VIP that cannot be changed in place is made anew: servers, VIP, and all again', () => {
  const wanted = desiredVip(web, { '10.0.0.1': 1 }, { newFlowsTableLength: 32, srcIpSticky: true });
  const there = observedVip(web, { '10.0.0.1': 1, '10.0.0.2': 2 });
  const plan = planLb(desired([wanted]), observed([there]), plain);
  assert.deepEqual(sayAll(plan), [
    [
      `as-delete ${webName} 10.0.0.1`,
      `as-delete ${webName} 10.0.0.2`,
      `vip-delete ${webName}`,
      `vip-add ${webName}`,
      `as-add ${webName} 10.0.0.1 1`,
    ],
  ]);
  const why = 'new-flows-table-length 16 to 32, src-ip-sticky false to true';
  assert.equal(plan[0]?.[0]?.why, `made anew: ${why}`);
  assert.deepEqual(describeRemaking(there, wanted).join(', '), why);
});

test('another encap on a prefix: all of its VIPs go before the first is added', () => {
  const other = '10.1.0.1 tcp 443';
  const v6 = { '2001:db8::1': 1 };
  const made = { encap: 'gre6' } as const;
  const wanted = [desiredVip(web, v6, made), desiredVip(other, v6, made)];
  const there = [observedVip(web, { '10.0.0.1': 1 }), observedVip(other, {})];
  assert.deepEqual(sayAll(planLb(desired(wanted), observed(there), plain)), [
    [
      `as-delete ${webName} 10.0.0.1`,
      `vip-delete ${webName}`,
      'vip-delete 10.1.0.1/32 tcp 443',
      `vip-add ${webName}`,
      `as-add ${webName} 2001:db8::1 1`,
      'vip-add 10.1.0.1/32 tcp 443',
      'as-add 10.1.0.1/32 tcp 443 2001:db8::1 1',
    ],
  ]);
});

test('a stale VIP that is in the way goes first, any other last', () => {
  const there = [observedVip('10.1.0.1 any', { '10.0.0.1': 1 }), observedVip('10.9.0.1 udp 53', {})];
  assert.deepEqual(sayAll(planLb(desired([desiredVip(web, {})]), observed(there), plain)), [
    ['as-delete 10.1.0.1/32 any 10.0.0.1', 'vip-delete 10.1.0.1/32 any', `vip-add ${webName}`],
    ['vip-delete 10.9.0.1/32 udp 53'],
  ]);
});

test('global parameters: what is not set stays, what differs is sent whole and before all else', () => {
  const conf = { stickyBucketsPerCore: 2048, flowTimeoutSeconds: 40 };
  const [[op] = []] = planLb(desired([], { conf }), observed([]), plain);
  assert.deepEqual(op, {
    t: 'conf',
    conf: { ...confValue, stickyBucketsPerCore: 2048 },
    why: 'sticky-buckets-per-core 1024 to 2048',
  });
  const stages = planLb(desired([desiredVip(web, {})], { conf }), observed([]), plain);
  assert.deepEqual(sayAll(stages), [['conf'], [`vip-add ${webName}`]]);
  const sources = { ...confValue, ipv4SrcAddress: address('10.255.0.2') };
  assert.equal(
    planLb(desired([], { conf: sources }), observed([]), plain)[0]?.[0]?.why,
    'ipv4-src-address 10.255.0.1 to 10.255.0.2',
  );
});

test('a plan for chosen VIPs leaves the others, stale ones and global parameters alone', () => {
  const other = '10.1.0.2 tcp 80';
  const conf = { stickyBucketsPerCore: 1, flowTimeoutSeconds: 1 };
  const wanted = desired([desiredVip(web, {}), desiredVip(other, {})], { conf });
  const there = observed([observedVip('10.9.0.1 any', {})]);
  assert.deepEqual(sayAll(planLb(wanted, there, { ...plain, only: new Set([webName]) })), [
    [`vip-add ${webName}`],
  ]);
  const except = new Set([webName, '10.9.0.1/32 any']);
  assert.deepEqual(sayAll(planLb(wanted, there, { ...plain, except })), [
    ['conf'],
    ['vip-add 10.1.0.2/32 tcp 80'],
  ]);
});

const debtTable: readonly [FlushDebt | undefined, number, number, string[]][] = [
  [undefined, 0, 0, []],
  ['always', 0, 0, [`as-weight ${webName} 10.0.0.1 0 flush`]],
  ['if-weighted', 0, 0, []],
  ['if-weighted', 4, 0, [`as-weight ${webName} 10.0.0.1 0 flush`]],
  ['always', 4, 4, [`as-weight ${webName} 10.0.0.1 4 flush`]],
  ['if-weighted', 0, 4, [`as-weight ${webName} 10.0.0.1 4`]],
];
for (const [debt, from, to, expected] of debtTable) {
  test(`a debt of ${debt} where the weight goes from ${from} to ${to}`, () => {
    const options = { ...plain, debtOf: () => debt };
    const wanted = desired([desiredVip(web, { '10.0.0.1': to })]);
    const plan = planLb(wanted, observed([observedVip(web, { '10.0.0.1': from })]), options);
    assert.deepEqual(sayAll(plan).flat(), expected);
  });
}

test('what differs first between a VIP and what it is to be', () => {
  const there = observedVip(web, { '10.0.0.1': 2 });
  assert.equal(findVipChange(desiredVip(web, { '10.0.0.1': 2 }), there), undefined);
  assert.equal(findVipChange(desiredVip(web, { '10.0.0.1': 1 }), there), 'weight 2 to 1');
  assert.equal(findVipChange(desiredVip(web, {}, { encap: 'gre6' }), there), 'encap gre4 to gre6');
});

// --- properties

interface DrawnVip {
  readonly name: string;
  readonly weights: Weights;
  readonly made: {
    readonly encap: 'gre4' | 'gre6';
    readonly newFlowsTableLength: number;
    readonly srcIpSticky: boolean;
  };
}

const weightsOf = (encap: 'gre4' | 'gre6') => {
  const texts = encap === 'gre4' ? ['10.0.0.1', '10.0.0.2', '10.0.0.10'] : ['2001:db8::1', '2001:db8::2'];
  return fc.dictionary(fc.constantFrom(...texts), fc.integer({ min: 0, max: 3 }));
};

/** What a prefix can hold at a time: one encap, and either all ports or some. */
const prefixVips = (prefix: string): fc.Arbitrary<readonly DrawnVip[]> =>
  fc.constantFrom('gre4' as const, 'gre6' as const).chain((encap) => {
    const services = fc.oneof(
      fc.constant(['any']),
      fc.subarray(['tcp 80', 'tcp 443', 'udp 80']),
      fc.constant([]),
    );
    return services.chain((names) =>
      fc.tuple(
        ...names.map((service) =>
          fc.record({
            name: fc.constant(`${prefix} ${service}`),
            weights: weightsOf(encap),
            made: fc.record({
              encap: fc.constant(encap),
              newFlowsTableLength: fc.constantFrom(16, 16, 16, 32),
              srcIpSticky: fc.constantFrom(false, false, false, true),
            }),
          }),
        ),
      ),
    );
  });
const drawnVips = fc
  .tuple(...['10.1.0.1', '10.1.0.2', '2001:db8:1::1'].map(prefixVips))
  .map((groups) => groups.flat());
const anyConf = fc.record(
  {
    ipv4SrcAddress: fc.constantFrom(address('10.255.0.1'), address('10.255.0.2')),
    ipv6SrcAddress: fc.constant(confValue.ipv6SrcAddress),
    stickyBucketsPerCore: fc.constantFrom(1024, 2048),
    flowTimeoutSeconds: fc.constantFrom(40, 60),
  },
  { noNullPrototype: true },
);
const anyDesired = fc.tuple(drawnVips, anyConf).map(([vips, conf]) =>
  desired(
    vips.map(({ name, weights, made }) => desiredVip(name, weights, made)),
    { conf },
  ),
);
const anyObserved = fc.tuple(drawnVips, anyConf).map(([vips, conf]) =>
  observed(
    vips.map(({ name, weights, made }, index) => observedVip(name, weights, { ...made, index })),
    conf,
  ),
);

/** What a state says, without what only VPP decides. */
function sayState({ conf, vips }: Pick<DesiredLb | ObservedLb, 'conf' | 'vips'>): unknown {
  const sayVip = (one: DesiredVip | ObservedVip) => ({
    name: vipName(one),
    made: [one.encap, one.newFlowsTableLength, one.srcIpSticky],
    servers: one.applicationServers.map((server) => `${server.address.text} ${server.weight}`),
  });
  return { conf, vips: Array.from(vips.values(), sayVip) };
}

function mustApply(state: ObservedLb, op: LbOp): ObservedLb {
  const next = applyOp(state, op);
  assert.ok(typeof next !== 'number', `VPP refuses ${say(op)}: ${next as number}`);
  return next;
}

test('property: the plan, applied, gives what is desired, and then there is nothing to do', () => {
  fc.assert(
    fc.property(anyDesired, anyObserved, (wanted, start) => {
      const end = planLb(wanted, start, plain).flat().reduce(mustApply, start);
      assert.deepEqual(sayState(end), sayState(wanted));
      assert.deepEqual(planLb(wanted, end, plain), []);
    }),
    { numRuns: 500 },
  );
});

const serves = (one: DesiredVip | ObservedVip | undefined) =>
  one?.applicationServers.some(({ weight }) => weight > 0) ?? false;

/** VIPs that served before and are to serve, and need not be made anew. */
function steadyVips(wanted: DesiredLb, start: ObservedLb): string[] {
  return [...wanted.vips].flatMap(([name, one]) => {
    const present = start.vips.get(name);
    const isSteady = present && describeRemaking(present, one).length === 0;
    return isSteady && serves(present) && serves(one) ? [name] : [];
  });
}

test('property: no table is empty in between, whichever operation VPP refuses', () => {
  fc.assert(
    fc.property(anyDesired, anyObserved, fc.nat({ max: 60 }), (wanted, start, refused) => {
      const steady = steadyVips(wanted, start);
      let state = start;
      let number = 0;
      for (const stage of planLb(wanted, start, plain)) {
        let failed = false;
        for (const op of stage) {
          const next = number++ === refused ? -6 : applyOp(state, op);
          if (typeof next === 'number') failed = true;
          else state = next;
          for (const name of steady) assert.ok(serves(state.vips.get(name)), `${name} after ${say(op)}`);
        }
        if (failed) return;
      }
    }),
    { numRuns: 1000 },
  );
});

test('property: the order in which VPP tells of its VIPs does not matter', () => {
  fc.assert(
    fc.property(anyDesired, anyObserved, fc.infiniteStream(fc.nat()), (wanted, start, numbers) => {
      const rank = new Map([...start.vips.keys()].map((name) => [name, numbers.next().value as number]));
      const entries = [...start.vips].sort(([a], [b]) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
      const shuffled = { ...start, vips: new Map(entries) };
      assert.deepEqual(sayAll(planLb(wanted, shuffled, plain)), sayAll(planLb(wanted, start, plain)));
    }),
  );
});

test('property: held VIPs, kept VIPs and excepted VIPs are not touched', () => {
  const fate = fc.constantFrom('held', 'kept', 'except', 'wanted');
  fc.assert(
    fc.property(anyDesired, anyObserved, fc.infiniteStream(fate), (all, start, fates) => {
      const names = [...new Set([...all.vips.keys(), ...start.vips.keys()])];
      const fateOf = new Map(names.map((name) => [name, fates.next().value as string]));
      const hasFate = (what: string) => names.filter((name) => fateOf.get(name) === what);
      const vips = new Map(
        [...all.vips].filter(([name]) => fateOf.get(name) === 'wanted' || fateOf.get(name) === 'except'),
      );
      const wanted = { ...all, vips, held: new Set(hasFate('held')) };
      const kept = new Set(hasFate('kept'));
      const except = new Set(hasFate('except'));
      for (const op of planLb(wanted, start, { ...plain, keeps: (name) => kept.has(name), except }).flat()) {
        if (op.t !== 'conf') assert.equal(fateOf.get(vipName(op.vip)), 'wanted', say(op));
      }
    }),
  );
});

test('property: a debt is one flush, where it is owed', () => {
  const anyDebt = fc.constantFrom<FlushDebt | undefined>('always', 'if-weighted', undefined);
  fc.assert(
    fc.property(anyDesired, anyObserved, fc.infiniteStream(anyDebt), (wanted, start, stream) => {
      const debts = new Map<string, FlushDebt | undefined>();
      const debtOf = (name: string, text: string) => {
        const key = `${name} ${text}`;
        if (!debts.has(key)) debts.set(key, stream.next().value as FlushDebt | undefined);
        return debts.get(key);
      };
      const ops = planLb(wanted, start, { ...plain, debtOf }).flat();
      for (const [name, one] of wanted.vips) {
        for (const server of one.applicationServers) {
          const text = server.address.text;
          const flushes = ops.filter(
            (op) =>
              (op.t === 'as-add' || op.t === 'as-weight') &&
              op.flush &&
              vipName(op.vip) === name &&
              op.address.text === text,
          ).length;
          const present = start.vips.get(name);
          const isSteady = present !== undefined && describeRemaking(present, one).length === 0;
          const old = isSteady
            ? present.applicationServers.find((held) => held.address.text === text)
            : undefined;
          const debt = debtOf(name, text);
          const isDue = debt === 'always' || (debt === 'if-weighted' && (old?.weight ?? 0) > 0);
          assert.equal(flushes, isDue ? 1 : 0, `${name} ${text} ${debt}`);
        }
      }
    }),
  );
});

test('property: whatever is deleted loses its flows first, and a VIP its servers', () => {
  fc.assert(
    fc.property(anyDesired, anyObserved, (wanted, start) => {
      let state = start;
      for (const op of planLb(wanted, start, plain).flat()) {
        if (op.t === 'vip-delete') {
          assert.deepEqual(state.vips.get(vipName(op.vip))?.applicationServers, [], prefixText(op.vip));
        }
        state = mustApply(state, op);
      }
    }),
  );
});
