// Echoes in the engine's thread: a loop of ours that is away neither delays nor falsifies a result.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Checker, type ProbeReport } from '../../src/checker/checker.ts';
import type { IcmpHealthCheck } from '../../src/config/config.ts';
import { realClock } from '../../src/lib/clock.ts';
import { createPrng } from '../../src/lib/prng.ts';
import { prepareIcmp } from '../../src/probes/icmp.ts';
import type { ProbeResult } from '../../src/probes/probe.ts';
import { createEchoHarness, echoCheck } from '../support/icmp-harness.ts';
import { createNetns, joinNetns, type Netns, netnsSkip } from '../support/netns.ts';
import { blockLoop, testNetwork } from '../support/probe-run.ts';

const skip = netnsSkip();
const timeoutMs = 150;
const blockMs = 300;
const replied: ProbeResult = { ok: true, code: 'L4OK', detail: 'echo reply' };

// The far end answers after a while, or not at all.
let near: Netns;
let far: Netns;
before(() => {
  if (skip) return;
  near = createNetns();
  far = createNetns();
  joinNetns(near, far, { addresses: [['10.90.0.1/24'], ['10.90.0.2/24']] });
});
after(() => {
  near?.remove();
  far?.remove();
});

function ignoreEchoes(isIgnored: boolean): void {
  far.exec('sh', '-c', `echo ${isIgnored ? 1 : 0} > /proc/sys/net/ipv4/icmp_echo_ignore_all`);
}

test('a loop that is blocked beyond the timeout: a pass, with its true duration', { skip }, async (t) => {
  const network = testNetwork(near.name);
  t.after(() => network.close());
  const check: IcmpHealthCheck = {
    ...echoCheck,
    timeoutMs,
    intervalMs: 50,
    fastIntervalMs: 50,
    fall: 1,
    rise: 1,
  };
  const reports: ProbeReport[] = [];
  let wake = (): void => undefined;
  const nextReport = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  const target = { address: '10.90.0.2', family: 4 } as const;
  const checker = new Checker({
    clock: realClock,
    prng: createPrng(1),
    prepare: (_, backend) => prepareIcmp(check, backend, network),
    onTransition: (_, { to }) => assert.notEqual(to, 'down'),
    onProbe(report) {
      reports.push(report);
      wake();
    },
  });
  t.after(() => checker.stop());
  checker.sync([{ name: 'a', ...target, check, admin: 'active' }], 5, () => true);
  await nextReport();
  for (let round = 0; round < 5; round++) {
    while (checker.inFlight() === 0) await sleep(1);
    const seen = reports.length;
    blockLoop(blockMs);
    while (reports.length === seen) await nextReport();
    const { outcome, durationMs, result } = reports[seen] as ProbeReport;
    assert.equal(outcome, 'pass', `${result.code} ${result.detail}`);
    assert.ok(durationMs < timeoutMs / 2, String(durationMs));
  }
});

test('at the deadline: a reply that lies there, untold, counts', { skip }, async (t) => {
  const echoes = createEchoHarness(near.name);
  t.after(echoes.close);
  await echoes.run('10.90.0.2');
  for (let round = 0; round < 20; round++) {
    const { probe, ended } = echoes.start('10.90.0.2');
    await Promise.resolve();
    blockLoop(20);
    assert.equal(ended(), undefined);
    assert.deepEqual(probe.expire(), replied);
  }
});

test('at the deadline: silence is silence, and one that came after the timeout is none', {
  skip,
}, async (t) => {
  const echoes = createEchoHarness(near.name, 50);
  t.after(echoes.close);
  assert.deepEqual(await echoes.run('10.90.0.2'), replied);
  const expected = { ok: false, code: 'L4TOUT', detail: 'no echo reply within 50 ms' };
  ignoreEchoes(true);
  t.after(() => ignoreEchoes(false));
  const silent = echoes.start('10.90.0.2');
  await silent.flying();
  blockLoop(70);
  assert.deepEqual(silent.probe.expire(), expected);

  // The request waits for the neighbour's link address, which is told late.
  ignoreEchoes(false);
  far.exec('ip', 'link', 'set', 'v0', 'arp', 'off');
  near.exec('ip', 'neighbour', 'flush', 'all');
  const late = echoes.start('10.90.0.2');
  await late.flying();
  blockLoop(100);
  far.exec('ip', 'link', 'set', 'v0', 'arp', 'on');
  const linkAddress = far.exec('cat', '/sys/class/net/v0/address').trim();
  near.exec('ip', 'neighbour', 'replace', '10.90.0.2', 'lladdr', linkAddress, 'dev', 'v0');
  blockLoop(50);
  assert.equal(late.ended(), undefined);
  assert.deepEqual(late.probe.expire(), expected);
});
