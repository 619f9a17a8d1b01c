// The metrics page of a real daemon with backends in every state, in the eyes of Prometheus' own checker.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { type CountingServer, startHttpServer, startSilentServer } from '../support/counting-server.ts';
import { eventually, requireProgram } from '../support/guarded-process.ts';
import { type Maglevd, startMaglevd } from '../support/maglevd.ts';

const patienceMs = 30_000;

/** Who is in which state in the end. */
const expected: Readonly<Record<string, string>> = {
  well: 'up',
  fixed: 'up',
  failing: 'down',
  hanging: 'down',
  undecided: 'unknown',
  resting: 'paused',
  'switched-off': 'disabled',
};

async function serve(t: TestContext, start: () => Promise<CountingServer>): Promise<number> {
  const server = await start();
  t.after(() => server.close());
  return server.port;
}

async function run(t: TestContext): Promise<Maglevd> {
  const ok = await serve(t, startHttpServer);
  const failing = await serve(t, () => startHttpServer(503));
  const silent = await serve(t, startSilentServer);
  const config = `maglev:
  vpp: { lb: { ipv4-src-address: 10.255.0.1 } }
  healthchecks:
    ok: { type: http, port: ${ok}, interval: 100ms, timeout: 1s }
    wrong: { type: http, port: ${failing}, interval: 100ms, timeout: 1s }
    silent: { type: http, port: ${silent}, interval: 100ms, timeout: 100ms }
    patient: { type: tcp, port: ${silent}, interval: 10m, timeout: 10m, params: { tls: true } }
    ping: { type: icmp, interval: 100ms, timeout: 1s }
  backends:
    well: { address: 127.0.0.1, healthcheck: ping }
    fixed: { address: 127.0.0.2 }
    failing: { address: 127.0.0.1, healthcheck: wrong }
    hanging: { address: 127.0.0.1, healthcheck: silent }
    undecided: { address: 127.0.0.1, healthcheck: patient }
    resting: { address: 127.0.0.1, healthcheck: ok }
    switched-off: { address: 127.0.0.1, healthcheck: ok }
    gone: { address: 127.0.0.1, healthcheck: ok }
  frontends:
    www:
      address: 10.255.0.80
      protocol: tcp
      port: 80
      pools: [{ name: primary, backends: { well: {}, fixed: { weight: 50 } } }]
    dark: { address: 10.255.0.81, pools: [{ name: only, backends: { failing: {} } }] }
`;
  const maglevd = await startMaglevd({ config });
  t.after(() => maglevd.kill());
  await maglevd.waitForLog(({ backend, to }) => backend === 'gone' && to === 'up', patienceMs);
  await maglevd.reload(config.replace(/^.*gone:.*\n/m, ''));
  assert.equal((await maglevd.post('/backends/resting/pause')).status, 200);
  assert.equal((await maglevd.post('/backends/switched-off/disable')).status, 200);
  assert.equal((await maglevd.post('/backends/nobody/pause')).status, 404);
  return maglevd;
}

test('a page with every state is clean in the eyes of promtool', async (t) => {
  const promtool = requireProgram('promtool', 'prometheus');
  const maglevd = await run(t);
  const page = await eventually('every backend is in its state', patienceMs, async () => {
    const now = await maglevd.metrics();
    const present = now.find('maglev_backend_state').filter(({ value }) => value === 1);
    const states = Object.fromEntries(present.map(({ labels }) => [labels['backend'], labels['state']]));
    const same = Object.entries(expected).every(([name, state]) => states[name] === state);
    return same && present.length === Object.keys(expected).length ? now : undefined;
  });
  const result = spawnSync(promtool, ['check', 'metrics'], { input: page.text, encoding: 'utf8' });
  assert.deepEqual(
    { status: result.status, stdout: result.stdout, stderr: result.stderr },
    { status: 0, stdout: '', stderr: '' },
  );
  const state = (frontend: string) =>
    page.find('maglev_frontend_state', { frontend }).find(({ value }) => value === 1)?.labels['state'];
  assert.deepEqual([state('www'), state('dark')], ['up', 'down']);
  assert.ok(page.sum('maglev_probe_total', { backend: 'well', code: 'L4OK', result: 'pass' }) > 0);
  assert.ok(page.sum('maglev_probe_total', { backend: 'failing', code: 'L7STS', result: 'fail' }) > 0);
  assert.ok(page.sum('maglev_probe_total', { backend: 'hanging', code: 'L7TOUT', result: 'fail' }) > 0);
  assert.equal(page.value('maglev_backend_enabled', { backend: 'switched-off' }), 0);
  assert.equal(page.value('maglev_backend_enabled', { backend: 'resting' }), 1);
  await maglevd.stop();
});
