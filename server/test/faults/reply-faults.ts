// Replies that are no replies: from backends, and from VPP.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPrng } from '../../src/lib/prng.ts';
import { backendAddress, rigYaml, startBackends, startVpp, waitForSync } from '../soak/rig.ts';
import { makeDirectory, removeDirectory } from '../support/guarded-process.ts';
import { startMaglevd } from '../support/maglevd.ts';
import { mutate } from '../support/mutation.ts';
import { backendStates, downs, type Fault, waitForStates } from './fault.ts';

const port = 8080;

/** What each behaviour of a backend must be called. */
const expected: readonly (readonly [behaviour: string, code: RegExp])[] = [
  ['ill', /^L7STS$/],
  ['closing', /^L7RSP$/],
  ['reset', /^L7RSP$/],
  ['garbage', /^L7RSP$/],
  ['endless', /^L7RSP$/],
  ['negative', /^L7RSP$/],
  ['version', /^L7RSP$/],
  ['status', /^L7RSP$/],
  ['half', /^L7RSP$/],
  ['silent', /^L7TOUT$/],
];

const fromBackends: Fault = {
  name: 'malformed replies of backends',
  done:
    `${expected.length} backends: ${expected.map(([word]) => word).join(', ')}; ` +
    'as many neighbours stay well',
  promised: 'each goes down with the code of what it does; the neighbours are not touched',
  async run() {
    const backends = await startBackends(port);
    const backendCount = 2 * expected.length;
    const config = rigYaml({ port, backendCount, intervalMs: 1000, timeoutMs: 800 });
    const maglevd = await startMaglevd({ config });
    await waitForStates(maglevd, 'up');
    for (const [index, [word]] of expected.entries()) backends.set(backendAddress(index), word);
    const ill = expected.map((_, index) => `b${index}`);
    await waitForStates(maglevd, 'down', ill);
    const states = await backendStates(maglevd);
    const seen = expected.map(([word, code], index) => {
      const last = states.get(`b${index}`)?.lastProbe;
      assert.match(last?.code ?? '', code, `${word}: ${last?.code} ${last?.detail}`);
      return `${word}: ${last?.code} "${last?.detail}"`;
    });
    assert.equal(downs(maglevd.log).length, expected.length);
    for (const index of expected.keys()) backends.set(backendAddress(index), 'well');
    await waitForStates(maglevd, 'up');
    await maglevd.stop();
    await backends.kill();
    return seen.join('; ');
  },
};

/** Stands between maglevd and VPP, and damages one in so many pieces of what VPP says. */
async function startProxy(path: string, target: string) {
  const prng = createPrng(9);
  const sockets = new Set<Socket>();
  const state = { oneIn: 0, damaged: 0 };
  const server = createServer((near) => {
    const far = connect(target);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes: Buffer) => {
      const isHit = state.oneIn > 0 && prng.below(state.oneIn) === 0;
      if (isHit) state.damaged++;
      near.write(isHit ? mutate(prng, bytes, 1 + prng.below(3)) : bytes);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { state, stop };
}

const fromVpp: Fault = {
  name: 'malformed replies of VPP',
  done: 'something between maglevd and VPP damages every third reply for 30 s: bits, lengths, cuts, repeats',
  promised: 'no crash; what cannot be read ends the connection; VPP is right again when replies are',
  async run() {
    const directory = makeDirectory('faults-proxy');
    const vpp = await startVpp();
    const backends = await startBackends(port);
    const path = join(directory, 'api.sock');
    const proxy = await startProxy(path, vpp.apiPath);
    const flags = ['--vpp-api-addr', path, ...vpp.flags.slice(2)];
    const config = rigYaml({ port, backendCount: 20, intervalMs: 1000 });
    const maglevd = await startMaglevd({ config, flags });
    await waitForStates(maglevd, 'up');
    await waitForSync(maglevd);
    proxy.state.oneIn = 3;
    for (const endMs = performance.now() + 30_000; performance.now() < endMs; ) {
      await maglevd.post('/vpp/lb/sync');
      await sleep(100);
    }
    proxy.state.oneIn = 0;
    const syncMs = await waitForSync(maglevd, 90_000);
    assert.deepEqual(downs(maglevd.log), []);
    const lost = maglevd.log.filter(({ msg }) => /vpp.*(lost|disconnected|not-responding)/.test(msg)).length;
    await maglevd.stop();
    proxy.stop();
    await backends.kill();
    await vpp.stop();
    removeDirectory(directory);
    const { damaged } = proxy.state;
    return (
      `${damaged} damaged replies, ${lost} connections given up; ` +
      `in sync ${(syncMs / 1000).toFixed(1)} s after the last`
    );
  },
};

export const replyFaults: readonly Fault[] = [fromBackends, fromVpp];
