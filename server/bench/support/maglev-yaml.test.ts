import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/parse.ts';
import { backendAddress, maglevYaml } from './maglev-yaml.ts';

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
