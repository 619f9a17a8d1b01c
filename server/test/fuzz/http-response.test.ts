// A short run of the fuzzer from a fixed seed, and proof that its oracles can find something.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpVerdict } from '../../src/probes/http-verdict.ts';
import type { ProbeResult } from '../../src/probes/probe.ts';
import { fuzz, fuzzOnce } from './http-response.ts';

test('two seconds without a finding', (t) => {
  const count = fuzz(1, 2);
  t.diagnostic(`${count} executions`);
  assert.ok(count > 100);
});

/** Wrong on purpose: deaf to pieces of one byte. */
class DeafVerdict extends HttpVerdict {
  override feed(bytes: Uint8Array, length: number): ProbeResult | undefined {
    return length === 1 ? undefined : super.feed(bytes, length);
  }
}

test('a verdict that depends on the pieces is found', () => {
  assert.throws(() => {
    for (let seed = 0; seed < 100; seed++) fuzzOnce(seed, (expectation) => new DeafVerdict(expectation));
  }, /depends on how the bytes were cut/);
});
