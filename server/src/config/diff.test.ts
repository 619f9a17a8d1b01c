import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from './config.ts';
import { describeDiff, diffConfig, resolveCheck, sameCheck } from './diff.ts';
import { parseConfig } from './parse.ts';

// Whole sequences of reloads stand in test/testdata/config/sequences.

function config(text: string, pem = 'PEM'): Config {
  const result = parseConfig(`maglev: ${text}`, { readCaFile: () => ({ ok: true, pem }) });
  assert.ok(result.ok);
  return result.config;
}

const tls = '{ type: https, port: 443, params: { ca-file: /ca.pem } }';

test('new certificates in an unchanged file change the backends that are probed with them', () => {
  const text = `{ healthchecks: { tls: ${tls}, ping: { type: icmp } }, backends: {
    a: { address: 192.0.2.10, healthcheck: tls }, b: { address: 192.0.2.11, healthcheck: ping } } }`;
  const diff = diffConfig(config(text, 'old'), config(text, 'new'));
  assert.deepEqual(diff, {
    healthchecks: { added: [], removed: [], changed: ['tls'] },
    backends: { added: [], removed: [], changed: [{ name: 'a', aspects: ['healthcheck'] }] },
    frontends: { added: [], removed: [], changed: [] },
    settings: [],
  });
  assert.deepEqual(describeDiff(diffConfig(config(text), config(text))), []);
});

test('names come in the order of the file that has them', () => {
  const before = config(
    '{ backends: { c: { address: 192.0.2.1 }, 10: { address: 192.0.2.2 }, 9: { address: 192.0.2.3 } } }',
  );
  const after = config(
    '{ backends: { z: { address: 192.0.2.1 }, 2: { address: 192.0.2.2 }, 1: { address: 192.0.2.3 } } }',
  );
  const { added, removed } = diffConfig(before, after).backends;
  assert.deepEqual(added, ['z', '2', '1']);
  assert.deepEqual(removed, ['c', '10', '9']);
});

test('a health check is the same under another name, and a static backend is like no other', () => {
  const { healthchecks } = config(
    '{ healthchecks: { a: { type: icmp }, b: { type: icmp }, c: { type: icmp, rise: 1 } } }',
  );
  const [a, b, c] = healthchecks.values();
  assert.equal(sameCheck(a, b), true);
  assert.equal(sameCheck(a, c), false);
  assert.equal(sameCheck(a, undefined), false);
  assert.equal(sameCheck(undefined, undefined), true);
});

test('a backend resolves to its health check', () => {
  const text =
    '{ healthchecks: { ping: { type: icmp } }, ' +
    'backends: { a: { address: 192.0.2.1, healthcheck: ping }, b: { address: 192.0.2.2 } } }';
  const resolved = config(text);
  assert.equal(resolveCheck(resolved, 'a')?.name, 'ping');
  assert.equal(resolveCheck(resolved, 'b'), undefined);
  assert.equal(resolveCheck(resolved, 'c'), undefined);
});
