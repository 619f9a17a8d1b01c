// Addresses that are well formed and can still never work as a backend, a VIP or a source.
// It must not know which of these an address is.
import type { Address } from '../lib/address.ts';

/** Why an address cannot be used: the end of a sentence; undefined when it can. Loopback can. */
export function unusableReason(address: Address): string | undefined {
  return address.family === 4 ? unusableIpv4(address.bytes) : unusableIpv6(address);
}

function unusableIpv4(bytes: Uint8Array): string | undefined {
  const [first = 0] = bytes;
  if (first === 0) return 'is in 0.0.0.0/8, which no machine has';
  if (first >= 224 && first <= 239) return 'is a multicast address';
  if (bytes.every((byte) => byte === 255)) return 'is the broadcast address';
  return undefined;
}

function unusableIpv6({ text, bytes }: Address): string | undefined {
  const [first = 0, second = 0] = bytes;
  if (text === '::') return 'is the unspecified address';
  // vpp-protocol.md, K19
  if (bytes.subarray(0, 12).every((byte) => byte === 0)) return 'is in ::/96, which VPP takes for IPv4';
  if (first === 0xff) return 'is a multicast address';
  if (first === 0xfe && (second & 0xc0) === 0x80) return 'is link-local, which works only with a zone';
  return undefined;
}
