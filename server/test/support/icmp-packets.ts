// Packets as the world would send them, built apart from the code under test: replies, and errors that quote
// a request. Checksums are right unless a test breaks them.

/**
 * The right checksum (RFC 1071), written differently from the one under test: end-around carry at each step.
 */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += (bytes[index] as number) * 256 + (bytes[index + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return 0xffff - sum;
}

/** The same ICMP message with its checksum made right (IPv4; the kernel does it for IPv6). */
export function withChecksum(message: Uint8Array): Uint8Array {
  const fixed = Uint8Array.from(message);
  fixed[2] = 0;
  fixed[3] = 0;
  const sum = internetChecksum(fixed);
  fixed[2] = sum >> 8;
  fixed[3] = sum & 0xff;
  return fixed;
}

/** What an honest host answers to an echo request. */
export function replyTo(family: 4 | 6, request: Uint8Array): Uint8Array {
  const reply = Uint8Array.from(request);
  reply[0] = family === 4 ? 0 : 129;
  return withChecksum(reply);
}

export interface IpPacketOptions {
  /** 4 or 16 bytes. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** IPv4 options, a multiple of four bytes. */
  readonly options?: Uint8Array;
  readonly protocol?: number;
}

/** An IP packet around an ICMP message. */
export function ipPacket(family: 4 | 6, message: Uint8Array, options: IpPacketOptions): Uint8Array {
  return family === 4 ? ipv4Packet(message, options) : ipv6Packet(message, options);
}

function ipv4Packet(
  message: Uint8Array,
  { source, destination, options, protocol }: IpPacketOptions,
): Uint8Array {
  const headerLength = 20 + (options?.length ?? 0);
  const total = headerLength + message.length;
  const fixed = [
    0x40 | (headerLength / 4),
    0,
    total >> 8,
    total & 0xff,
    0,
    0,
    0x40,
    0,
    64,
    protocol ?? 1,
    0,
    0,
  ];
  return Uint8Array.from([...fixed, ...source, ...destination, ...(options ?? []), ...message]);
}

function ipv6Packet(message: Uint8Array, { source, destination, protocol }: IpPacketOptions): Uint8Array {
  const fixed = [0x60, 0, 0, 0, message.length >> 8, message.length & 0xff, protocol ?? 58, 64];
  return Uint8Array.from([...fixed, ...source, ...destination, ...message]);
}

/** An ICMP error that quotes a packet, whole unless `quotedBytes` cuts it. */
export function errorAbout(
  type: number,
  code: number,
  packet: Uint8Array,
  quotedBytes: number = packet.length,
): Uint8Array {
  return withChecksum(Uint8Array.from([type, code, 0, 0, 0, 0, 0, 0, ...packet.subarray(0, quotedBytes)]));
}
