// The structural stage: unknown keys and values of the wrong YAML type, held against the schema.
// It must not know what a value means.

import { nearestName } from '../lib/near-name.ts';
import type { DocumentNode, MapNode } from './document.ts';
import { childPath, type Path, quote } from './path.ts';
import type { Problems } from './problem.ts';
import type { SchemaNode } from './schema.ts';

/** Adds a problem for every key that the schema does not have and every value of another type. */
export function checkStructure(
  node: DocumentNode,
  schema: SchemaNode,
  path: Path | undefined,
  problems: Problems,
): void {
  const kinds = schema.anyOf ?? [schema];
  if (!kinds.some((kind) => hasType(node, kind))) {
    problems.add(path, node.offset, () => {
      return `must be ${describeTypes(schema)}, is ${describeNode(node)}${describeRemedy(node, schema)}`;
    });
  } else if (node.kind === 'map') {
    checkKeys(node, schema, path, problems);
  } else if (node.kind === 'seq' && schema.items !== undefined) {
    for (const [index, item] of node.items.entries()) {
      checkStructure(item, schema.items, childPath(path, index), problems);
    }
  }
}

function checkKeys(node: MapNode, schema: SchemaNode, path: Path | undefined, problems: Problems): void {
  const [everyName] = Object.values(schema.patternProperties ?? {});
  for (const [key, entry] of node.entries) {
    const known = everyName ?? ownProperty(schema, key);
    if (known !== undefined) checkStructure(entry.value, known, childPath(path, key), problems);
    else problems.add(childPath(path, key), entry.offset, () => describeUnknown(key, schema));
  }
}

/** The schema of a key; safe for keys such as `__proto__` and `constructor`. */
export function ownProperty(schema: SchemaNode, key: string): SchemaNode | undefined {
  return schema.properties !== undefined && Object.hasOwn(schema.properties, key)
    ? schema.properties[key]
    : undefined;
}

function describeUnknown(key: string, schema: SchemaNode): string {
  const known = Object.keys(schema.properties ?? {});
  const nearest = nearestName(key, known);
  if (nearest !== undefined) return `unknown key; did you mean ${quote(nearest)}?`;
  return `unknown key; known here: ${known.join(', ')}`;
}

/** An empty value is an empty section or list. */
function hasType(node: DocumentNode, schema: SchemaNode): boolean {
  switch (schema.type) {
    case 'object':
      return node.kind === 'map' || isEmpty(node);
    case 'array':
      return node.kind === 'seq' || isEmpty(node);
    case 'integer':
      return node.kind === 'scalar' && Number.isInteger(node.value);
    default:
      return node.kind === 'scalar' && typeof node.value === schema.type;
  }
}

function isEmpty(node: DocumentNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

const typeNames = {
  object: 'a mapping',
  array: 'a list',
  string: 'a string',
  integer: 'an integer',
  boolean: 'true or false',
};

function describeTypes(schema: SchemaNode): string {
  const kinds = schema.anyOf ?? [schema];
  const names = kinds.map(({ type }) => (type === undefined ? 'anything' : typeNames[type]));
  const isText = kinds.some(({ type }) => type === 'string');
  const example = isText ? schema.examples?.find((value) => typeof value === 'string') : undefined;
  const such = example === undefined ? '' : ` such as ${quote(String(example))}`;
  return names.join(' or ') + such;
}

/** A number or a boolean where a string would do is a string without its quotes. */
function describeRemedy(node: DocumentNode, schema: SchemaNode): string {
  if (schema.type !== 'string' || node.kind !== 'scalar' || node.value === null) return '';
  const { pattern, examples } = schema;
  const wouldDo = pattern === undefined ? examples === undefined : new RegExp(pattern).test(node.source);
  return wouldDo ? ': quote it' : '';
}

function describeNode(node: DocumentNode): string {
  if (node.kind === 'map') return 'a mapping';
  if (node.kind === 'seq') return 'a list';
  if (node.value === null) return 'empty';
  if (typeof node.value === 'string') return `the string ${quote(node.value)}`;
  return `the ${typeof node.value} ${quote(node.source)}`;
}
