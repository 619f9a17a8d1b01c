// Holds the protobuf contract against the table of operations: every difference, as a sentence. It knows the
// rules by which the one follows from the other, and no operation.
import type { DescEnum, DescField, DescFile, DescMessage, DescMethod } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as Presence } from '@bufbuild/protobuf/wkt';
import { wordOf } from '@vpp-maglev/proto/rest-json';
import type { TObject, TSchema } from 'typebox';
import type { Operation } from '../../src/api/operations.ts';

/** Counters that a 32-bit number does not hold. */
const longCounters: Readonly<Record<string, readonly string[]>> = {
  VIPCounters: ['next', 'first', 'untracked', 'noServer', 'routePackets', 'routeBytes'],
  GetVPPInfoResponse: ['apiSent', 'apiReceived'],
};

interface Walk {
  readonly faults: string[];
  readonly seenMessages: Set<DescMessage>;
  /** Words that some field of the table has, by the enum that stands for them. */
  readonly words: Map<DescEnum, Set<string>>;
}

/** A row as the walk needs it. */
export type DriftRow = Pick<Operation, 'rpc' | 'params' | 'query' | 'body' | 'response' | 'wrapped'> & {
  readonly streams?: boolean;
};

/** Differences between table and contract; none: they say the same. */
export function findDrift(rows: readonly DriftRow[], file: DescFile): readonly string[] {
  const walk: Walk = { faults: [], seenMessages: new Set(), words: new Map() };
  const [service] = file.services;
  const methods = new Map(service?.methods.map((method) => [method.name, method]));
  for (const row of rows) {
    const method = methods.get(row.rpc);
    if (method === undefined) walk.faults.push(`${row.rpc}: not in the contract`);
    else compareMethod(walk, row, method);
    methods.delete(row.rpc);
  }
  for (const name of methods.keys()) walk.faults.push(`${name}: not in the table`);
  for (const message of file.messages) {
    if (!walk.seenMessages.has(message)) walk.faults.push(`${message.name}: used by no operation`);
  }
  for (const enumeration of file.enums) compareWords(walk, enumeration);
  return walk.faults;
}

function compareMethod(walk: Walk, row: DriftRow, method: DescMethod): void {
  const kind = row.streams === true ? 'server_streaming' : 'unary';
  if (method.methodKind !== kind) walk.faults.push(`${row.rpc}: ${method.methodKind}, not ${kind}`);
  for (const [message, suffix] of [
    [method.input, 'Request'],
    [method.output, 'Response'],
  ] as const) {
    if (message.name !== row.rpc + suffix) walk.faults.push(`${row.rpc}: ${suffix} is ${message.name}`);
  }
  const { params, query, body, response, wrapped } = row;
  const request = {
    properties: { ...params.properties, ...query.properties, ...body.properties },
    required: [params, query, body].flatMap((schema) => schema.required ?? []),
  };
  compareFields(walk, method.input, request, 'request');
  const answer =
    wrapped === undefined ? response : { properties: { [wrapped]: response }, required: [wrapped] };
  compareFields(walk, method.output, answer, 'answer');
}

type Fields = Pick<TObject, 'properties'> & { readonly required?: readonly string[] };
type Side = 'request' | 'answer';

function compareFields(
  walk: Walk,
  message: DescMessage,
  { properties, required = [] }: Fields,
  side: Side,
): void {
  walk.seenMessages.add(message);
  const schemas = new Map(Object.entries(properties));
  for (const field of message.fields) {
    const path = `${message.name}.${field.jsonName}`;
    const schema = schemas.get(field.jsonName);
    schemas.delete(field.jsonName);
    if (schema === undefined) walk.faults.push(`${path}: not in the table`);
    else compareField(walk, field, schema, required.includes(field.jsonName), side);
  }
  for (const name of schemas.keys()) walk.faults.push(`${message.name}.${name}: not in the contract`);
}

interface PlainSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly format?: string;
  readonly examples?: readonly unknown[];
  readonly items?: TSchema;
  readonly patternProperties?: Readonly<Record<string, PlainSchema>>;
  readonly title?: string;
}

function compareField(walk: Walk, field: DescField, given: TSchema, isRequired: boolean, side: Side): void {
  const path = `${field.parent.name}.${field.jsonName}`;
  const schema = given as PlainSchema;
  const isList = schema.type === 'array';
  if ((field.fieldKind === 'list') !== isList) {
    walk.faults.push(`${path}: repeated on one side only`);
    return;
  }
  // An empty list is on the wire what no list is: answers always have theirs, requests need not.
  if (isList && isRequired !== (side === 'answer')) {
    walk.faults.push(`${path}: a list is required in answers and optional in requests`);
  }
  if (field.fieldKind === 'scalar' || field.fieldKind === 'enum') {
    const isOptional = field.presence === Presence.EXPLICIT;
    if (isOptional === isRequired) walk.faults.push(`${path}: optional on one side only`);
  }
  if (field.fieldKind === 'map' && isRequired) walk.faults.push(`${path}: a map is optional`);
  const found = typeOf(field);
  const item = isList ? ((schema.items ?? {}) as PlainSchema) : schema;
  const expected = expectedType(field, item);
  if (found !== expected) walk.faults.push(`${path}: ${found}, not ${expected}`);
  else if (field.enum !== undefined) noteWords(walk, field.enum, item.enum ?? [], path);
  else if (field.message?.file === field.parent.file) {
    compareFields(walk, field.message, item as unknown as Fields, 'answer');
  }
}

/** What a field holds, for a list what its items are; an enum is one, whatever its name. */
function typeOf(field: DescField): string {
  if (field.fieldKind === 'map') {
    const value = field.mapKind === 'scalar' ? ScalarType[field.scalar] : field.mapKind;
    return `map of ${ScalarType[field.mapKey]} to ${value}`;
  }
  if (field.enum !== undefined) return 'enum';
  if (field.message === undefined) return ScalarType[field.scalar as ScalarType] ?? 'nothing';
  return field.message.file === field.parent.file ? field.message.name : field.message.typeName;
}

function expectedType(field: DescField, schema: PlainSchema): string {
  if (schema.enum !== undefined) return areWords(schema.enum) ? 'enum' : 'STRING';
  if (schema.const === true || schema.type === 'boolean') return 'BOOL';
  if (schema.type === 'integer') {
    const isLong = longCounters[field.parent.name]?.includes(field.jsonName);
    return isLong ? 'UINT64' : 'UINT32';
  }
  if (schema.type === 'string') return expectedText(schema);
  if (schema.type !== 'object') return `no type for ${JSON.stringify(schema)}`;
  const [values] = Object.values(schema.patternProperties ?? {});
  if (values?.type === 'string') return 'map of STRING to STRING';
  if (values !== undefined) return 'google.protobuf.Struct';
  return schema.title ?? 'a message: the schema needs a title';
}

function expectedText({ format, examples }: PlainSchema): string {
  if (format === 'date-time') return 'google.protobuf.Timestamp';
  // The one mark of a duration in a schema is how its example is written.
  return /^[0-9]+([.][0-9]+)?s$/.test(String(examples?.[0])) ? 'google.protobuf.Duration' : 'STRING';
}

/** Words of others (`GET`) are text: an enum would change how they are written. */
function areWords(words: readonly string[]): boolean {
  return words.every((word) => /^[a-z0-9-]+$/.test(word));
}

function wordsOf(enumeration: DescEnum): readonly string[] {
  return enumeration.values.slice(1).map(({ name }) => wordOf(enumeration, name));
}

function noteWords(walk: Walk, enumeration: DescEnum, words: readonly string[], path: string): void {
  const known = wordsOf(enumeration);
  for (const word of words) {
    if (!known.includes(word)) walk.faults.push(`${path}: ${enumeration.name} has no ${word}`);
  }
  const noted = walk.words.get(enumeration) ?? new Set();
  walk.words.set(enumeration, noted.union(new Set(words)));
}

/** An enum may be used with some of its words here and others there: together they are all of them. */
function compareWords(walk: Walk, enumeration: DescEnum): void {
  const used = walk.words.get(enumeration);
  const [first] = enumeration.values;
  if (first?.number !== 0 || !first.name.endsWith('_UNSPECIFIED')) {
    walk.faults.push(`${enumeration.name}: must begin with unspecified, 0`);
  }
  for (const word of wordsOf(enumeration)) {
    if (used?.has(word) !== true) walk.faults.push(`${enumeration.name}: ${word} is not in the table`);
  }
}
