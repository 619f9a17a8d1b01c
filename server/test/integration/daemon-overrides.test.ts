// What operators decide at a running maglevd, from outside: it survives kill -9, and a disk that is full
// refuses it as a whole.
import assert from 'node:assert/strict';
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BackendJson, OverrideJson } from '../../src/api/schemas.ts';
import { type CountingServer, startHttpServer } from '../support/counting-server.ts';
import { eventually, makeDirectory, removeDirectory } from '../support/guarded-process.ts';
import { type Maglevd, startMaglevd } from '../support/maglevd.ts';
import { mountTmpfs, tmpfsSkip } from '../support/tmpfs.ts';

const patienceMs = 30_000;
const intervalMs = 100;

async function serve(t: TestContext): Promise<CountingServer> {
  const server = await startHttpServer();
  t.after(() => server.close());
  return server;
}

/** Backends `kept`, `paused` and `disabled`, each with a server of its own. */
function configText(kept: CountingServer, paused: CountingServer, disabled: CountingServer): string {
  const rhythm = `interval: ${intervalMs}ms, timeout: 1s`;
  return `maglev:
  healthchecks:
    check-kept: { type: http, port: ${kept.port}, ${rhythm} }
    check-paused: { type: http, port: ${paused.port}, ${rhythm} }
    check-disabled: { type: http, port: ${disabled.port}, ${rhythm} }
  backends:
    kept: { address: 127.0.0.1, healthcheck: check-kept }
    paused: { address: 127.0.0.1, healthcheck: check-paused }
    disabled: { address: 127.0.0.1, healthcheck: check-disabled }
`;
}

const get = (maglevd: Maglevd, name: string) => maglevd.api<BackendJson>(`/backends/${name}`);
const overridesOf = async (maglevd: Maglevd) =>
  (await maglevd.api<{ overrides: OverrideJson[] }>('/overrides')).overrides;

/** Up, and as high as the counter goes: nothing moves any more. */
async function waitUntilUp(maglevd: Maglevd, ...names: string[]): Promise<void> {
  for (const name of names) {
    await eventually(`${name} is up`, patienceMs, async () => {
      const { value, rise, fall } = (await get(maglevd, name)).counter;
      return value === rise + fall - 1 ? true : undefined;
    });
  }
}

test('kill -9 and a new start: what was paused or disabled stays so and gets no probe', async (t) => {
  const [kept, paused, disabled] = [await serve(t), await serve(t), await serve(t)];
  const stateDir = makeDirectory('state');
  t.after(() => removeDirectory(stateDir));
  const config = configText(kept, paused, disabled);
  const first = await startMaglevd({ config, stateDir });
  t.after(() => first.kill());
  await waitUntilUp(first, 'kept', 'paused', 'disabled');
  const answer = await first.post('/backends/paused/pause', { body: { reason: 'new kernel' } });
  assert.deepEqual([answer.status, JSON.parse(answer.body).state], [200, 'paused']);
  assert.equal((await first.post('/backends/disabled/disable')).status, 200);
  const before = await overridesOf(first);
  await first.kill();
  const asked = [paused.count(), disabled.count()];

  const second = await startMaglevd({ config, stateDir });
  t.after(() => second.kill());
  await waitUntilUp(second, 'kept');
  for (let probes = 0; probes < 10; probes += 1) await kept.nextConnection();
  assert.deepEqual([paused.count(), disabled.count()], asked, 'no probe is sent');
  assert.deepEqual(await overridesOf(second), before);
  assert.deepEqual(
    before.map(({ backend, admin, by, reason }) => [backend, admin, by, reason]),
    [
      ['disabled', 'disabled', '127.0.0.1', undefined],
      ['paused', 'paused', '127.0.0.1', 'new kernel'],
    ],
  );
  const { state, transitions } = await get(second, 'paused');
  assert.equal(state, 'paused');
  assert.equal(transitions.at(-1)?.code, 'paused');

  assert.equal((await second.post('/backends/paused/resume')).status, 200);
  assert.equal((await second.post('/backends/disabled/enable')).status, 200);
  await waitUntilUp(second, 'paused', 'disabled');
  assert.deepEqual(await overridesOf(second), []);
  await second.stop();
});

test('a full state directory: 503, nothing changes, and room is all it takes', {
  skip: tmpfsSkip(),
}, async (t) => {
  const [kept, paused, disabled] = [await serve(t), await serve(t), await serve(t)];
  const tmpfs = mountTmpfs({ bytes: 16 * 4096 });
  t.after(() => tmpfs.unmount());
  const maglevd = await startMaglevd({
    config: configText(kept, paused, disabled),
    stateDir: tmpfs.path,
  });
  t.after(() => maglevd.kill());
  await waitUntilUp(maglevd, 'kept', 'paused', 'disabled');
  assert.equal((await maglevd.post('/backends/disabled/disable')).status, 200);
  const overrides = await overridesOf(maglevd);
  const filler = join(tmpfs.path, 'filler');
  const { bfree, bsize } = statfsSync(tmpfs.path);
  writeFileSync(filler, Buffer.alloc(bfree * bsize));

  const { lastProbe, ...before } = await get(maglevd, 'paused');
  const { status, headers, body } = await maglevd.post('/backends/paused/pause');
  assert.deepEqual([status, headers['content-type']], [503, 'application/problem+json']);
  const { code, detail } = JSON.parse(body);
  assert.equal(code, 'unavailable');
  assert.match(detail, /no space left on device/);
  const line = await maglevd.waitForLog(({ msg }) => msg === 'overrides-not-saved', patienceMs);
  assert.deepEqual([line['backend'], line['action'], line['code']], ['paused', 'pause', 'ENOSPC']);
  for (let probes = 0; probes < 3; probes += 1) await paused.nextConnection();
  const after = await get(maglevd, 'paused');
  assert.deepEqual({ ...after, lastProbe: undefined }, { ...before, lastProbe: undefined });
  assert.notEqual(after.lastProbe?.at, lastProbe?.at, 'it is still probed');
  assert.deepEqual(await overridesOf(maglevd), overrides);
  assert.deepEqual(readdirSync(tmpfs.path).sort(), ['filler', 'overrides.json']);
  // What holds already needs no disk.
  assert.equal((await maglevd.post('/backends/disabled/disable')).status, 200);

  rmSync(filler);
  assert.equal((await maglevd.post('/backends/paused/pause')).status, 200);
  assert.equal((await get(maglevd, 'paused')).state, 'paused');
  await maglevd.stop();
});
