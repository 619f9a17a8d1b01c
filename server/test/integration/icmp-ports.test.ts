// The shared sockets of echo probes over time: namespaces that come and go, many echoes, neighbours that keep
// our packets waiting, floods.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineRun } from '../../src/probes/engine.ts';
import { buildEchoRequest } from '../../src/probes/icmp-message.ts';
import { isSanitized, openDescriptors, threadNamespaces } from '../support/addon.ts';
import { createEchoHarness } from '../support/icmp-harness.ts';
import { createNetns, joinNetns, netnsSkip, withNetns } from '../support/netns.ts';
import { blockLoop } from '../support/probe-run.ts';
import { openRawEchoes } from '../support/raw-echoes.ts';

const skip = netnsSkip();
const limited = { skip, timeout: 60_000 };
/** Beyond what the kernel and the engine keep. */
const floodCount = 20_000;

test('a namespace that is deleted and made anew is noticed by the next probe', { skip }, async (t) => {
  const first = createNetns();
  const echoes = createEchoHarness(first.name);
  t.after(echoes.close);
  first.exec('ip', 'address', 'add', '10.87.0.1/32', 'dev', 'lo');
  assert.equal((await echoes.run('10.87.0.1')).code, 'L4OK');
  const descriptors = openDescriptors().length;
  first.exec('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all');
  const waiting = echoes.start('10.87.0.1');
  await waiting.flying();

  // Made anew between two probes.
  first.remove();
  const second = createNetns(first.name);
  t.after(second.remove);
  second.exec('ip', 'address', 'add', '10.87.0.2/32', 'dev', 'lo');
  assert.equal((await echoes.run('10.87.0.2')).code, 'L4OK');
  assert.deepEqual(await echoes.run('10.87.0.1'), {
    ok: false,
    code: 'L4CON',
    detail: 'network unreachable',
  });
  assert.equal(waiting.probe.expire().code, 'L4TOUT');
  assert.equal(openDescriptors().length, descriptors);

  // Away for a while.
  second.remove();
  const detail = `enter netns "${first.name}": no such file or directory`;
  assert.deepEqual(await echoes.run('10.87.0.2'), { ok: false, code: 'L4CON', detail });
  const third = createNetns(first.name);
  t.after(third.remove);
  assert.equal((await echoes.run('127.0.0.1')).code, 'L4OK');
  assert.equal((await echoes.run('::1')).code, 'L4OK');
});

test('a namespace of another time is not held: the old one ends with our sockets', limited, async (t) => {
  // A device disappears with its namespace, and its peer with it: that peer is what we watch.
  const watcher = createNetns();
  const watched = createNetns();
  t.after(watcher.remove);
  t.after(watched.remove);
  joinNetns(watcher, watched, { addresses: [[], []], name: 'w0' });
  const echoes = createEchoHarness(watched.name);
  t.after(echoes.close);
  assert.equal((await echoes.run('127.0.0.1')).code, 'L4OK');
  const hasPeer = () => watcher.exec('ip', '-o', 'link').includes('w0');
  watched.remove();
  assert.ok(hasPeer(), 'our socket keeps the namespace alive');
  assert.equal((await echoes.run('127.0.0.1')).code, 'L4CON');
  // The kernel takes it down in its own time.
  while (hasPeer()) await new Promise((resolve) => setTimeout(resolve, 10));
});

test('10,000 echoes over shared sockets: each answered, no descriptor more', { skip }, async (t) => {
  await withNetns(async (netns) => {
    const echoes = createEchoHarness(netns.name);
    t.after(echoes.close);
    const addresses = ['127.0.0.1', '::1', '127.0.0.2', '127.0.0.3'];
    await Promise.all(addresses.map((address) => echoes.run(address)));
    const before = openDescriptors();
    const total = isSanitized ? 2000 : 10_000;
    for (let count = 0; count < total; count += 100) {
      const batch = Array.from({ length: 100 }, (_, index) => echoes.run(addresses[index % 4] as string));
      const results = await Promise.all(batch);
      assert.ok(results.every((result) => result.ok));
    }
    assert.deepEqual(openDescriptors(), before);
    // The engine's thread is in the one, all others are in ours.
    assert.equal(threadNamespaces().size, 2);
  });
});

test('echoes in flight have each a sequence number of their own, and so has the next in a slot', {
  skip,
}, async (t) => {
  const echoes = createEchoHarness();
  t.after(echoes.close);
  const sequences = () => echoes.sent.splice(0).map((request) => Buffer.from(request).readUInt16BE(6));
  await Promise.all(Array.from({ length: 1000 }, () => echoes.run('127.0.0.1')));
  assert.equal(new Set(sequences()).size, 1000);
  // One after the other, in the same slot.
  for (let count = 0; count < 40; count += 1) assert.equal((await echoes.run('127.0.0.1')).code, 'L4OK');
  const inARow = sequences();
  assert.ok(inARow.every((sequence, index) => sequence !== inARow[index + 1]));
});

test('neighbours that keep our packets waiting do not silence the others', { skip }, async (t) => {
  const near = createNetns();
  const far = createNetns();
  t.after(near.remove);
  t.after(far.remove);
  joinNetns(near, far, { addresses: [['10.88.0.1/16'], ['10.88.0.2/16']] });
  // Nobody gives up during the test.
  near.exec('sh', '-c', 'echo 60000 > /proc/sys/net/ipv4/neigh/v0/retrans_time_ms');
  const echoes = createEchoHarness(near.name);
  t.after(echoes.close);
  const { engine, icmpIdentifier } = echoes.network;
  const family = 4;
  // On the sockets of the probes: more than one has room for.
  const flood = (address: string) => {
    const message = buildEchoRequest(family, icmpIdentifier(family), 1, new Uint8Array(32));
    const { record } = engine.echoRecord({ family, address, identifier: icmpIdentifier(family), message });
    const run = floodRun();
    engine.start(run, record);
    return run;
  };
  for (let round = 0; round < 40; round += 1) {
    const runs = Array.from({ length: 1000 }, (_, index) => flood(`10.88.1.${1 + (index % 200)}`));
    await Promise.resolve();
    while (engine.settle(runs.at(-1) as EngineRun) === 'waiting') blockLoop(1);
    for (const run of runs) engine.end(run);
  }
  assert.equal((await echoes.run('10.88.0.2')).code, 'L4OK');
});

/** That must be sent, and is told nothing. */
function floodRun(): EngineRun {
  const fail = () => assert.fail('told something');
  const told = { onReached: fail, onBytes: fail, onClosed: fail, onFailed: fail, onRefused: fail };
  return { slot: -1, generation: 0, delayedMs: 0, ...told };
}

test('a probe that expires while replies were lost here is ours', { skip }, async (t) => {
  const near = createNetns();
  const far = createNetns();
  t.after(near.remove);
  t.after(far.remove);
  joinNetns(near, far, { addresses: [['10.89.0.1/24'], ['10.89.0.2/24']] });
  far.exec('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all');
  const echoes = createEchoHarness(near.name);
  t.after(echoes.close);
  const quiet = echoes.start('10.89.0.2');
  await quiet.flying();
  assert.equal(quiet.probe.expire().ours, undefined);
  const echo = echoes.start('10.89.0.2');
  await echo.flying();
  // Our own address answers at once, with the numbers of the probe, and our loop is away.
  const flood = openRawEchoes(near.path);
  t.after(flood.close);
  const request = Buffer.from(echoes.sent.at(-1) as Uint8Array);
  const [identifier, sequence] = [request.readUInt16BE(4), request.readUInt16BE(6)];
  const big = buildEchoRequest(4, identifier, sequence, new Uint8Array(1400));
  for (let count = 0; count < floodCount; count += 1) flood.send('10.89.0.1', big);
  const last = flood.send('10.89.0.1', big, { slot: 1 });
  while (flood.engine.settle(1, last) === 'waiting') blockLoop(1);
  assert.deepEqual(echo.probe.expire(), {
    ok: false,
    code: 'L4TOUT',
    detail: 'no echo reply within 1000 ms; our receive buffer overflowed',
    ours: true,
  });
});
