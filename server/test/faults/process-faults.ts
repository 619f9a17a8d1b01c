// Processes that die, stand still, or run out of descriptors.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VppInfoJson } from '../../src/api/vpp-schemas.ts';
import { createPrng } from '../../src/lib/prng.ts';
import { backendAddress, rigYaml, startBackends, startVpp, waitForSync } from '../soak/rig.ts';
import { eventually, makeDirectory, removeDirectory } from '../support/guarded-process.ts';
import { startMaglevd } from '../support/maglevd.ts';
import { backendStates, downs, type Fault, seconds, waitForStates } from './fault.ts';

const port = 8080;
const kills = 5;

const maglevdKilled: Fault = {
  name: 'kill -9 of maglevd',
  done: `maglevd is killed ${kills} times at random moments (also while it starts) and started again`,
  promised:
    'overrides survive; VPP keeps what it holds; the next start lowers no weight of a backend that is well',
  async run() {
    const prng = createPrng(7);
    const stateDir = makeDirectory('faults-state');
    const vpp = await startVpp();
    const backends = await startBackends(port);
    const options = { config: rigYaml({ port, backendCount: 20 }), flags: vpp.flags, stateDir };
    const first = await startMaglevd(options);
    await waitForStates(first, 'up');
    assert.equal((await first.post('/backends/b1/pause')).status, 200);
    await waitForSync(first);
    await first.kill();
    for (let count = 0; count < kills; count++) {
      const killed = await startMaglevd({ ...options, waits: false });
      await sleep(prng.below(4000));
      await killed.kill();
    }
    const last = await startMaglevd(options);
    await eventually('all but b1 are up', 60_000, async () => {
      const states = await backendStates(last);
      return [...states.values()].every(({ name, state }) => state === (name === 'b1' ? 'paused' : 'up'))
        ? true
        : undefined;
    });
    const syncMs = await waitForSync(last);
    const changes = last.log.filter(({ msg }) => /^vpp-lb-(as|vip)-/.test(msg));
    assert.deepEqual(changes, [], 'nothing had to be changed in VPP');
    await last.stop();
    await backends.kill();
    await vpp.stop();
    removeDirectory(stateDir);
    return (
      `the pause stood after ${kills} kills; the last start ` +
      `changed nothing in VPP (in sync, ${seconds(syncMs)})`
    );
  },
};

const vppKilled: Fault = {
  name: 'kill -9 of VPP',
  done: `the simulator is killed ${kills} times at random moments while backends flap, and comes back empty`,
  promised: 'probes go on; everything is programmed again once VPP answers, with no false transition',
  async run() {
    const prng = createPrng(8);
    const vpp = await startVpp();
    const backends = await startBackends(port);
    const config = rigYaml({ port, backendCount: 20, intervalMs: 1000 });
    const maglevd = await startMaglevd({ config, flags: vpp.flags });
    await waitForStates(maglevd, 'up');
    let longestMs = 0;
    for (let count = 0; count < kills; count++) {
      backends.set(backendAddress(0), count % 2 === 0 ? 'ill' : 'well');
      await sleep(prng.below(3000));
      await vpp.kill();
      await sleep(prng.below(2000));
      await vpp.start();
      const startMs = performance.now();
      await waitForSync(maglevd);
      longestMs = Math.max(longestMs, performance.now() - startMs);
    }
    const wrong = downs(maglevd.log).filter(({ backend }) => backend !== 'b0');
    assert.deepEqual(wrong, [], 'only b0 was ill');
    await maglevd.stop();
    await backends.kill();
    await vpp.stop();
    return (
      `in sync at most ${seconds(longestMs)} after VPP was back; ` +
      'no transition but those of the backend that flapped'
    );
  },
};

const stopMs = 30_000;

const vppStopped: Fault = {
  name: 'VPP stands still',
  done: `SIGSTOP of the simulator for ${stopMs / 1000} s while a backend fails, then SIGCONT`,
  promised: 'probes and API go on; the connection is told not to respond; VPP is repaired when it wakes up',
  async run() {
    const vpp = await startVpp();
    const backends = await startBackends(port);
    const config = rigYaml({ port, backendCount: 20 });
    const maglevd = await startMaglevd({ config, flags: vpp.flags });
    await waitForStates(maglevd, 'up');
    await waitForSync(maglevd);
    vpp.signal('SIGSTOP');
    backends.set(backendAddress(0), 'ill');
    let slowestMs = 0;
    const connections = new Set<string>();
    for (const endMs = performance.now() + stopMs; performance.now() < endMs; ) {
      const startMs = performance.now();
      connections.add((await maglevd.api<VppInfoJson>('/vpp/info')).connection);
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      await sleep(100);
    }
    assert.equal((await backendStates(maglevd)).get('b0')?.state, 'down', 'probes went on');
    assert.ok(connections.size > 1, `VPP was told to be ${[...connections]}`);
    vpp.signal('SIGCONT');
    const startMs = performance.now();
    await waitForSync(maglevd, 60_000);
    const syncMs = performance.now() - startMs;
    assert.deepEqual(
      downs(maglevd.log).map(({ backend }) => backend),
      ['b0'],
    );
    await maglevd.stop();
    await backends.kill();
    await vpp.stop();
    const words = [...connections].join(', ');
    return (
      `connection: ${words}; slowest answer of the API ` +
      `${Math.round(slowestMs)} ms; in sync ${seconds(syncMs)} after SIGCONT`
    );
  },
};

const descriptorsMax = 64;

const noDescriptors: Fault = {
  name: 'out of descriptors',
  done: `maglevd may open ${descriptorsMax} files; idle connections to its API take what is left for 15 s`,
  promised:
    'a probe that we could not start says nothing of its backend; all is well when there is room again',
  async run() {
    const backends = await startBackends(port);
    const config = rigYaml({ port, backendCount: 20, intervalMs: 1000 });
    const wrapper = ['prlimit', `--nofile=${descriptorsMax}:${descriptorsMax}`];
    const maglevd = await startMaglevd({ config, wrapper });
    await waitForStates(maglevd, 'up');
    const apiPort = Number(new URL(maglevd.apiUrl).port);
    const sockets: Socket[] = Array.from({ length: descriptorsMax }, () => {
      const socket = connect({ host: '127.0.0.1', port: apiPort });
      return socket.on('error', () => socket.destroy());
    });
    await sleep(15_000);
    for (const socket of sockets) socket.destroy();
    await sleep(3_000);
    const page = await maglevd.metrics();
    const local = page.sum('maglev_probe_total', { result: 'local' });
    assert.deepEqual(downs(maglevd.log), [], 'nobody is called down');
    assert.ok(local > 0, 'descriptors did run out');
    await waitForStates(maglevd, 'up');
    await maglevd.stop();
    await backends.kill();
    return (
      `${local} probes could not be started and count as ` +
      `\`local\`; no transition; all probed again afterwards`
    );
  },
};

export const processFaults: readonly Fault[] = [maglevdKilled, vppKilled, vppStopped, noDescriptors];
