import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { Type } from 'typebox';
import { version } from '../version.ts';
import { EventShape, WatchQuery } from './event-schemas.ts';
import { buildOpenApi, type DocumentedOperation } from './openapi.ts';
import { exampleOf, type JsonSchema } from './openapi-example.ts';
import { operations } from './operations.ts';
import { shape, text } from './schema-parts.ts';
import { Empty } from './schemas.ts';

interface Media {
  readonly schema: object;
  readonly example: unknown;
}
interface Response {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, Media>>;
}
interface DocumentOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { $ref?: string; name?: string; in?: string; schema?: object }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Response>>;
  readonly security: readonly object[];
}
interface Document {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentOperation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Response>>>>;
}

const build = (rows: readonly DocumentedOperation[]) => buildOpenApi(rows, { version }) as Document;
const document = build(operations);
const row = {
  rpc: 'GetThing',
  verb: 'GET',
  path: '/things',
  role: 'viewer',
  summary: 'a thing',
  params: Empty,
  query: Empty,
  body: Empty,
} as const;
const watchRow: DocumentedOperation = {
  ...row,
  rpc: 'WatchEvents',
  path: '/events',
  query: WatchQuery,
  response: EventShape,
  streams: true,
};

function operationsOf({ paths }: Document): DocumentOperation[] {
  return Object.values(paths).flatMap((path) => Object.values(path));
}
function operationOf(from: Document, id: string): DocumentOperation {
  const found = operationsOf(from).find(({ operationId }) => operationId === id);
  assert.ok(found, id);
  return found;
}

test('openapi/openapi.json is what the table of operations says', () => {
  const committed = readFileSync(new URL('../../../openapi/openapi.json', import.meta.url), 'utf8');
  const built = `${JSON.stringify(document, null, 2)}\n`;
  assert.ok(committed === built, 'openapi/openapi.json is out of date: npm run openapi, and commit it');
});

test('every operation is there, once, with a tag that is explained', () => {
  const ids = operationsOf(document).map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const { rpc, verb, path, role } of operations) {
    const operation = document.paths[`/api/v1${path}`]?.[verb.toLowerCase()];
    assert.equal(operation?.operationId, rpc.charAt(0).toLowerCase() + rpc.slice(1));
    const known = document.tags.map(({ name }) => name);
    for (const tag of operation.tags) assert.ok(known.includes(tag), tag);
    // Callers on this machine show nothing, so nothing is always among the ways.
    assert.equal(operation.security.length, role === 'operator' ? 4 : 1, rpc);
    assert.deepEqual(operation.security.at(-1), {});
    assert.equal('403' in operation.responses, role === 'operator', rpc);
  }
  assert.equal(ids.length, operations.length + 2, 'and the two health endpoints');
});

test('refusals are those of the operation', () => {
  const statuses = (id: string) => Object.keys(operationOf(document, id).responses).join(' ');
  assert.equal(statuses('getVersion'), '200 400 401 429 500 503');
  assert.equal(statuses('listBackends'), '200 304 400 401 404 429 500 503');
  assert.equal(statuses('pauseBackend'), '200 400 401 403 404 409 413 415 429 500 503');
  assert.equal(statuses('enableBackend'), '200 400 401 403 404 413 415 429 500 503');
  assert.equal(statuses('checkConfig'), '200 400 401 403 413 415 429 500 503');
});

test('every example fits its schema, every reference leads somewhere', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  const withEvents = build([...operations.filter(({ rpc }) => rpc !== watchRow.rpc), watchRow]);
  ajv.addSchema({ $id: 'doc:', ...withEvents });
  const inDocument = (schema: object) =>
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"doc:#/components'));
  let count = 0;
  const check = (where: string, { content = {} }: Response) => {
    for (const { schema, example } of Object.values(content)) {
      const validate = ajv.compile(inDocument(schema));
      assert.ok(validate(example), `${where}: ${ajv.errorsText(validate.errors)}`);
      count += 1;
    }
  };
  for (const operation of operationsOf(withEvents)) {
    const { operationId, requestBody, responses, parameters = [] } = operation;
    if (requestBody) check(`${operationId} request`, requestBody);
    for (const response of Object.values(responses)) {
      const [, , group = '', name = ''] = response.$ref?.split('/') ?? [];
      const target = response.$ref ? withEvents.components[group]?.[name] : response;
      assert.ok(target, `${operationId}: ${response.$ref}`);
      check(operationId, target);
    }
    for (const { schema } of parameters) if (schema) ajv.compile(inDocument(schema));
  }
  assert.ok(count > 150, String(count));
});

test('a stream is text/event-stream of its schema, with Last-Event-ID', () => {
  const watch = operationOf(build([watchRow]), 'watchEvents');
  const content = watch.responses['200']?.content;
  assert.deepEqual(Object.keys(content ?? {}), ['text/event-stream']);
  const media = content?.['text/event-stream'];
  assert.deepEqual(media?.schema, { $ref: '#/components/schemas/Event' });
  const example = media.example as Record<string, unknown>;
  assert.equal(example['kind'], 'backend');
  assert.deepEqual(Object.keys(example), ['id', 'at', 'kind', 'backend'], 'the one field that kind names');
  assert.ok(watch.parameters?.some(({ $ref }) => $ref === '#/components/parameters/LastEventId'));
  const kind = watch.parameters?.find(({ name }) => name === 'kind');
  assert.equal((kind as { explode?: boolean }).explode, true);
});

test('two shapes with one title are refused, one shape in two places is not', () => {
  const thing = () => shape('Thing', { name: text('its name', 'one') }, 'a thing');
  const other = shape('Thing', { size: text('its size', 'big') }, 'another thing');
  const list = (item: ReturnType<typeof thing>) => shape('List', { things: Type.Array(item) }, 'things');
  const rows = (last: DocumentedOperation['response']): DocumentedOperation[] => [
    { ...row, response: list(thing()) },
    { ...row, rpc: 'GetOther', path: '/other', response: last },
  ];
  assert.deepEqual(Object.keys(build(rows(thing())).components['schemas'] ?? {}), [
    'List',
    'Problem',
    'Thing',
  ]);
  assert.throws(() => build(rows(other)), /two shapes have the title Thing/);
});

test('a body is optional where nothing in it is required', () => {
  assert.equal(operationOf(document, 'pauseBackend').requestBody?.required, false);
  const needed = {
    ...row,
    verb: 'POST',
    body: shape('Wish', { what: text('what', 'tea') }, 'a wish'),
  } as const;
  const operation = operationOf(build([{ ...needed, response: Empty }]), 'getThing');
  assert.equal(operation.requestBody?.required, true);
});

test('examples of schemas', () => {
  const table: readonly [schema: JsonSchema, example: unknown][] = [
    [{ type: 'string', examples: ['a', 'b'] }, 'a'],
    [{ type: 'boolean', examples: [false] }, false],
    [{ const: 3 }, 3],
    [{ enum: ['x', 'y'] }, 'x'],
    [{ type: 'integer', minimum: 1 }, 1],
    [{ type: 'boolean', default: false }, false],
    [{ type: 'array', items: { type: 'string' } }, ['text']],
    [{ type: 'string', format: 'date-time' }, '2026-11-23T12:00:00.000Z'],
    [{ type: 'object', properties: { a: { type: 'string' }, b: { const: 1 } }, required: ['b'] }, { b: 1 }],
  ];
  for (const [schema, example] of table) assert.deepEqual(exampleOf(schema), example);
  assert.throws(() => exampleOf({ type: 'null' }), /no example/);
});
