import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/parse.ts';
import { backendAddress, maglevYaml } from './maglev-yaml.ts';
import { parseOwn } from './virtual-daemon.ts';

test('every trial gets a configuration that the daemon takes', () => {
  const checks = [[], ['type: icmp'], ['type: tcp', 'port: 80'], ['type: http', 'port: 80', 'interval: 1s']];
  for (const check of checks) {
    const result = parseConfig(maglevYaml(250, check));
    assert.deepEqual(result.ok ? [] : result.errors, []);
    assert.equal(result.ok && result.config.backends.size, 250);
    assert.equal(result.ok && result.config.frontends.size, 3);
  }
});

test('addresses are loopback, and no two are the same', () => {
  const addresses = Array.from({ length: 70_000 }, (_, index) => backendAddress(index));
  assert.equal(new Set(addresses).size, addresses.length);
  assert.deepEqual(
    [addresses[0], addresses[255], addresses.at(-1)],
    ['127.2.0.1', '127.2.1.0', '127.3.17.112'],
  );
});

test('frontends share the backends evenly, and none is left out', () => {
  const config = parseOwn(maglevYaml(37, ['type: tcp', 'port: 80'], { frontendCount: 5, weightOf: () => 7 }));
  const members = Array.from(config.frontends.values(), ({ pools }) => pools[0]?.backends ?? []);
  assert.deepEqual(
    members.map(({ length }) => length),
    [7, 7, 8, 7, 8],
  );
  assert.ok(members.flat().every(({ weight }) => weight === 7));
});
