import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseConfig } from './parse.ts';
import { renderJsonSchema, rootSchema, type SchemaNode } from './schema.ts';

const validate = new Ajv2020({
  strict: true,
  strictRequired: false,
  strictTypes: false,
  allowUnionTypes: true,
}).compile(JSON.parse(renderJsonSchema()));

const valid = (check: object) => validate({ maglev: { healthchecks: { a: check } } });

test('the printed schema is a JSON Schema of draft 2020-12', () => {
  const schema = JSON.parse(renderJsonSchema());
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.equal(schema.title, 'maglev.yaml');
});

test('empty sections are valid, an empty backend is not', () => {
  assert.ok(validate({ maglev: null }));
  assert.ok(validate({ maglev: { vpp: null, healthchecks: null, backends: null, frontends: null } }));
  assert.ok(!validate({ maglev: { backends: { a: null } } }));
  assert.ok(!validate({}));
});

test('what depends on the type of a health check', () => {
  assert.ok(valid({ type: 'icmp' }));
  assert.ok(!valid({ type: 'icmp', port: 7 }));
  assert.ok(!valid({ type: 'icmp', params: { path: '/' } }));
  assert.ok(!valid({ type: 'tcp' }));
  assert.ok(valid({ type: 'tcp', port: 80, params: { tls: true } }));
  assert.ok(!valid({ type: 'http', port: 80, params: { tls: true } }));
  assert.ok(valid({ type: 'https', port: 443, params: { 'ca-file': '/a', path: '/' } }));
  assert.ok(!valid({ type: 'dns', port: 53 }));
});

test('port and protocol of a frontend go together', () => {
  const frontend = (extra: object) =>
    validate({
      maglev: {
        frontends: { a: { address: '192.0.2.1', pools: [{ name: 'p', backends: { b: null } }], ...extra } },
      },
    });
  assert.ok(frontend({}));
  assert.ok(frontend({ protocol: 'tcp', port: 80 }));
  assert.ok(!frontend({ protocol: 'tcp' }));
  assert.ok(!frontend({ port: 80 }));
});

/** Every property in the schema, with its path. */
function walk(schema: SchemaNode, path: string, visit: (path: string, schema: SchemaNode) => void): void {
  visit(path, schema);
  for (const [key, child] of Object.entries(schema.properties ?? {})) walk(child, `${path}.${key}`, visit);
  for (const child of Object.values(schema.patternProperties ?? {})) walk(child, `${path}.*`, visit);
  if (schema.items !== undefined) walk(schema.items, `${path}[]`, visit);
}

test('every section is closed and everything an operator can set is described', () => {
  let keys = 0;
  walk(rootSchema, '', (path, schema) => {
    keys += 1;
    const { additionalProperties, description } = schema as {
      additionalProperties?: boolean;
      description?: string;
    };
    if (schema.type === 'object') assert.equal(additionalProperties, false, path);
    const isItem = path === '' || path.endsWith('[]') || path.endsWith('.headers.*');
    if (!isItem) assert.ok(description !== undefined && description !== '', `${path} has no description`);
  });
  assert.ok(keys > 50);
});

/** A file that sets only `path` (and, beside it, what its rules need to look at it). */
function fileWith(path: string, value: string): string {
  return path
    .slice(1)
    .split('.')
    .reduceRight((inner, key) => {
      if (key === 'params')
        return `{ type: ${path.endsWith('.tls') ? 'tcp' : 'https'}, port: 1, params: ${inner} }`;
      if (key.endsWith('[]')) return `{ ${key.slice(0, -2)}: [${inner}] }`;
      return `{ ${key === '*' ? 'a' : key}: ${inner} }`;
    }, value);
}

function complaints(path: string, value: string): readonly string[] {
  const result = parseConfig(fileWith(path, value));
  const wanted = path.slice(1).replaceAll('*', 'a').replaceAll('[]', '[0]');
  return result.ok
    ? []
    : result.errors.filter((error) => error.path === wanted).map(({ message }) => message);
}

test('every default and every example is taken, and a number beyond every limit is not', () => {
  let checked = 0;
  walk(rootSchema, '', (path, { default: value, examples, minimum, maximum }) => {
    for (const given of [value, ...(examples ?? [])]) {
      if (given === undefined) continue;
      assert.deepEqual(complaints(path, JSON.stringify(given)), [], path);
      checked += 1;
    }
    if (minimum === undefined || maximum === undefined) return;
    assert.deepEqual(complaints(path, String(minimum)), [], path);
    assert.equal(complaints(path, String(minimum - 1)).length, 1, path);
    assert.equal(complaints(path, String(maximum + 1)).length, 1, path);
  });
  assert.ok(checked > 40);
});
