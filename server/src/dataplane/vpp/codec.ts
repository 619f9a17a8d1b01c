// Messages as lists of typed fields: one definition encodes and decodes, for a client and for a simulator.
// It knows widths and order (vpp-api's rules: big-endian, packed), not what a message means.
import { FieldReader, FieldWriter } from './bytes.ts';

export interface FieldType<T> {
  /** Bytes on the wire. */
  size(value: T): number;
  read(reader: FieldReader): T;
  write(writer: FieldWriter, value: T): void;
}

export type Fields = Readonly<Record<string, FieldType<unknown>>>;
export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends FieldType<infer T> ? T : never;
};

/**
 * An address as the wire has it: `af` 0 = IPv4 (first four bytes), 1 = IPv6; other values can be read too.
 */
export interface WireAddress {
  readonly af: number;
  /** 16 */
  readonly bytes: Uint8Array;
}

export interface WirePrefix extends WireAddress {
  readonly length: number;
}

const fixed = <T>(
  size: number,
  read: (reader: FieldReader) => T,
  write: (writer: FieldWriter, value: T) => void,
): FieldType<T> => ({ size: () => size, read, write });

export const u8 = fixed(
  1,
  (r) => r.u8(),
  (w, value: number) => w.u8(value),
);
export const u16 = fixed(
  2,
  (r) => r.u16(),
  (w, value: number) => w.u16(value),
);
export const u32 = fixed(
  4,
  (r) => r.u32(),
  (w, value: number) => w.u32(value),
);
export const i32 = fixed(
  4,
  (r) => r.i32(),
  (w, value: number) => w.i32(value),
);
export const bool = fixed(
  1,
  (r) => r.bool(),
  (w, value: boolean) => w.bool(value),
);
export const raw = (length: number) =>
  fixed(
    length,
    (r) => r.raw(length),
    (w, value: Uint8Array) => w.raw(value, length),
  );
/** NUL-terminated inside `length` bytes. */
export const fixedText = (length: number) =>
  fixed(
    length,
    (r) => r.fixedText(length),
    (w, value: string) => w.fixedText(value, length),
  );
/** Length first; the last field of its message. */
export const text: FieldType<string> = {
  size: (value) => 4 + Buffer.byteLength(value, 'utf8'),
  read: (r) => r.text(),
  write: (w, value) => w.text(value),
};
export const address = fixed(
  17,
  (r): WireAddress => ({ af: r.u8(), bytes: r.raw(16) }),
  (w, value: WireAddress) => {
    w.u8(value.af);
    w.raw(value.bytes, 16);
  },
);
export const prefix = fixed(
  18,
  (r): WirePrefix => ({ af: r.u8(), bytes: r.raw(16), length: r.u8() }),
  (w, value: WirePrefix) => {
    w.u8(value.af);
    w.raw(value.bytes, 16);
    w.u8(value.length);
  },
);
/** `count` (u16), then that many elements: VPP's message table. */
export const messageTable: FieldType<readonly { readonly id: number; readonly key: string }[]> = {
  size: (value) => 2 + 66 * value.length,
  read(r) {
    const count = r.u16();
    return Array.from({ length: count }, () => ({ id: r.u16(), key: r.fixedText(64) }));
  },
  write(w, value) {
    w.u16(value.length);
    for (const { id, key } of value) {
      w.u16(id);
      w.fixedText(key, 64);
    }
  },
};

/**
 * What stands between the id and the fields: `request`: client index, context; `reply`: context alone. The
 * two messages that open a connection have it the other way round, for there is no client index before the
 * answer.
 */
export type Prologue = 'request' | 'reply';

export interface Message<F extends Fields = Fields> {
  readonly name: string;
  /** Eight lower-case hexadecimal digits, from VPP's .api.json. */
  readonly crc: string;
  readonly prologue: Prologue;
  readonly fields: F;
  readonly entries: readonly (readonly [name: string, type: FieldType<unknown>])[];
  /** `name_crc`: how VPP's message table calls it. */
  readonly key: string;
}

export function message<const F extends Fields>(
  name: string,
  crc: string,
  prologue: Prologue,
  fields: F,
): Message<F> {
  return { name, crc, prologue, fields, entries: Object.entries(fields), key: `${name}_${crc}` };
}

/** The start of a message. */
export interface Head {
  readonly id: number;
  /** Requests only. */
  readonly clientIndex: number;
  /** 1 .. 2^31-1 */
  readonly context: number;
}

const prologueBytes: Readonly<Record<Prologue, number>> = { request: 10, reply: 6 };

/** The message without its frame. */
export function encode<F extends Fields>(of: Message<F>, head: Head, values: Values<F>): Buffer {
  const given = values as Record<string, unknown>;
  let size = prologueBytes[of.prologue];
  for (const [name, type] of of.entries) size += type.size(given[name]);
  const writer = new FieldWriter(size);
  writer.u16(head.id);
  if (of.prologue === 'request') writer.u32(head.clientIndex);
  writer.u32(head.context);
  for (const [name, type] of of.entries) type.write(writer, given[name]);
  return writer.bytes;
}

/** Bytes that follow the fields are ignored, as VPP does. Throws MalformedMessage when some are missing. */
export function decode<F extends Fields>(of: Message<F>, bytes: Buffer): Head & { values: Values<F> } {
  const reader = new FieldReader(bytes);
  const id = reader.u16();
  const clientIndex = of.prologue === 'request' ? reader.u32() : 0;
  const context = reader.u32();
  const values: Record<string, unknown> = {};
  for (const [name, type] of of.entries) values[name] = type.read(reader);
  return { id, clientIndex, context, values: values as Values<F> };
}

/** The id alone; -1 of a message too short to have one. */
export function messageId(bytes: Buffer): number {
  return bytes.length < 2 ? -1 : bytes.readUInt16BE(0);
}
