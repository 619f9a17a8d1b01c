// The small rules: lists of maglevds, flags, reasons, changes, shares of a frontend and their sentences.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readChangeRequest } from './change-request.ts';
import { parseFlags } from './flags.ts';
import { previewBackend } from './preview.ts';
import { withReason } from './reason.ts';
import { parseServers } from './servers.ts';
import { compareSpreads, spreadAfter, spreadNow } from './shares.ts';
import { backendJson, frontendJson } from './test/values.ts';

type Given = Parameters<typeof previewBackend>;
const preview = (...[change, backends, frontends]: [Given[0], Given[1], Given[2]]) =>
  previewBackend(change, backends, frontends, async () => undefined);

test('maglevds are named by host and port, with TLS where it is asked for', () => {
  assert.deepEqual(parseServers(' lb1, https://lb2:443 ,[2001:db8::1]:9091,'), [
    { name: 'lb1:9090', baseUrl: 'http://lb1:9090' },
    { name: 'lb2:443', baseUrl: 'https://lb2:443' },
    { name: '[2001:db8::1]:9091', baseUrl: 'http://[2001:db8::1]:9091' },
  ]);
  for (const wrong of ['a b', 'a:99999', 'a:0', 'ftp://a', 'a:9090,a', 'a/b', '::1']) {
    assert.ok('refusal' in parseServers(wrong), wrong);
  }
});

test('a flag beats the environment, and --server adds up', () => {
  const env = { MAGLEV_SERVERS: 'x', MAGLEV_LISTEN: ':1', MAGLEV_USER: 'bob', MAGLEV_PASSWORD: 'pw' };
  const parsed = parseFlags(['--server', 'a', '-server=b,c', '--listen=[::1]:8081'], env);
  assert.ok('t' in parsed && parsed.t === 'run');
  assert.deepEqual(
    parsed.servers.map(({ name }) => name),
    ['a:9090', 'b:9090', 'c:9090'],
  );
  assert.deepEqual([parsed.listen, parsed.logLevel], [{ host: '::1', port: 8081 }, 'info']);
  assert.deepEqual([parsed.login, parsed.admin], [{ user: 'bob', password: 'pw' }, undefined]);
});

test('the operator stands in the reason, and what they gave is kept', () => {
  const caller = { user: 'alice', address: '192.0.2.7', requestId: 'r' };
  const who = 'dashboard user alice (192.0.2.7)';
  const reasonOf = (reason?: unknown) =>
    withReason('PauseBackend', reason === undefined ? {} : { reason }, caller)['reason'];
  assert.equal(reasonOf(), who);
  assert.equal(reasonOf(''), who);
  assert.equal(reasonOf('kernel'), `kernel, ${who}`);
  assert.equal(String(reasonOf('x'.repeat(256))).length, 256);
  assert.ok(String(reasonOf('x'.repeat(256))).endsWith(who));
  // For the daemon to refuse.
  assert.equal(reasonOf('x'.repeat(257)), 'x'.repeat(257));
  assert.equal(reasonOf(7), 7);
  assert.deepEqual(withReason('ReloadConfig', {}, caller), {});
});

test('a change names every fault', () => {
  assert.throws(() => readChangeRequest(null), /must be object/);
  assert.throws(
    () => readChangeRequest({ operation: 'GetVersion', request: 1, more: 1 }),
    /more: is no field.*maglevd: must be string.*operation: must be one of Pause.*request: must be object/,
  );
  const change = { maglevd: 'a', operation: 'ReloadConfig', request: {} };
  assert.deepEqual(readChangeRequest(change), change);
});

const three = () =>
  frontendJson('www', { primary: ['b1', 'b22', 'b333'].map((name) => ({ name, weight: 100 })) });
const backends = ['b1', 'b22', 'b333'].map((name) => backendJson(name));

test('what is now and what would be differ by the change alone', () => {
  const frontend = three();
  const same = spreadAfter(frontend, { backend: 'b1', state: 'up' });
  assert.deepEqual(same, spreadNow(frontend));
  const addressOf = (name: string) => backends.find((each) => each.name === name)?.address;
  assert.equal(compareSpreads(spreadNow(frontend), same, 1024, addressOf).moved, 0);
  const down = spreadAfter(frontend, { backend: 'b1', state: 'paused' });
  assert.deepEqual(
    [...down.weights],
    [
      ['b1', 0],
      ['b22', 10],
      ['b333', 10],
    ],
  );
});

test("weights are programmed by the file's largest, also where a runtime weight hides it", async () => {
  const pools = (more: object) => ({
    primary: [
      { name: 'b1', weight: 20, effectiveWeight: 20, programmedWeight: 2, ...more },
      { name: 'b22', weight: 50, effectiveWeight: 50, programmedWeight: 5 },
    ],
  });
  for (const more of [{}, { fileWeight: 100 }]) {
    const { weights } = spreadAfter(frontendJson('www', pools(more)), { backend: 'none' });
    assert.deepEqual([...weights.values()], [2, 5], JSON.stringify(more));
  }
  const reset = { frontend: 'www', pool: 'primary', backend: 'b1', reset: true };
  const change = { operation: 'SetFrontendPoolBackendWeight', request: reset } as const;
  const known = await preview(change, backends, [frontendJson('www', pools({ fileWeight: 100 }))]);
  assert.match(known.summary, /^Set the weight of b1 in pool primary to 100, the file's: /);
  const unknown = await preview(change, backends, [frontendJson('www', pools({}))]);
  assert.match(unknown.summary, /^b1 has no runtime weight in pool primary: it stays at 20\.$/);
});

test('a preview says in one sentence what moves, who takes over, and what goes dark', async () => {
  const disable = { operation: 'DisableBackend', request: { backend: 'b1' } } as const;
  const spread = await preview(disable, backends, [three()]);
  assert.match(
    spread.summary,
    /^Disable b1: 1 frontend, 3\d\.\d % of new flows of www move to 2 others, its open flows are cut now\.$/,
  );
  const [effect] = spread.frontends;
  assert.ok(effect && effect.movedShare >= effect.shareBefore && effect.shareAfter === 0);
  assert.deepEqual(Object.keys(effect).sort(), [
    ...['cutsFlows', 'frontend', 'movedShare', 'servingAfter', 'shareAfter', 'shareBefore'],
  ]);
  const pools = { primary: [{ name: 'b1', weight: 100 }], standby: [{ name: 'b22', weight: 100 }] };
  const failover = await preview(disable, backends, [frontendJson('www', pools)]);
  assert.match(
    failover.summary,
    /100\.0 % of new flows of www move to 1 other, pool standby takes over www,/,
  );
  const alone = await preview(disable, backends, [
    frontendJson('www', { primary: [{ name: 'b1', weight: 100 }] }),
  ]);
  assert.match(alone.summary, /^Disable b1: 1 frontend, nothing serves www then, /);
  const none = await preview(disable, [backendJson('b1', { state: 'disabled' })], [three()]);
  assert.deepEqual(none, { summary: 'b1 is disabled already: nothing changes.', frontends: [] });
  await assert.rejects(preview({ ...disable, request: {} }, backends, []), /no such backend/);
});
