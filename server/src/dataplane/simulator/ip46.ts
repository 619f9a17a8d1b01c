// Addresses as VPP's lb plugin keeps them: 16 bytes with an IPv4 address in the last four, and an IPv4
// prefix 96 bits longer. Converts from and to the wire's form, and to text. Source: ip46_address.h,
// lb/util.c.
import { type Address, addressFromBytes, parseAddress } from '../../lib/address.ts';
import type { WireAddress, WirePrefix } from '../vpp/codec.ts';

/** 16 bytes. */
export type Ip46 = Uint8Array;

export interface Ip46Prefix {
  readonly ip: Ip46;
  /** 0..128; 96 more than the natural length of an IPv4 prefix. */
  readonly length: number;
}

/** An unknown family decodes to zeros: VPP decodes whatever its memory holds then. */
export function decodeAddress({ af, bytes }: WireAddress): Ip46 {
  const ip = new Uint8Array(16);
  if (af === 0) ip.set(bytes.subarray(0, 4), 12);
  else if (af === 1) ip.set(bytes);
  return ip;
}

/** With the host bits masked away, as on every add and every look-up. */
export function decodePrefix(wire: WirePrefix): Ip46Prefix {
  const length = (wire.length + (wire.af === 0 ? 96 : 0)) & 0xff;
  const ip = decodeAddress(wire);
  for (let bit = length; bit < 128; bit++) ip[bit >> 3] = (ip[bit >> 3] ?? 0) & ~(0x80 >> (bit & 7));
  return { ip, length };
}

/** VPP takes IPv6 addresses in ::/96 for IPv4, too. */
export function isIpv4(ip: Ip46): boolean {
  for (let index = 0; index < 12; index++) if (ip[index] !== 0) return false;
  return true;
}

export function isIpv4Prefix({ ip, length }: Ip46Prefix): boolean {
  return length >= 96 && isIpv4(ip);
}

export function sameIp(a: Ip46, b: Ip46): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Equal for equal prefixes. */
export function prefixKey({ ip, length }: Ip46Prefix): string {
  return `${Buffer.from(ip).toString('hex')}/${length}`;
}

export function encodeAddress(ip: Ip46): WireAddress {
  if (!isIpv4(ip)) return { af: 1, bytes: Uint8Array.from(ip) };
  const bytes = new Uint8Array(16);
  bytes.set(ip.subarray(12));
  return { af: 0, bytes };
}

export function encodePrefix(prefix: Ip46Prefix): WirePrefix {
  const length = isIpv4Prefix(prefix) ? prefix.length - 96 : prefix.length;
  return { ...encodeAddress(prefix.ip), length };
}

/** As a value of our own; `asIpv6` for the address of a prefix shorter than 96 bits, which is never IPv4. */
export function toAddress(ip: Ip46, asIpv6 = false): Address {
  if (isIpv4(ip) && !asIpv6) {
    return addressFromBytes(ip.slice(12));
  }
  const view = new DataView(ip.buffer, ip.byteOffset, 16);
  const text = Array.from({ length: 8 }, (_, group) => view.getUint16(2 * group).toString(16)).join(':');
  const parsed = parseAddress(text);
  // What is mapped from IPv4 is refused by our parser; VPP does not mind.
  return parsed.ok ? parsed.address : { family: 6, text, bytes: Uint8Array.from(ip) };
}

export function ip46PrefixText(prefix: Ip46Prefix): string {
  const ipv4 = isIpv4Prefix(prefix);
  return `${toAddress(prefix.ip, !ipv4).text}/${ipv4 ? prefix.length - 96 : prefix.length}`;
}
