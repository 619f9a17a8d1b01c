// The shared sockets of echo probes over time: namespaces that come and go, many echoes, neighbours that keep
// our packets waiting, floods.
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { buildEchoRequest } from '../../src/probes/icmp-message.ts';
import { ignore, isSanitized, loadTestNative, openDescriptors, threadNamespaces } from '../support/addon.ts';
import { createEchoHarness } from '../support/icmp-harness.ts';
import { createNetns, joinNetns, netnsSkip, withNetns } from '../support/netns.ts';

const skip = netnsSkip();
const limited = { skip, timeout: 60_000 };

test('a namespace that is deleted and made anew is noticed by the next probe', { skip }, async (t) => {
  const first = createNetns();
  const echoes = createEchoHarness(first.name);
  t.after(echoes.close);
  first.exec('ip', 'address', 'add', '10.87.0.1/32', 'dev', 'lo');
  assert.equal((await echoes.run('10.87.0.1')).code, 'L4OK');
  const descriptors = openDescriptors().length;
  const waiting = echoes.start('10.87.0.1');

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
    assert.equal(threadNamespaces().size, 1);
  });
});

test('sequence numbers run over their end, and skip those in flight', { skip }, async (t) => {
  await withNetns(async (netns) => {
    netns.exec('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all');
    const echoes = createEchoHarness(netns.name);
    t.after(echoes.close);
    const port = echoes.network.icmpPort(4);
    const kept = Array.from({ length: 3 }, () => port.listen(ignore));
    const seen = new Set(kept.map(({ sequence }) => sequence));
    for (let count = 0; count < 0x10000 - 3; count += 1) {
      const { sequence, stop } = port.listen(ignore);
      assert.ok(!seen.has(sequence));
      seen.add(sequence);
      stop();
    }
    assert.equal(seen.size, 0x10000);
    const again = port.listen(ignore);
    assert.ok(!kept.some(({ sequence }) => sequence === again.sequence));
  });
});

test('neighbours that keep our packets waiting do not silence the others', { skip }, async (t) => {
  const near = createNetns();
  const far = createNetns();
  t.after(near.remove);
  t.after(far.remove);
  joinNetns(near, far, { addresses: [['10.88.0.1/16'], ['10.88.0.2/16']] });
  // Nobody gives up during the test.
  near.exec('sh', '-c', 'echo 60000 > /proc/sys/net/ipv4/neigh/v0/retrans_time_ms');
  const options = {
    family: 4,
    identifier: 3,
    netnsPath: near.path,
    onPacket: ignore,
    onDeaf: ignore,
  } as const;
  const socket = loadTestNative().openIcmp(options);
  t.after(socket.close);
  const message = buildEchoRequest(4, 3, 1, new Uint8Array(32));
  const sendMany = (send: (address: string) => number) => {
    const counts = new Map<number, number>();
    for (let count = 0; count < 40_000; count += 1) {
      const errno = send(`10.88.1.${1 + (count % 200)}`);
      counts.set(errno, (counts.get(errno) ?? 0) + 1);
    }
    return counts;
  };
  // The addon alone comes to an end: the kernel has no room on that socket's account.
  const counts = sendMany((address) => socket.send(address, message));
  assert.deepEqual([...counts.keys()], [0, constants.errno.ENOBUFS]);
  assert.equal(socket.send('10.88.0.2', message), constants.errno.ENOBUFS);
  socket.renewSender();
  assert.equal(socket.send('10.88.0.2', message), 0);

  // The port goes on with a fresh one by itself.
  const echoes = createEchoHarness(near.name);
  t.after(echoes.close);
  const port = echoes.network.icmpPort(4);
  assert.deepEqual([...sendMany((address) => port.send(address, message)).keys()], [0]);
  assert.equal((await echoes.run('10.88.0.2')).code, 'L4OK');
});

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
  assert.equal(quiet.probe.expire().ours, undefined);
  const echo = echoes.start('10.89.0.2');
  // Our own address answers at once, and nobody fetches the answers.
  const port = echoes.network.icmpPort(4);
  const big = buildEchoRequest(4, port.identifier, 0, new Uint8Array(1400));
  for (let count = 0; count < 20_000; count += 1) port.send('10.89.0.1', big);
  assert.deepEqual(echo.probe.expire(), {
    ok: false,
    code: 'L4TOUT',
    detail: 'no echo reply within 1000 ms; our receive buffer overflowed',
    ours: true,
  });
});
