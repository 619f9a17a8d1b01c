// Echo probes answered by hand from another namespace, whose kernel keeps silent: wrong, late, doubled and
// forged answers, and errors that quote well or badly.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ProbeResult } from '../../src/probes/probe.ts';
import { createEchoHarness, type EchoHarness, type StartedEcho } from '../support/icmp-harness.ts';
import { errorAbout, ipPacket, replyTo, withChecksum } from '../support/icmp-packets.ts';
import { createNetns, joinNetns, type Netns, netnsSkip } from '../support/netns.ts';
import { openRawEchoes } from '../support/raw-echoes.ts';

const skip = netnsSkip();
const replied: ProbeResult = { ok: true, code: 'L4OK', detail: 'echo reply' };
const worlds = {
  4: { near: '10.86.0.1', far: '10.86.0.2', nearBytes: [10, 86, 0, 1], farBytes: [10, 86, 0, 2] },
  6: {
    near: 'fd86::1',
    far: 'fd86::2',
    nearBytes: [0xfd, 0x86, ...new Array<number>(13).fill(0), 1],
    farBytes: [0xfd, 0x86, ...new Array<number>(13).fill(0), 2],
  },
} as const;

let near: Netns;
let far: Netns;
let echoes: EchoHarness;

before(() => {
  if (skip) return;
  near = createNetns();
  far = createNetns();
  const addresses = [
    ['10.86.0.1/24', 'fd86::1/64'],
    ['10.86.0.2/24', 'fd86::2/64'],
  ] as const;
  joinNetns(near, far, { addresses });
  far.exec('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all');
  far.exec('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/icmp/echo_ignore_all');
  echoes = createEchoHarness(near.name);
});
after(() => {
  echoes?.close();
  near?.remove();
  far?.remove();
});

/** A liar in the far namespace, and the request it lies about. */
interface Scene {
  readonly echo: StartedEcho;
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
  /** Sends any ICMP message to the prober. */
  inject(message: Uint8Array): void;
  /** Quotes the request, or what was made of it, in an error. */
  quote(type: number, code: number, request?: Uint8Array, quotedBytes?: number): Uint8Array;
  /** Waits until everything injected so far has been looked at. */
  settle(): Promise<void>;
}

async function withScene(family: 4 | 6, use: (scene: Scene) => Promise<void>): Promise<void> {
  const world = worlds[family];
  const liar = openRawEchoes(far.path);
  const inject = (message: Uint8Array) => liar.send(world.near, message);
  const startOne = async () => {
    const echo = echoes.start(world.far);
    const request = echoes.sent.at(-1);
    assert.ok(request);
    await echo.flying();
    return { echo, request };
  };
  const { echo, request } = await startOne();
  const packetOptions = {
    source: Uint8Array.from(world.nearBytes),
    destination: Uint8Array.from(world.farBytes),
  };
  try {
    await use({
      echo,
      request,
      reply: replyTo(family, request),
      inject,
      quote: (type, code, quoted = request, quotedBytes = undefined) =>
        errorAbout(type, code, ipPacket(family, quoted, packetOptions), quotedBytes),
      async settle() {
        // Packets come in order: when this one's reply was heard, what went before it was too.
        const barrier = await startOne();
        inject(replyTo(family, barrier.request));
        assert.deepEqual(await barrier.echo.result, replied);
      },
    });
    assert.deepEqual(liar.reports, [], 'all was sent');
  } finally {
    echo.probe.cancel();
    liar.close();
  }
}

/** A copy with one byte changed, its checksum made right again. */
function changed(message: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(message);
  copy[index] = (copy[index] as number) ^ 1;
  return withChecksum(copy);
}

const errors4 = [
  [3, 0, 32, 'network unreachable'],
  [3, 1, 0, 'host unreachable'],
  [3, 3, 8, 'port unreachable'],
  [3, 10, 32, 'host administratively prohibited'],
  [3, 13, 0, 'administratively prohibited'],
  [11, 0, 0, 'time to live exceeded'],
  [12, 0, 32, 'parameter problem'],
] as const;
const errors6 = [
  [1, 0, 32, 'network unreachable'],
  [1, 1, 0, 'administratively prohibited'],
  [1, 3, 8, 'host unreachable'],
  [1, 4, 32, 'port unreachable'],
  [2, 0, 32, 'packet too big'],
  [3, 0, 0, 'hop limit exceeded'],
  [4, 0, 32, 'parameter problem'],
] as const;

for (const family of [4, 6] as const) {
  describe(`IPv${family}`, { skip }, () => {
    const unreachable = family === 4 ? 3 : 1;
    const echoStart = family === 4 ? 20 : 40;
    const bytes = new Uint8Array(family === 4 ? 4 : 16).fill(9);
    const elsewhere = { source: bytes, destination: bytes };

    test('replies that are not ours end nothing; the one that is does', () =>
      withScene(family, async ({ echo, request, reply, inject, settle }) => {
        inject(request);
        inject(changed(reply, 1)); // code
        // Identifier, sequence, payload.
        for (const index of [4, 5, 6, 7, 8, 20, 39]) inject(changed(reply, index));
        inject(withChecksum(reply.subarray(0, 8))); // no payload
        inject(withChecksum(reply.subarray(0, 39))); // too short
        inject(withChecksum(Uint8Array.from([...reply, 0]))); // too long
        inject(withChecksum(Uint8Array.from([...reply, ...new Uint8Array(3000)])));
        await settle();
        assert.equal(echo.ended(), undefined);
        inject(reply);
        assert.deepEqual(await echo.result, replied);
      }));

    test('doubled and late replies reach nobody', () =>
      withScene(family, async ({ echo, request, reply, inject, settle }) => {
        inject(reply);
        inject(reply);
        assert.deepEqual(await echo.result, replied);
        inject(reply);
        inject(errorAbout(unreachable, 1, ipPacket(family, request, elsewhere)));
        await settle();
        assert.deepEqual(echo.ended(), replied);
      }));

    test('a late reply after the deadline reaches nobody', () =>
      withScene(family, async ({ echo, reply, inject, settle }) => {
        assert.equal(echo.probe.expire().code, 'L4TOUT');
        inject(reply);
        await settle();
        assert.equal(echo.ended(), undefined);
      }));

    test('errors that quote something else end nothing', () =>
      withScene(family, async ({ echo, request, reply, inject, quote, settle }) => {
        for (const index of [4, 5, 6, 7, 8, 39]) inject(quote(unreachable, 1, changed(request, index)));
        inject(quote(unreachable, 1, reply));
        inject(quote(unreachable, 1, request, echoStart + 7)); // cut in the quoted header
        inject(quote(family === 4 ? 5 : 137, 1)); // a redirect is no error
        inject(errorAbout(unreachable, 1, ipPacket(family, request, elsewhere))); // another destination
        await settle();
        assert.equal(echo.ended(), undefined);
      }));

    for (const [type, code, quotedPayload, detail] of family === 4 ? errors4 : errors6) {
      test(`type ${type}, code ${code}, ${quotedPayload} bytes of payload quoted: ${detail}`, () =>
        withScene(family, async ({ echo, request, inject, quote }) => {
          inject(quote(type, code, request, echoStart + 8 + quotedPayload));
          assert.deepEqual(await echo.result, { ok: false, code: 'L4CON', detail });
        }));
    }
  });
}
