// Networks that go away under us: a namespace that is deleted, an interface that goes down; and clocks.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { simulate } from '../sim/simulate.ts';
import { rigYaml, startBackends } from '../soak/rig.ts';
import { eventually } from '../support/guarded-process.ts';
import { startMaglevd } from '../support/maglevd.ts';
import { createNetns, joinNetns } from '../support/netns.ts';
import { backendStates, downs, type Fault, seconds, waitForStates } from './fault.ts';

const port = 8080;

const interfaceDown: Fault = {
  name: 'interface down',
  done: 'the interface of the probing namespace is set down, and up again',
  promised: 'every backend behind it goes down with a code of layer 4, and comes up again by itself',
  async run() {
    const [near, far] = [createNetns(), createNetns()];
    try {
      const addressOf = (index: number) => `10.99.0.${index + 2}`;
      const there = Array.from({ length: 10 }, (_, index) => `${addressOf(index)}/24`);
      joinNetns(near, far, { addresses: [['10.99.0.1/24'], there] });
      const backends = await startBackends(port, far.name);
      const times = { intervalMs: 1000, timeoutMs: 500 };
      const config = rigYaml({ port, backendCount: 10, netns: near.name, addressOf, ...times });
      const maglevd = await startMaglevd({ config });
      await waitForStates(maglevd, 'up');
      near.exec('ip', 'link', 'set', 'v0', 'down');
      const downMs = await waitForStates(maglevd, 'down');
      const codes = [...new Set(downs(maglevd.log).map(({ code }) => String(code)))].sort();
      assert.ok(
        codes.every((code) => /^L4(CON|TOUT)$/.test(code)),
        codes.join(' '),
      );
      near.exec('ip', 'link', 'set', 'v0', 'up');
      const upMs = await waitForStates(maglevd, 'up');
      await maglevd.stop();
      await backends.kill();
      return (
        `10 of 10 down after ${seconds(downMs)} with ${codes.join(', ')}; ` +
        `all up ${seconds(upMs)} after the interface`
      );
    } finally {
      near.remove();
      far.remove();
    }
  },
};

const netnsDeleted: Fault = {
  name: 'namespace deleted under us',
  done: 'the namespace that probes run in is deleted, made again under its name, and the file reloaded',
  promised: 'no crash and no lie: L4CON where it cannot be entered; a namespace made again is used',
  async run() {
    let netns = createNetns();
    const { name } = netns;
    let backends = await startBackends(port, name);
    const config = rigYaml({ port, backendCount: 10, netns: name, intervalMs: 1000, timeoutMs: 500 });
    const maglevd = await startMaglevd({ config });
    try {
      await waitForStates(maglevd, 'up');
      netns.remove();
      await sleep(5000);
      const states = [...(await backendStates(maglevd)).values()];
      const codes = [...new Set(downs(maglevd.log).map(({ code, detail }) => `${code} ${detail}`))];
      assert.ok(
        codes.every((code) => code.startsWith('L4CON')),
        codes.join('; '),
      );
      const still = states.filter(({ state }) => state === 'up').length;
      await backends.kill();
      const goneMs = await waitForStates(maglevd, 'down');
      netns = createNetns(name);
      backends = await startBackends(port, name);
      const byItself = await waitForStates(maglevd, 'up').catch(() => undefined);
      const how = byItself === undefined ? 'not by itself' : `by itself after ${seconds(byItself)}`;
      assert.ok(byItself !== undefined, 'the new namespace is used');
      const seen = codes.length === 0 ? `${still} of 10 were still reached in it` : codes.join('; ');
      await maglevd.stop();
      return (
        `5 s after its deletion ${seen}; its servers gone: all ` +
        `down after ${seconds(goneMs)}; made again: all up ${how}`
      );
    } finally {
      await maglevd.kill();
      await backends.kill();
      netns.remove();
    }
  },
};

const wallJumps: Fault = {
  name: 'wall clock steps',
  done: 'the simulation: the wall clock jumps by up to an hour forwards and backwards at random moments',
  promised: 'intervals, time-outs and warm-up follow the monotonic clock: no transition, no lost event',
  async run() {
    let jumps = 0;
    let minutes = 0;
    for (let seed = 1; jumps < 100; seed++) {
      const { drawn, simulatedMinutes } = await simulate(seed, 20);
      jumps += drawn.get('wall-jump') ?? 0;
      minutes += simulatedMinutes;
    }
    return `${jumps} steps in ${Math.round(minutes)} simulated minutes, all invariants kept`;
  },
};

const offsetSeconds = 8_000_000;

const monotonicOffset: Fault = {
  name: 'monotonic clock far ahead',
  done: `maglevd runs in a time namespace whose monotonic clock is ${offsetSeconds} s ahead`,
  promised: 'nothing depends on when the machine was started',
  async run() {
    const backends = await startBackends(port);
    const offsets = ['--monotonic', String(offsetSeconds), '--boottime', String(offsetSeconds)];
    const wrapper = ['unshare', '--time', ...offsets, '--fork', '--kill-child'];
    const config = rigYaml({ port, backendCount: 10, intervalMs: 1000 });
    const maglevd = await startMaglevd({ config, wrapper });
    try {
      await waitForStates(maglevd, 'up');
      backends.set('127.2.0.1', 'ill');
      const downMs = await waitForStates(maglevd, 'down', ['b0']);
      backends.set('127.2.0.1', 'well');
      await eventually('b0 is up', 30_000, async () =>
        (await backendStates(maglevd)).get('b0')?.state === 'up' ? true : undefined,
      );
      return `up, down after ${seconds(downMs)} and up again as ever`;
    } finally {
      await maglevd.kill();
      await backends.kill();
    }
  },
};

export const networkFaults: readonly Fault[] = [interfaceDown, netnsDeleted, wallJumps, monotonicOffset];
