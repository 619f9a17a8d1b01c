// ASN.1 in DER, written only: the few types that certificates and revocation lists are made of (X.690).
// It must not know what the values mean.
import { assert } from '../../src/lib/assert.ts';

/** One encoded value: tag, length, content. */
export function encode(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  assert(length < 0x10000, 'no value is longer than 64 KiB');
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

export const sequence = (...items: readonly Uint8Array[]) => encode(0x30, ...items);
export const set = (...items: readonly Uint8Array[]) => encode(0x31, ...items);
/** `[number]`, constructed. */
export const explicit = (number: number, ...items: readonly Uint8Array[]) => encode(0xa0 | number, ...items);
/** `[number]` in place of a primitive type. */
export const implicit = (number: number, content: Uint8Array) => encode(0x80 | number, content);
export const octets = (content: Uint8Array) => encode(0x04, content);
export const bits = (content: Uint8Array, unused = 0) => encode(0x03, Buffer.from([unused]), content);
export const utf8 = (text: string) => encode(0x0c, Buffer.from(text));
export const truth = () => encode(0x01, Buffer.from([0xff]));

/** A number that is not negative, in hexadecimal. */
export function integer(hex: string): Buffer {
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return encode(0x02, Buffer.from(isNegative ? [0] : []), bytes);
}

/** Dotted decimal. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return encode(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** GeneralizedTime, to the second. */
export function time(date: Date): Buffer {
  return encode(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\..*/g, '')}Z`));
}

export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
