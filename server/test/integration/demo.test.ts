// The demo's parts together, without the daemon: what it brings along serves, turns ill and leaves nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { test } from 'node:test';
import {
  lbAddDelAsV2,
  lbAddDelAsV2Reply,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
} from '../../src/dataplane/vpp/messages.ts';
import { demoBackends, startDemo } from '../../src/demo.ts';
import { realClock } from '../../src/lib/clock.ts';
import { loadNative } from '../../src/native.ts';
import { asValues, connectRaw, vipValues } from '../support/simulator.ts';

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const healthOf = async (configText: string, address: string) => {
  const port = /port: (\d+)/.exec(configText)?.[1];
  const answers = ['/healthz', '/.well-known/ipng/healthz'].map(async (path) => {
    const response = await fetch(`http://${address}:${port}${path}`);
    // A body that nobody reads keeps its connection.
    await response.text();
    return response.status;
  });
  return Promise.all(answers);
};

test('a VIP that VPP is given forwards to the backends, which say who they are', async (t) => {
  const demo = await startDemo({ clock: realClock, native: loadNative() });
  t.after(() => demo.stop());
  const client = await connectRaw(t, demo.vppApiPath);
  const address = demoBackends['spare-a'];
  const port = await freePort('127.0.0.80');
  await client.call(lbAddDelVipV2, lbAddDelVipV2Reply, vipValues('127.0.0.80/32', port));
  await client.call(lbAddDelAsV2, lbAddDelAsV2Reply, asValues('127.0.0.80/32', port, address));
  const url = `http://127.0.0.80:${port}/`;
  // The listener follows the model, a moment later.
  const signal = AbortSignal.timeout(5000);
  let response: Response | undefined;
  while (!response) {
    response = await fetch(url, { signal }).catch((error: Error & { cause?: { code?: string } }) => {
      assert.equal(error.cause?.code, 'ECONNREFUSED');
      return undefined;
    });
  }
  assert.equal(response.headers.get('x-ipng-frontend'), 'spare-a');
  assert.match(await response.text(), /spare-a/);
});

test('toggled, a backend is ill and serves all the same', async (t) => {
  const demo = await startDemo({ clock: realClock });
  t.after(() => demo.stop());
  const address = demoBackends['steady-a'];
  assert.deepEqual(await healthOf(demo.configText, address), [200, 200]);
  assert.equal(demo.toggle('steady-a'), false);
  assert.deepEqual(await healthOf(demo.configText, address), [503, 503]);
  assert.deepEqual(await healthOf(demo.configText, demoBackends['steady-b']), [200, 200]);
  assert.equal(demo.toggle('steady-a'), true);
  assert.deepEqual(await healthOf(demo.configText, address), [200, 200]);
});

test('stop leaves nothing', async () => {
  const demo = await startDemo({ clock: realClock, native: loadNative() });
  assert.ok(existsSync(demo.vppApiPath) && existsSync(demo.vppStatsPath));
  await demo.stop();
  assert.ok(!existsSync(dirname(demo.vppApiPath)));
});
