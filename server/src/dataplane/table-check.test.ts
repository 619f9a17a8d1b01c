import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredVip } from '../../test/support/lb-values.ts';
import type { DesiredVip, ObservedAs } from './lb-state.ts';
import { predictBuckets } from './maglev-table.ts';
import { TableCheck } from './table-check.ts';

const vip = desiredVip(
  '10.1.0.1 tcp 80',
  { '10.0.0.1': 3, '10.0.0.2': 1, '10.0.0.3': 0 },
  {
    newFlowsTableLength: 256,
  },
);

/** As a VPP holds it that did all that was asked. */
function held(of: DesiredVip): ObservedAs[] {
  const buckets = predictBuckets(of.applicationServers, of.newFlowsTableLength);
  return of.applicationServers.map(({ address, weight }, index) => ({
    address,
    weight,
    buckets: buckets[index] ?? -1,
  }));
}

test('a VIP as it was predicted has no mismatch', () => {
  const check = new TableCheck();
  assert.equal(check.findMismatch(vip, held(vip)), undefined);
  assert.equal(check.findMismatch(vip, held(vip).toReversed()), undefined);
  const empty = desiredVip('10.1.0.1 tcp 80', {});
  assert.equal(check.findMismatch(empty, []), undefined);
});

const [first, ...rest] = held(vip);
assert.ok(first);
const table: readonly [string, readonly ObservedAs[] | undefined, RegExp][] = [
  ['no VIP', undefined, /^VPP does not have it$/],
  ['no server', rest, /^as 10\.0\.0\.1 is not in VPP$/],
  ['another weight', [{ ...first, weight: 2 }, ...rest], /^as 10\.0\.0\.1 has weight 2, not 3$/],
  [
    'other buckets',
    [{ ...first, buckets: first.buckets - 1 }, ...rest],
    /^as 10\.0\.0\.1 has \d+ buckets, not the \d+ that its weight gives$/,
  ],
  [
    'one server more',
    [...held(vip), { ...first, address: { ...first.address, text: '10.0.0.9' } }],
    /^as 10\.0\.0\.9 is in VPP and not in the configuration$/,
  ],
];
for (const [name, servers, expected] of table) {
  test(`mismatch: ${name}`, () => assert.match(new TableCheck().findMismatch(vip, servers) ?? '', expected));
}

test('a prediction is kept, and depends on length, addresses and weights', () => {
  const check = new TableCheck();
  const of = (applicationServers: typeof vip.applicationServers, newFlowsTableLength: number) =>
    check.predict({ ...vip, applicationServers, newFlowsTableLength });
  const predicted = of(vip.applicationServers, 256);
  assert.equal(of([...vip.applicationServers], 256), predicted);
  assert.deepEqual(predicted, predictBuckets(vip.applicationServers, 256));
  assert.deepEqual(of(vip.applicationServers, 512), predictBuckets(vip.applicationServers, 512));
  const lighter = vip.applicationServers.map((server) => ({ ...server, weight: 1 }));
  assert.deepEqual(of(lighter, 256), predictBuckets(lighter, 256));
  const fewer = lighter.slice(1);
  assert.deepEqual(of(fewer, 256), predictBuckets(fewer, 256));
  check.retain(new Set());
  assert.notEqual(of(fewer, 256), undefined);
});
