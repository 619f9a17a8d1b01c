import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/parse.ts';
import { reportLines } from '../config/report.ts';
import type { BackendState } from '../health/backend-health.ts';
import { frontendStatus } from '../health/frontend-state.ts';
import { type DesiredInputs, desiredLb, encapOf, vipKeyOf } from './desired.ts';
import { type DesiredVip, vipName } from './lb-state.ts';

const text = `
maglev:
  vpp:
    lb:
      ipv4-src-address: 10.255.0.1
      ipv6-src-address: 2001:db8:ffff::1
      flow-timeout: 2s
      sticky-buckets-per-core: 2048
  backends:
    far: { address: 10.0.0.10 }
    near: { address: 10.0.0.9 }
    spare: { address: 10.0.0.1 }
    six: { address: '2001:db8::6' }
  frontends:
    www:
      address: 10.1.0.2
      protocol: tcp
      port: 80
      new-flows-table-length: 4096
      weight-steps: 10
      pools:
        - { name: main, backends: { far: { weight: 100 }, near: { weight: 26 } } }
        - { name: rest, backends: { spare: { weight: 50 }, near: { weight: 50 } } }
    six:
      address: 10.1.0.1
      src-ip-sticky: true
      pools: [{ name: main, backends: { six: { weight: 1 } } }]
    dns:
      address: 2001:db8:1::1
      protocol: udp
      port: 53
      pools: [{ name: main, backends: { far: {} } }]
`;
const parsed = parseConfig(text);
assert.ok(parsed.ok, reportLines(parsed, 'file').join('\n'));
const { config } = parsed;

function inputs(states: Readonly<Record<string, BackendState>> = {}): DesiredInputs {
  const stateOf = (backend: string) => states[backend] ?? 'up';
  return {
    config,
    names: [...config.frontends.keys()],
    statusOf: (name) =>
      frontendStatus(frontendOf(config, name), { stateOf, weightOf: (_pool, { weight }) => weight }),
    isReleased: () => true,
  };
}

function frontendOf({ frontends }: Config, name: string) {
  const frontend = frontends.get(name);
  assert.ok(frontend !== undefined, name);
  return frontend;
}

const sayServers = (vip: DesiredVip | undefined) =>
  vip?.applicationServers.map(({ address, weight, backend }) => `${address.text} ${weight} ${backend}`);
const www = '10.1.0.2/32 tcp 80';

test('each frontend is a VIP; order is that of addresses, encap that of the backends', () => {
  const { vips, held } = desiredLb(inputs());
  assert.deepEqual(
    Array.from(vips, ([name, vip]) => [name, vip.frontend, vip.encap, vip.srcIpSticky]),
    [
      ['10.1.0.1/32 any', 'six', 'gre6', true],
      [www, 'www', 'gre4', false],
      ['2001:db8:1::1/128 udp 53', 'dns', 'gre4', false],
    ],
  );
  assert.equal(vips.get(www)?.newFlowsTableLength, 4096);
  assert.equal(held.size, 0);
});

test('every backend of every pool is a server once, weighed as in the active pool, in steps', () => {
  const weights = (states: Readonly<Record<string, BackendState>>) =>
    sayServers(desiredLb(inputs(states)).vips.get(www));
  assert.deepEqual(weights({}), ['10.0.0.1 0 spare', '10.0.0.9 3 near', '10.0.0.10 10 far']);
  assert.deepEqual(weights({ far: 'down', near: 'paused' }), [
    '10.0.0.1 5 spare',
    '10.0.0.9 0 near',
    '10.0.0.10 0 far',
  ]);
  assert.deepEqual(weights({ far: 'disabled' }), ['10.0.0.1 0 spare', '10.0.0.9 3 near', '10.0.0.10 0 far']);
  assert.deepEqual(weights({ far: 'unknown', near: 'unknown', spare: 'unknown' }), [
    '10.0.0.1 0 spare',
    '10.0.0.9 0 near',
    '10.0.0.10 0 far',
  ]);
});

test('a frontend that is not released is held, and not said', () => {
  const { vips, held } = desiredLb({ ...inputs(), isReleased: (name) => name !== 'www' });
  assert.equal(vips.has(www), false);
  assert.deepEqual([...held], [www]);
  assert.equal(vips.size, 2);
});

test('only what is asked for is said', () => {
  assert.deepEqual([...desiredLb({ ...inputs(), names: ['dns'] }).vips.keys()], ['2001:db8:1::1/128 udp 53']);
});

test("global parameters: in VPP's units, and without what is not set", () => {
  const { conf } = desiredLb(inputs());
  assert.equal(conf.ipv4SrcAddress?.text, '10.255.0.1');
  assert.deepEqual([conf.stickyBucketsPerCore, conf.flowTimeoutSeconds], [2048, 2]);
  const { ipv4SrcAddress: _four, ipv6SrcAddress: _six, ...rest } = config.lb;
  const bare = desiredLb({ ...inputs(), config: { ...config, lb: { ...rest, flowTimeoutMs: 1 } } }).conf;
  assert.deepEqual(bare, { stickyBucketsPerCore: 2048, flowTimeoutSeconds: 1 });
});

test('key and encap of a frontend', () => {
  const key = vipKeyOf(frontendOf(config, 'dns'));
  assert.deepEqual(
    [vipName(key), key.prefixLength, key.protocol, key.port],
    ['2001:db8:1::1/128 udp 53', 128, 17, 53],
  );
  assert.equal(encapOf({ pools: [] }, config), 'gre4');
});

test('property: the order of the frontends does not matter', () => {
  const names = [...config.frontends.keys()];
  const all = desiredLb(inputs());
  fc.assert(
    fc.property(fc.shuffledSubarray(names, { minLength: names.length }), (shuffled) => {
      const other = desiredLb({ ...inputs(), names: shuffled });
      assert.deepEqual([...other.vips], [...all.vips]);
    }),
  );
});
