import assert from 'node:assert/strict';
import { test } from 'node:test';
import { icmpPayloadBytes, icmpPayloadsPerFetch } from '../lib/limits.ts';
import { createIcmpPayloads } from './icmp-payloads.ts';

test('no payload comes twice, and none changes once it is given', () => {
  const nextPayload = createIcmpPayloads();
  const payloads = Array.from({ length: 3 * icmpPayloadsPerFetch + 1 }, nextPayload);
  const texts = payloads.map((payload) => Buffer.from(payload).toString('hex'));
  assert.ok(payloads.every((payload) => payload.length === icmpPayloadBytes));
  assert.equal(new Set(texts).size, payloads.length);
  for (let count = 0; count < icmpPayloadsPerFetch; count++) nextPayload();
  assert.deepEqual(
    payloads.map((payload) => Buffer.from(payload).toString('hex')),
    texts,
  );
});
