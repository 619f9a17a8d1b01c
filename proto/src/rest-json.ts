// Between messages of the contract and the JSON that REST has for the same: words for the values of enums,
// numbers for 64-bit integers, nothing for what is not set. Driven by descriptors; it must not know any
// message.
import type { DescEnum, DescField, DescMessage, Message, MessageShape } from '@bufbuild/protobuf';
import { create, ScalarType } from '@bufbuild/protobuf';
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import { DurationSchema, TimestampSchema } from '@bufbuild/protobuf/wkt';

/** JSON that is not what the message can hold; the text begins with the path of the fault. */
export class RestJsonError extends Error {}

type Fields = Record<string, unknown>;
/** From a value of a message to JSON; undefined: leave it out. */
type Show = (value: unknown) => unknown;
/** From JSON to a value of a message. `path` names it in errors. */
type Read = (json: unknown, path: string) => unknown;

interface Codec {
  readonly show: Show;
  readonly read: Read;
}

interface FieldCodec extends Codec {
  readonly localName: string;
  readonly jsonName: string;
}

/**
 * The JSON that REST has for a message. Fields without presence are always there, except empty maps. A value
 * of an enum that this side does not know is shown as its number.
 */
export function toRestJson<D extends DescMessage>(schema: D, message: MessageShape<D>): Fields {
  return showMessage(schema, message);
}

/**
 * The message for JSON of REST. Throws RestJsonError for unknown fields and words, and for values that do not
 * fit their type; whether something is missing is for the schema of the operation to say.
 */
export function fromRestJson<D extends DescMessage>(schema: D, json: unknown): MessageShape<D> {
  return readMessage(schema, json, '') as MessageShape<D>;
}

/** The word of an enum's value: its name behind the prefix, which is what stands before UNSPECIFIED. */
export function wordOf(enumeration: DescEnum, name: string): string {
  const prefix = (enumeration.values[0]?.name ?? '').replace(/UNSPECIFIED$/, '');
  return (name.startsWith(prefix) ? name.slice(prefix.length) : name).toLowerCase().replaceAll('_', '-');
}

/** Descriptors never change: what was worked out for one is kept as long as it lives. */
const codecs = new WeakMap<DescMessage, ReadonlyMap<string, FieldCodec>>();

/** By JSON name, in the order of the file. */
function codecsOf(schema: DescMessage): ReadonlyMap<string, FieldCodec> {
  const known = codecs.get(schema);
  if (known !== undefined) return known;
  const made = new Map(schema.fields.map((field) => [field.jsonName, fieldCodec(field)]));
  codecs.set(schema, made);
  return made;
}

function showMessage(schema: DescMessage, message: Message): Fields {
  const values = message as unknown as Fields;
  const json: Fields = {};
  for (const { localName, jsonName, show } of codecsOf(schema).values()) {
    const value = values[localName];
    const shown = value === undefined ? undefined : show(value);
    if (shown !== undefined) json[jsonName] = shown;
  }
  return json;
}

function readMessage(schema: DescMessage, json: unknown, path: string): Message {
  const fields = readObject(json, path);
  const known = codecsOf(schema);
  const message = create(schema);
  const values = message as unknown as Fields;
  for (const name of Object.keys(fields)) {
    const codec = known.get(name);
    if (codec === undefined) throw new RestJsonError(`${join(path, name)}: is no field of ${schema.name}`);
    const value = fields[name];
    if (value !== undefined) values[codec.localName] = codec.read(value, join(path, name));
  }
  return message;
}

function fieldCodec(field: DescField): FieldCodec {
  const { localName, jsonName } = field;
  if (field.oneof !== undefined) throw new Error(`${String(field)}: REST has no form for a oneof`);
  return { localName, jsonName, ...valueCodec(field) };
}

function valueCodec(field: DescField): Codec {
  switch (field.fieldKind) {
    case 'scalar':
      return scalarCodec(field.scalar, String(field));
    case 'enum':
      return enumCodec(field.enum);
    case 'message':
      return messageCodec(field.message);
    case 'map':
      return mapCodec(field);
    case 'list':
      if (field.listKind === 'scalar') return listCodec(scalarCodec(field.scalar, String(field)));
      if (field.listKind === 'message') return listCodec(messageCodec(field.message));
      return listCodec(enumCodec(field.enum));
  }
}

const same: Show = (value) => value;

function scalarCodec(scalar: ScalarType, name: string): Codec {
  switch (scalar) {
    case ScalarType.STRING:
      return { show: same, read: (json, path) => readPlain('string', json, path) };
    case ScalarType.BOOL:
      return { show: same, read: (json, path) => readPlain('boolean', json, path) };
    case ScalarType.UINT32:
      return { show: same, read: (json, path) => readCount(json, path, 2 ** 32 - 1) };
    case ScalarType.UINT64:
      return {
        show: Number,
        read: (json, path) => BigInt(readCount(json, path, Number.MAX_SAFE_INTEGER)),
      };
    default:
      throw new Error(`${name}: REST has no form for ${ScalarType[scalar]}`);
  }
}

function readPlain(type: 'string' | 'boolean', json: unknown, path: string): unknown {
  if (typeof json !== type) throw new RestJsonError(`${path}: must be ${type}`);
  return json;
}

function readCount(json: unknown, path: string, max: number): number {
  if (typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= max) return json;
  throw new RestJsonError(`${path}: must be an integer, 0..${max}`);
}

function enumCodec(enumeration: DescEnum): Codec {
  const wordByNumber = new Map<number, string>();
  const numberByWord = new Map<string, number>();
  for (const { number, name } of enumeration.values) {
    if (number === 0) continue;
    wordByNumber.set(number, wordOf(enumeration, name));
    numberByWord.set(wordOf(enumeration, name), number);
  }
  return {
    show: (value) => (value === 0 ? undefined : (wordByNumber.get(value as number) ?? value)),
    read(json, path) {
      const number = numberByWord.get(json as string);
      if (number !== undefined) return number;
      throw new RestJsonError(`${path}: must be one of ${Array.from(numberByWord.keys()).join(', ')}`);
    },
  };
}

function messageCodec(schema: DescMessage): Codec {
  switch (schema.typeName) {
    case 'google.protobuf.Timestamp':
      return { show: (value) => showTime(value as Timestamp), read: readTime };
    case 'google.protobuf.Duration':
      return { show: (value) => showDuration(value as Duration), read: readDuration };
    case 'google.protobuf.Struct':
      // In a message it is a plain object. What JSON cannot hold becomes what JSON.stringify makes of it.
      return { show: same, read: (json, path) => JSON.parse(JSON.stringify(readObject(json, path))) };
    default:
      return {
        show: (value) => showMessage(schema, value as Message),
        read: (json, path) => readMessage(schema, json, path),
      };
  }
}

/** An unknown number, or none, has its place in a list: it is shown as it is. */
function listCodec({ show, read }: Codec): Codec {
  return {
    show: (value) => (value as unknown[]).map((each) => show(each) ?? each),
    read(json, path) {
      if (!Array.isArray(json)) throw new RestJsonError(`${path}: must be array`);
      return json.map((each, index) => read(each, `${path}.${index}`));
    },
  };
}

function mapCodec(field: DescField & { fieldKind: 'map' }): Codec {
  if (field.mapKind !== 'scalar' || field.scalar !== ScalarType.STRING) {
    throw new Error(`${String(field)}: REST has no form for this map`);
  }
  return {
    show: (value) => (Object.keys(value as object).length === 0 ? undefined : { ...(value as object) }),
    read: (json, path) =>
      Object.fromEntries(
        Object.entries(readObject(json, path)).map(([key, value]) => [
          key,
          readPlain('string', value, join(path, key)),
        ]),
      ),
  };
}

function readObject(json: unknown, path: string): Fields {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Fields;
  throw new RestJsonError(`${path || 'the whole'}: must be object`);
}

const join = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);

/** RFC 3339 in UTC, with milliseconds; with more digits where there is something finer. */
function showTime({ seconds, nanos }: Timestamp): string {
  const text = new Date(Number(seconds) * 1000).toISOString();
  return `${text.slice(0, -4)}${fraction(nanos, 3)}Z`;
}

/** Proto JSON: 0, 3, 6 or 9 digits of fraction. */
function showDuration({ seconds, nanos }: Duration): string {
  const sign = seconds < 0n || nanos < 0 ? '-' : '';
  const whole = seconds < 0n ? -seconds : seconds;
  const digits = fraction(Math.abs(nanos), 0);
  return `${sign}${whole}${digits && `.${digits}`}s`;
}

function fraction(nanos: number, digitsMin: number): string {
  const digits = String(nanos).padStart(9, '0');
  if (!digits.endsWith('000')) return digits;
  if (!digits.endsWith('000000')) return digits.slice(0, 6);
  return digitsMin === 0 && nanos === 0 ? '' : digits.slice(0, 3);
}

const timePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

function readTime(json: unknown, path: string): Timestamp {
  const [, whole, digits = '', zone] = timePattern.exec(String(json)) ?? [];
  const ms = Date.parse(`${whole}${zone}`);
  if (Number.isNaN(ms)) throw new RestJsonError(`${path}: must be a time of RFC 3339`);
  return create(TimestampSchema, { seconds: BigInt(ms / 1000), nanos: Number(digits.padEnd(9, '0')) });
}

const durationPattern = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;

function readDuration(json: unknown, path: string): Duration {
  const match = durationPattern.exec(String(json));
  if (match === null) throw new RestJsonError(`${path}: must be a duration such as 0.500s`);
  const [, sign, whole = '', digits = ''] = match;
  const seconds = BigInt(whole);
  const nanos = Number(digits.padEnd(9, '0'));
  return create(DurationSchema, sign ? { seconds: -seconds, nanos: 0 - nanos } : { seconds, nanos });
}
