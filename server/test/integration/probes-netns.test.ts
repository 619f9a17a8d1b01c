// Probes that run in a network namespace, also one without routes, without ports, deleted, or made anew.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ProbeNetwork } from '../../src/probes/network.ts';
import type { ProbeResult } from '../../src/probes/probe.ts';
import { behaviours } from '../support/behaviours.ts';
import { createAuthority } from '../support/certificates.ts';
import { eventually } from '../support/guarded-process.ts';
import { serve } from '../support/misbehaving-server.ts';
import { createNetns, joinNetns, type Netns, netnsSkip, withNetns } from '../support/netns.ts';
import {
  assertAll,
  httpCheck,
  httpsCheck,
  probeOnce,
  type Target,
  tcpCheck,
  testNetwork,
} from '../support/probe-run.ts';

const skip = netnsSkip();
const insecure = { insecureSkipVerify: true };
const v4: Target = { address: '127.0.0.1', family: 4 };
const v6: Target = { address: '::1', family: 6 };
const refused: ProbeResult = { ok: false, code: 'L4CON', detail: 'connection refused' };
const connected: ProbeResult = { ok: true, code: 'L4OK', detail: 'connected' };

let netns: Netns;
let inside: ProbeNetwork;
before(() => {
  if (skip !== false) return;
  netns = createNetns();
  inside = testNetwork(netns.name);
});
after(() => {
  inside?.close();
  netns?.remove();
});

describe('in a network namespace', { skip }, () => {
  for (const target of [v4, v6]) {
    test(`${target.address}: all layers`, async () => {
      const { netnsPath, address } = { netnsPath: netns.path, address: target.address };
      const plain = await serve(behaviours.ok, { address, netnsPath });
      const { certPem, keyPem } = createAuthority('CA').issue({ addresses: [address] });
      const secure = await serve(behaviours.ok, { address, netnsPath, tls: { cert: certPem, key: keyPem } });
      assert.equal((await probeOnce(tcpCheck(plain.port), target, inside)).code, 'L4OK');
      assert.equal((await probeOnce(tcpCheck(secure.port, insecure), target, inside)).code, 'L6OK');
      assert.equal((await probeOnce(httpCheck(plain.port), target, inside)).code, 'L7OK');
      assert.equal((await probeOnce(httpsCheck(secure.port, insecure), target, inside)).code, 'L7OK');
      const outside = testNetwork();
      assert.deepEqual(await probeOnce(tcpCheck(plain.port), target, outside), refused);
      outside.close();
      await Promise.all([plain.close(), secure.close()]);
    });
    test(`${target.address}: refuses`, () => assertAll(inside, 9, target, refused));
  }

  const routes: readonly [route: string, target: Target, detail: string][] = [
    ['', { address: '203.0.113.1', family: 4 }, 'network unreachable'],
    ['', { address: '2001:db8:1::1', family: 6 }, 'network unreachable'],
    ['unreachable', { address: '203.0.113.2', family: 4 }, 'host unreachable'],
    ['unreachable', { address: '2001:db8:1::2', family: 6 }, 'host unreachable'],
    ['prohibit', { address: '203.0.113.3', family: 4 }, 'administratively prohibited'],
    ['prohibit', { address: '2001:db8:1::3', family: 6 }, 'administratively prohibited'],
    ['blackhole', { address: '203.0.113.4', family: 4 }, 'blackhole route'],
    ['blackhole', { address: '2001:db8:1::4', family: 6 }, 'blackhole route'],
  ];
  for (const [route, target, detail] of routes) {
    test(`${target.address}: ${detail}`, async () => {
      if (route !== '') netns.exec('ip', 'route', 'add', route, target.address);
      await assertAll(inside, 80, target, { ok: false, code: 'L4CON', detail });
    });
  }
});

/** Sockets of a namespace in TIME_WAIT, ours and the servers'. */
function timeWaitCount(): number {
  const lines = netns.exec('cat', '/proc/net/tcp', '/proc/net/tcp6').split('\n');
  return lines.filter((line) => line.trim().split(/\s+/)[3] === '06').length;
}

test('probes leave no TIME_WAIT behind', { skip }, async () => {
  const netnsPath = netns.path;
  const { certPem, keyPem } = createAuthority('CA').issue({ addresses: ['127.0.0.1'] });
  const plain = await serve(behaviours.ok, { netnsPath });
  const secure = await serve(behaviours.ok, { netnsPath, tls: { cert: certPem, key: keyPem } });
  const before = timeWaitCount();
  for (const check of [
    tcpCheck(plain.port),
    tcpCheck(secure.port, insecure),
    tcpCheck(secure.port, { insecureSkipVerify: false }),
    httpCheck(plain.port),
    httpCheck(plain.port, { responseRegexp: '^ok\\n$' }),
    httpsCheck(secure.port, insecure),
  ]) {
    for (let count = 0; count < 5; count++) await probeOnce(check, v4, inside);
  }
  assert.equal(timeWaitCount(), before);
  await Promise.all([plain.close(), secure.close()]);
});

describe('in a namespace that is poor', { skip }, () => {
  test('a neighbour that never answers', async () => {
    await withNetns(async (far) => {
      joinNetns(netns, far, { addresses: [['10.9.0.1/24', 'fd09::1/64'], []] });
      await assertAll(
        inside,
        80,
        { address: '10.9.0.2', family: 4 },
        { ok: false, code: 'L4TOUT', detail: 'no connection in time' },
        300,
      );
      await assertAll(
        inside,
        80,
        { address: 'fd09::2', family: 6 },
        { ok: false, code: 'L4TOUT', detail: 'no connection in time' },
        300,
      );
    });
  });

  test('a source address that the namespace does not have', async () => {
    const check = { ...tcpCheck(80), probeIpv4Src: '203.0.113.77' };
    assert.deepEqual(await probeOnce(check, v4, inside), {
      ok: false,
      code: 'L4CON',
      detail: 'bind source 203.0.113.77: address not available',
    });
  });

  test('out of local ports is ours', async () => {
    await withNetns(async (poor) => {
      const poorNetwork = testNetwork(poor.name);
      poor.exec('sh', '-c', 'echo 50000 50001 >/proc/sys/net/ipv4/ip_local_port_range');
      // Listens on a port of its own choice, which is one of the two.
      const server = await serve(behaviours.silent, { netnsPath: poor.path });
      const held = [probeOnce(httpCheck(server.port), v4, poorNetwork, 500)];
      const results = await Promise.all(
        Array.from({ length: 3 }, () => probeOnce(httpCheck(server.port), v4, poorNetwork, 400)),
      );
      assert.ok(
        results.some(({ ours, detail }) => ours === true && detail === 'out of local ports'),
        JSON.stringify(results),
      );
      await Promise.all(held);
      await server.close();
      poorNetwork.close();
    });
  });
});

describe('in a namespace that is deleted', { skip }, () => {
  test('it ends, though probes ran in it', async (t) => {
    await withNetns(async (far) => {
      const first = createNetns();
      joinNetns(first, far, { addresses: [['10.9.0.1/24'], []] });
      const there = testNetwork(first.name);
      t.after(() => there.close());
      assert.deepEqual(await probeOnce(tcpCheck(9), v4, there), refused);
      first.remove();
      assert.equal((await probeOnce(tcpCheck(9), v4, there)).code, 'L4CON');
      // An end of a pair lives as long as the other.
      await eventually('the namespace is gone', 10_000, () =>
        far.exec('ip', '-brief', 'link').includes('v0@') ? undefined : true,
      );
    });
  });

  test('L4CON; made anew: the next probe is in the new one', async () => {
    const first = createNetns();
    const { name } = first;
    const there = testNetwork(name);
    const check = (port: number) => probeOnce(tcpCheck(port), v4, there);
    const old = await serve(behaviours.silent, { netnsPath: first.path });
    assert.deepEqual(await check(old.port), connected);

    first.remove();
    await assertAll(there, old.port, v4, {
      ok: false,
      code: 'L4CON',
      detail: `enter netns "${name}": no such file or directory`,
    });

    const second = createNetns(name);
    assert.deepEqual(await check(old.port), refused, 'the old server lives on in the old namespace');
    const fresh = await serve(behaviours.silent, { netnsPath: second.path });
    assert.deepEqual(await check(fresh.port), connected);
    await Promise.all([old.close(), fresh.close()]);
    second.remove();
    there.close();
  });
});
