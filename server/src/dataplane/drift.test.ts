import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confValue, observed, observedVip } from '../../test/support/lb-values.ts';
import { findDrift } from './drift.ts';

const web = '10.1.0.1 tcp 80';
const name = '10.1.0.1/32 tcp 80';
const left = observed([observedVip(web, { '10.0.0.1': 1, '10.0.0.2': 2 })]);

test('nothing is no drift, buckets and pool indexes included', () => {
  const [vip] = left.vips.values();
  assert.ok(vip);
  const servers = vip.applicationServers.map((server) => ({ ...server, buckets: 99 }));
  const now = observed([{ ...vip, index: 8, applicationServers: servers }]);
  assert.deepEqual(findDrift(left, { ...now, atMs: 77 }), []);
});

test('each difference has a text, under the VIP that it is in', () => {
  const made = { encap: 'gre6', newFlowsTableLength: 32, srcIpSticky: true } as const;
  const now = observed(
    [observedVip(web, { '10.0.0.2': 5, '10.0.0.3': 1 }, made), observedVip('10.9.0.1 any', {})],
    {
      ...confValue,
      flowTimeoutSeconds: 41,
    },
  );
  assert.deepEqual(findDrift(left, now), [
    { what: 'flow-timeout 40 to 41' },
    { vip: name, what: 'encap gre4 to gre6' },
    { vip: name, what: 'new-flows-table-length 16 to 32' },
    { vip: name, what: 'src-ip-sticky false to true' },
    { vip: name, what: 'as 10.0.0.1 was deleted' },
    { vip: name, what: 'weight of as 10.0.0.2 was changed, 2 to 5' },
    { vip: name, what: 'as 10.0.0.3 was added' },
    { vip: '10.9.0.1/32 any', what: 'was added' },
  ]);
});

test('a VIP that is gone is one difference', () => {
  assert.deepEqual(findDrift(left, observed([])), [{ vip: name, what: 'was deleted' }]);
});
