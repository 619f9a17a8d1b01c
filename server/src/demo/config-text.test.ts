import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { demoBackends } from '../demo.ts';
import { demoConfigText } from './config-text.ts';

test('the demo configuration is right, down to its advice', () => {
  const { text, urls } = demoConfigText(demoBackends, 4711);
  const result = parseConfig(text);
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(result.warnings, []);
  assert.equal(result.config.frontends.size, urls.length);
  const vips = [...result.config.frontends.values()].map((f) => `http://${f.address}:${f.port}/`);
  assert.deepEqual(vips.sort(), [...urls].sort());
});
