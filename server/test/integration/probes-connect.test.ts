// The way to a backend: refused, unreachable, vanishing, from a source address, and with
// nothing left of ours to connect with. For each, the exact code and words. (Namespaces:
// probes-netns.test.ts.)
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { HttpHealthCheck } from '../../src/config/config.ts';
import type { ProbeNetwork } from '../../src/probes/network.ts';
import type { ProbeResult } from '../../src/probes/probe.ts';
import { behaviours } from '../support/behaviours.ts';
import { refusingPort, serve, serveBlackHole } from '../support/misbehaving-server.ts';
import { assertAll, httpCheck, probeOnce, type Target, tcpCheck, testNetwork } from '../support/probe-run.ts';

const v4: Target = { address: '127.0.0.1', family: 4 };
const v6: Target = { address: '::1', family: 6 };
const refused: ProbeResult = { ok: false, code: 'L4CON', detail: 'connection refused' };
const vanished: ProbeResult = { ok: false, code: 'L4TOUT', detail: 'no connection in time' };
const connected: ProbeResult = { ok: true, code: 'L4OK', detail: 'connected' };

let network: ProbeNetwork;
before(() => {
  network = testNetwork();
});
after(() => network.close());

for (const target of [v4, v6]) {
  test(`${target.address}: connects`, async () => {
    const server = await serve(behaviours.silent, { address: target.address });
    assert.deepEqual(await probeOnce(tcpCheck(server.port), server, network), connected);
    await server.close();
  });
  test(`${target.address}: refuses`, async () =>
    assertAll(network, await refusingPort(target.address), target, refused));
  test(`${target.address}: a black hole`, async () => {
    const hole = await serveBlackHole(target.address);
    await assertAll(network, hole.port, target, vanished, 300);
    await hole.close();
  });
}

describe('source address', () => {
  test('is what the server sees', async () => {
    for (const [address, source] of [
      ['127.0.0.1', '127.9.8.7'],
      ['::1', '::1'],
    ] as const) {
      let seen: string | undefined;
      const server = await serve(
        (peer) => {
          seen = peer.socket.remoteAddress;
          behaviours.ok(peer);
        },
        { address },
      );
      const check: HttpHealthCheck = {
        ...httpCheck(server.port),
        probeIpv4Src: '127.9.8.7',
        probeIpv6Src: '::1',
      };
      assert.equal((await probeOnce(check, server, network)).code, 'L7OK');
      assert.equal(seen, source);
      await server.close();
    }
  });
  test('that this host does not have', async () => {
    const sources = { probeIpv4Src: '203.0.113.77', probeIpv6Src: '2001:db8::77' };
    const check = { ...httpCheck(9), ...sources };
    const detailFor = (source: string) => `bind source ${source}: address not available`;
    assert.deepEqual(await probeOnce(check, v4, network), {
      ok: false,
      code: 'L4CON',
      detail: detailFor('203.0.113.77'),
    });
    assert.deepEqual(await probeOnce(check, v6, network), {
      ok: false,
      code: 'L4CON',
      detail: detailFor('2001:db8::77'),
    });
  });
});

test('out of file descriptors is ours, in all probers, and passes', async () => {
  const script = fileURLToPath(new URL('../support/starving-child.ts', import.meta.url));
  // A shell sets the limit, since Node cannot.
  const shell = 'ulimit -n 64 && exec "$0" "$1"';
  const { stdout } = await promisify(execFile)('sh', ['-c', shell, process.execPath, script]);
  const ours = {
    ok: false,
    code: 'L4CON',
    detail: 'out of file descriptors (limit of the process)',
    ours: true,
  };
  assert.deepEqual(JSON.parse(stdout), { starved: [ours, ours, ours, ours], fed: { ...connected } });
});
