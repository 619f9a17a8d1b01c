// ICMP messages as bytes: builds echo requests, reads echo replies and the errors that quote our requests.
// Pure; it must not know sockets, nor who asked. Layouts: RFC 792 (ICMP), RFC 4443 (ICMPv6), RFC 791 and 8200
// (IP).
import type { IpFamily } from '../config/config.ts';
import { assert } from '../lib/assert.ts';

/** What an error says about the request that caused it. */
export interface QuotedEcho {
  /** 4 or 16 bytes: where the request was going. */
  readonly destination: Uint8Array;
  readonly identifier: number;
  readonly sequence: number;
  /** As much of the payload as was quoted; may be empty (routers need not quote more than the header). */
  readonly payload: Uint8Array;
}

/** The two kinds of messages that concern a prober. Byte arrays are views of the message that was parsed. */
export type IcmpMessage =
  | {
      readonly t: 'echo-reply';
      readonly identifier: number;
      readonly sequence: number;
      readonly payload: Uint8Array;
    }
  | { readonly t: 'error'; readonly type: number; readonly code: number; readonly quoted: QuotedEcho };

/** Type, code, checksum, and four bytes that mean identifier and sequence, or something else. */
const headerBytes = 8;
const ipv4HeaderBytesMin = 20;
const ipv6HeaderBytes = 40;

interface Numbers {
  readonly echoRequest: number;
  readonly echoReply: number;
  readonly errors: readonly number[];
  /** In an IP header. */
  readonly protocol: number;
}
const numbers: Readonly<Record<IpFamily, Numbers>> = {
  4: { echoRequest: 8, echoReply: 0, errors: [3, 11, 12], protocol: 1 },
  6: { echoRequest: 128, echoReply: 129, errors: [1, 2, 3, 4], protocol: 58 },
};

/**
 * An echo request, header and payload. The checksum is left 0 for IPv6: the kernel knows the addresses it
 * covers.
 */
export function buildEchoRequest(
  family: IpFamily,
  identifier: number,
  sequence: number,
  payload: Uint8Array,
): Uint8Array {
  assert(identifier >>> 16 === 0 && sequence >>> 16 === 0, 'identifier and sequence have 16 bits');
  const message = new Uint8Array(headerBytes + payload.length);
  message[0] = numbers[family].echoRequest;
  writeHalf(message, 4, identifier);
  writeHalf(message, 6, sequence);
  message.set(payload, headerBytes);
  if (family === 4) writeHalf(message, 2, checksum(message));
  return message;
}

/** What an IPv4 packet carries, if that is a whole ICMP message; a view of the packet. */
export function icmpOfIpv4Packet(packet: Uint8Array): Uint8Array | undefined {
  const start = ipv4HeaderBytes(packet, 0);
  if (start === undefined || byteAt(packet, 9) !== numbers[4].protocol) return undefined;
  const end = halfAt(packet, 2);
  return end >= start && end <= packet.length ? packet.subarray(start, end) : undefined;
}

/**
 * Reads one ICMP message (no IP header); undefined for anything but a well-formed echo reply, or an error
 * that quotes an echo request. The checksum is verified for IPv4; for IPv6 the kernel has done so.
 */
export function parseIcmpMessage(family: IpFamily, message: Uint8Array): IcmpMessage | undefined {
  if (message.length < headerBytes) return undefined;
  if (family === 4 && checksum(message) !== 0) return undefined;
  const type = byteAt(message, 0);
  const code = byteAt(message, 1);
  if (numbers[family].errors.includes(type)) {
    const quoted = family === 4 ? quotedIpv4(message) : quotedIpv6(message);
    return quoted && { t: 'error', type, code, quoted };
  }
  if (type !== numbers[family].echoReply || code !== 0) return undefined;
  return {
    t: 'echo-reply',
    identifier: halfAt(message, 4),
    sequence: halfAt(message, 6),
    payload: message.subarray(headerBytes),
  };
}

function quotedIpv4(message: Uint8Array): QuotedEcho | undefined {
  const start = headerBytes;
  const length = ipv4HeaderBytes(message, start);
  if (length === undefined || byteAt(message, start + 9) !== numbers[4].protocol) return undefined;
  // Our requests are never fragmented: bits 0..12 of these 16 are the fragment's offset.
  if ((halfAt(message, start + 6) & 0x1fff) !== 0) return undefined;
  const destination = message.subarray(start + 16, start + 20);
  return quotedEcho(4, message, destination, start + length, start + halfAt(message, start + 2));
}

function quotedIpv6(message: Uint8Array): QuotedEcho | undefined {
  const start = headerBytes;
  if (message.length < start + ipv6HeaderBytes || byteAt(message, start) >> 4 !== 6) return undefined;
  // Our requests have no extension headers.
  if (byteAt(message, start + 6) !== numbers[6].protocol) return undefined;
  const destination = message.subarray(start + 24, start + 40);
  const echoStart = start + ipv6HeaderBytes;
  return quotedEcho(6, message, destination, echoStart, echoStart + halfAt(message, start + 4));
}

/**
 * `packetEnd` is where the quoted packet ended when it was whole; padding or extensions may follow (RFC
 * 4884).
 */
function quotedEcho(
  family: IpFamily,
  message: Uint8Array,
  destination: Uint8Array,
  echoStart: number,
  packetEnd: number,
): QuotedEcho | undefined {
  const payloadStart = echoStart + headerBytes;
  if (message.length < payloadStart || packetEnd < payloadStart) return undefined;
  if (byteAt(message, echoStart) !== numbers[family].echoRequest) return undefined;
  if (byteAt(message, echoStart + 1) !== 0) return undefined;
  return {
    destination,
    identifier: halfAt(message, echoStart + 4),
    sequence: halfAt(message, echoStart + 6),
    payload: message.subarray(payloadStart, Math.min(message.length, packetEnd)),
  };
}

/** Length of the IPv4 header that begins at `start`, if it is whole. */
function ipv4HeaderBytes(bytes: Uint8Array, start: number): number | undefined {
  if (bytes.length < start + ipv4HeaderBytesMin || byteAt(bytes, start) >> 4 !== 4) return undefined;
  const length = (byteAt(bytes, start) & 0xf) * 4;
  return length >= ipv4HeaderBytesMin && bytes.length >= start + length ? length : undefined;
}

/** The internet checksum (RFC 1071); 0 over a message that carries its right one. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) sum += halfAt(bytes, index);
  // Twice is enough: fewer than 2^16 halves were added.
  sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Bytes beyond the end read as 0: the checksum pads with it, all others have looked at the length before. */
function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function halfAt(bytes: Uint8Array, index: number): number {
  return (byteAt(bytes, index) << 8) | byteAt(bytes, index + 1);
}

function writeHalf(bytes: Uint8Array, index: number, value: number): void {
  bytes[index] = value >>> 8;
  bytes[index + 1] = value & 0xff;
}
