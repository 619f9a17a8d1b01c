// IP addresses: strict literals in, one canonical text out, and the order in which addresses are listed.
// It must not know what an address is used for.

import { assert } from './assert.ts';

export interface Address {
  readonly family: 4 | 6;
  /** Canonical: dotted decimal, or RFC 5952. */
  readonly text: string;
  /** 4 or 16 bytes, network order. */
  readonly bytes: Uint8Array;
}

export type AddressResult =
  | { readonly ok: true; readonly address: Address }
  | { readonly ok: false; readonly reason: string };

/** The longest text of an IPv6 address in hexadecimal groups. */
const textLengthMax = 39;
const notAnAddress = 'is not an IPv4 or IPv6 address';

/**
 * The address that `text` is. No zone, no leading zeros in IPv4, no IPv4 inside IPv6 (dotted or mapped):
 * programs read those in different ways. `reason` is the end of a sentence: "… is not an IPv4 …".
 */
export function parseAddress(text: string): AddressResult {
  if (text === '') return refuse('is empty');
  if (text.includes('%')) return refuse('has a zone: only addresses without one are taken');
  if (text.includes('/')) return refuse('has a prefix length: give the address alone');
  if (/^[0-9.]+:[0-9]+$/.test(text)) return refuse('has a port: give the address alone');
  if (text.includes(':')) return parseIpv6(text);
  return parseIpv4(text);
}

function refuse(reason: string): AddressResult {
  return { ok: false, reason };
}

function parseIpv4(text: string): AddressResult {
  if (!/^[0-9]{1,3}(\.[0-9]{1,3}){3}$/.test(text)) return refuse(notAnAddress);
  const parts = text.split('.');
  if (parts.some((part) => part.length > 1 && part.startsWith('0'))) {
    return refuse('has a leading zero, which some programs read as octal');
  }
  const bytes = parts.map(Number);
  if (bytes.some((byte) => byte > 255)) return refuse(notAnAddress);
  return { ok: true, address: { family: 4, text, bytes: Uint8Array.from(bytes) } };
}

function parseIpv6(text: string): AddressResult {
  if (/^\[.*\]/.test(text)) return refuse('has brackets: give the address alone');
  if (text.includes('.')) return refuse('mixes IPv6 with dotted IPv4: write one or the other');
  if (text.length > textLengthMax) return refuse(notAnAddress);
  const halves = text.split('::');
  if (halves.length > 2) return refuse(notAnAddress);
  const head = parseGroups(halves[0] ?? '');
  const tail = parseGroups(halves[1] ?? '');
  if (head === undefined || tail === undefined) return refuse(notAnAddress);
  const missing = 8 - head.length - tail.length;
  // `::` stands for at least one group (RFC 4291, 2.2).
  if (halves.length === 2 ? missing < 1 : missing !== 0) return refuse(notAnAddress);
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return refuse(`is an IPv4 address mapped to IPv6: write ${bytes.subarray(12).join('.')}`);
  }
  return { ok: true, address: { family: 6, text: formatIpv6(groups), bytes } };
}

/**
 * The address that 4 or 16 bytes in network order are; mapped and other special ones are taken as they are.
 */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length === 4) return { family: 4, text: formatIpv4(bytes), bytes };
  assert(bytes.length === 16, 'an address has 4 or 16 bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2));
  return { family: 6, text: formatIpv6(groups), bytes };
}

/** The text of 4 bytes in network order. */
export function formatIpv4(bytes: Uint8Array): string {
  // Several times as fast as `join` of a typed array.
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
}

function parseGroups(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16));
}

/** RFC 5952: lower case, no leading zeros, `::` for the first of the longest runs of two or more zeros. */
function formatIpv6(groups: readonly number[]): string {
  let runStart = 0;
  let runLength = 0;
  let length = 0;
  groups.forEach((group, index) => {
    length = group === 0 ? length + 1 : 0;
    if (length <= runLength) return;
    runLength = length;
    runStart = index - length + 1;
  });
  const hexadecimal = groups.map((group) => group.toString(16));
  if (runLength < 2) return hexadecimal.join(':');
  const head = hexadecimal.slice(0, runStart).join(':');
  return `${head}::${hexadecimal.slice(runStart + runLength).join(':')}`;
}

/** Comparator: IPv4 first, then numeric. */
export function byAddress(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  for (let index = 0; index < a.bytes.length; index += 1) {
    const difference = (a.bytes[index] ?? 0) - (b.bytes[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
