// Echoes over loopback with real sockets; namespaces, routers and liars are in
// test/integration/icmp-*.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawSocketSkip } from '../../test/support/addon.ts';
import { createEchoHarness } from '../../test/support/icmp-harness.ts';
import { blockLoop } from '../../test/support/probe-run.ts';

const skip = rawSocketSkip();
const replied = { ok: true, code: 'L4OK', detail: 'echo reply' };

for (const [address, source] of [
  ['127.0.0.1'],
  ['127.1.2.3'],
  ['127.0.0.1', '127.0.0.9'],
  ['::1'],
  ['::1', '::1'],
] as const) {
  test(`${address} answers${source === undefined ? '' : ` to ${source}`}`, { skip }, async (t) => {
    const echoes = createEchoHarness();
    t.after(echoes.close);
    assert.deepEqual(await echoes.run(address, source === undefined ? {} : { source }), replied);
  });
}

test('a hundred echoes at once, both families, each gets its own reply', { skip }, async (t) => {
  const echoes = createEchoHarness();
  t.after(echoes.close);
  const addresses = Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? `127.0.1.${index}` : '::1'));
  const results = await Promise.all(addresses.map((address) => echoes.run(address)));
  assert.deepEqual(new Set(results.map((result) => result.code)), new Set(['L4OK']));
  const identities = echoes.sent.map((request) => Buffer.from(request.subarray(4, 40)).toString('hex'));
  assert.equal(new Set(identities).size, 100);
});

test('payloads are of the named size and never the same', { skip }, async (t) => {
  const echoes = createEchoHarness();
  t.after(echoes.close);
  for (let count = 0; count < 20; count += 1) await echoes.run('127.0.0.1');
  const payloads = echoes.sent.map((request) => Buffer.from(request.subarray(8)).toString('hex'));
  assert.equal(new Set(payloads).size, 20);
  assert.ok(payloads.every((payload) => payload.length === 64));
});

test('a probe that expires before it has begun is ours, and its late reply reaches nobody', {
  skip,
}, async (t) => {
  const echoes = createEchoHarness();
  t.after(echoes.close);
  const expired = echoes.start('127.0.0.1');
  const answer = expired.probe.expire();
  assert.deepEqual(answer, { ok: false, code: 'L4TOUT', detail: 'not begun in time', ours: true });
  // Replies come in order: when this one has come, the other one's was there before.
  assert.equal((await echoes.run('127.0.0.1')).code, 'L4OK');
  assert.equal(expired.ended(), undefined);
});

test('a cancelled probe calls nobody; cancelling again, or after the end, does nothing', {
  skip,
}, async (t) => {
  const echoes = createEchoHarness();
  t.after(echoes.close);
  const cancelled = echoes.start('127.0.0.1');
  cancelled.probe.cancel();
  cancelled.probe.cancel();
  const other = echoes.start('127.0.0.1');
  await other.result;
  other.probe.cancel();
  assert.equal(cancelled.ended(), undefined);
});

test('what cannot be sent is told after start has returned, never after cancel', { skip }, async (t) => {
  const echoes = createEchoHarness();
  t.after(echoes.close);
  // An address of no host on loopback (TEST-NET-3 is not used by anybody).
  const source = '203.0.113.77';
  const refused = echoes.start('127.0.0.1', source);
  const cancelled = echoes.start('127.0.0.1', source);
  assert.equal(refused.ended(), undefined);
  cancelled.probe.cancel();
  const expected = { ok: false, code: 'L4CON', detail: `bind source ${source}: address not available` };
  assert.deepEqual(await refused.result, expected);
  const expiring = echoes.start('127.0.0.1', source);
  await Promise.resolve();
  blockLoop(100);
  assert.deepEqual(expiring.probe.expire(), expected);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(cancelled.ended(), undefined);
  assert.equal(expiring.ended(), undefined);
});

test('expiring what has ended is a bug of ours', { skip }, async (t) => {
  const echoes = createEchoHarness();
  t.after(echoes.close);
  const { probe, result } = echoes.start('127.0.0.1');
  await result;
  assert.throws(() => probe.expire(), /assertion failed/);
});
