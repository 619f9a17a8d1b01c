import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  errorAbout,
  internetChecksum,
  ipPacket,
  replyTo,
  withChecksum,
} from '../../test/support/icmp-packets.ts';
import type { IpFamily } from '../config/config.ts';
import { buildEchoRequest, icmpOfIpv4Packet, parseIcmpMessage } from './icmp-message.ts';

const families: readonly IpFamily[] = [4, 6];
const payload = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
const addresses = {
  4: { source: Uint8Array.of(10, 0, 0, 1), destination: Uint8Array.of(10, 0, 0, 2) },
  6: { source: new Uint8Array(16).fill(1), destination: new Uint8Array(16).fill(2) },
};
const errorType = { 4: 3, 6: 1 };

function requestOf(family: IpFamily): Uint8Array {
  return buildEchoRequest(family, 0x1234, 0xabcd, payload);
}

function errorOf(family: IpFamily, quotedBytes?: number): Uint8Array {
  return errorAbout(
    errorType[family],
    1,
    ipPacket(family, requestOf(family), addresses[family]),
    quotedBytes,
  );
}

test('an IPv4 request is what RFC 792 draws', () => {
  const request = buildEchoRequest(4, 0x1234, 0xabcd, Uint8Array.of(1, 2, 3));
  // 0800 + 1234 + abcd + 0102 + 0300 = ca03, complement 35fc
  assert.deepEqual([...request], [8, 0, 0x35, 0xfc, 0x12, 0x34, 0xab, 0xcd, 1, 2, 3]);
});

test('an IPv6 request leaves the checksum to the kernel', () => {
  assert.deepEqual([...buildEchoRequest(6, 1, 2, Uint8Array.of(9))], [128, 0, 0, 0, 0, 1, 0, 2, 9]);
});

test('checksums agree with another implementation, odd lengths included', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1472 }), fc.nat(0xffff), fc.nat(0xffff), (bytes, id, sequence) => {
      const request = buildEchoRequest(4, id, sequence, bytes);
      assert.deepEqual(request, withChecksum(request));
      assert.equal(internetChecksum(request), 0);
    }),
  );
});

for (const family of families) {
  describe(`IPv${family}`, () => {
    test('a reply gives back what the request carried', () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 64 }),
          fc.nat(0xffff),
          fc.nat(0xffff),
          (bytes, id, sequence) => {
            const reply = replyTo(family, buildEchoRequest(family, id, sequence, bytes));
            const parsed = parseIcmpMessage(family, reply);
            assert.deepEqual(parsed, { t: 'echo-reply', identifier: id, sequence, payload: bytes });
          },
        ),
      );
    });

    test('our own request, which loopback shows us, is nothing', () => {
      assert.equal(parseIcmpMessage(family, requestOf(family)), undefined);
    });

    test('an error says which request it is about, as far as it quotes it', () => {
      const headers = (family === 4 ? 20 : 40) + 8;
      for (const quotedBytes of [headers, headers + 1, headers + 31, headers + 32]) {
        assert.deepEqual(parseIcmpMessage(family, errorOf(family, quotedBytes)), {
          t: 'error',
          type: errorType[family],
          code: 1,
          quoted: {
            destination: addresses[family].destination,
            identifier: 0x1234,
            sequence: 0xabcd,
            payload: payload.subarray(0, quotedBytes - headers),
          },
        });
      }
    });

    test('an error that quotes less than the headers is nothing', () => {
      const headers = (family === 4 ? 20 : 40) + 8;
      for (let quotedBytes = 0; quotedBytes < headers; quotedBytes += 1) {
        assert.equal(
          parseIcmpMessage(family, errorOf(family, quotedBytes)),
          undefined,
          `${quotedBytes} bytes`,
        );
      }
    });

    test('what follows the quoted packet (RFC 4884) is not taken for its payload', () => {
      const padded = withChecksum(
        Uint8Array.from([...errorOf(family), ...new Uint8Array(68), 0x20, 0, 1, 2]),
      );
      const parsed = parseIcmpMessage(family, padded);
      assert.deepEqual(parsed?.t === 'error' && parsed.quoted.payload, payload);
    });

    test('errors about other packets are nothing', () => {
      const type = errorType[family];
      const echoReply = ipPacket(family, replyTo(family, requestOf(family)), addresses[family]);
      assert.equal(parseIcmpMessage(family, errorAbout(type, 1, echoReply)), undefined);
      const udp = ipPacket(family, requestOf(family), { ...addresses[family], protocol: 17 });
      assert.equal(parseIcmpMessage(family, errorAbout(type, 1, udp)), undefined);
      const other = ipPacket(family === 4 ? 6 : 4, requestOf(family), addresses[family === 4 ? 6 : 4]);
      assert.equal(parseIcmpMessage(family, errorAbout(type, 1, other)), undefined);
    });

    test('truncated headers and odd codes are nothing', () => {
      const reply = replyTo(family, requestOf(family));
      for (let length = 0; length < 8; length += 1) {
        assert.equal(
          parseIcmpMessage(family, withChecksum(reply.subarray(0, length)).slice(0, length)),
          undefined,
        );
      }
      assert.equal(parseIcmpMessage(family, withChecksum(Uint8Array.from(reply).fill(1, 1, 2))), undefined);
    });
  });
}

test('IPv4: one wrong bit anywhere spoils the checksum', () => {
  for (const message of [replyTo(4, requestOf(4)), errorOf(4)]) {
    for (let bit = 0; bit < message.length * 8; bit += 1) {
      const broken = Uint8Array.from(message);
      broken[bit >> 3] = (broken[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(parseIcmpMessage(4, broken), undefined, `bit ${bit}`);
    }
  }
});

test('IPv4: options in the quoted header are skipped', () => {
  const options = Uint8Array.of(1, 1, 1, 0);
  const packet = ipPacket(4, requestOf(4), { ...addresses[4], options });
  const parsed = parseIcmpMessage(4, errorAbout(11, 0, packet));
  assert.equal(parsed?.t === 'error' && parsed.quoted.sequence, 0xabcd);
});

test('IPv4: a later fragment of something is not our request', () => {
  const packet = ipPacket(4, requestOf(4), addresses[4]);
  packet[7] = 1;
  assert.equal(parseIcmpMessage(4, errorAbout(3, 1, packet)), undefined);
});

describe('an IPv4 packet', () => {
  const message = requestOf(4);
  const packet = ipPacket(4, message, addresses[4]);

  test('carries its ICMP message, with and without options, and padding is cut off', () => {
    assert.deepEqual(icmpOfIpv4Packet(packet), message);
    const options = new Uint8Array(40).fill(1);
    assert.deepEqual(icmpOfIpv4Packet(ipPacket(4, message, { ...addresses[4], options })), message);
    assert.deepEqual(icmpOfIpv4Packet(Uint8Array.from([...packet, 0, 0, 0])), message);
  });

  test('is refused when it is cut, has another version or protocol, or lies about its lengths', () => {
    for (let length = 0; length < packet.length; length += 1) {
      assert.equal(icmpOfIpv4Packet(packet.subarray(0, length)), undefined, `${length} bytes`);
    }
    const altered = (index: number, value: number) => Uint8Array.from(packet).fill(value, index, index + 1);
    assert.equal(icmpOfIpv4Packet(altered(0, 0x65)), undefined);
    assert.equal(icmpOfIpv4Packet(altered(0, 0x44)), undefined);
    assert.equal(icmpOfIpv4Packet(altered(3, 19)), undefined);
    assert.equal(icmpOfIpv4Packet(altered(2, 0xff)), undefined);
    assert.equal(icmpOfIpv4Packet(altered(9, 17)), undefined);
  });
});
