// An example value for a schema, made of the `examples` that its fields carry. Pure; knows no operation.
import assert from 'node:assert/strict';

/** What of a JSON schema matters here; TypeBox makes no others for the API. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
}

/** The time of all examples. */
const exampleTime = '2026-11-23T12:00:00.000Z';

/**
 * A value that fits `schema`: the first of its `examples`, or what its fields give. Of the optional fields of
 * an object it has those that are objects or carry an example; of a union by `kind` the one that it names.
 */
export function exampleOf(schema: JsonSchema): unknown {
  if (schema.examples?.[0] !== undefined) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return exampleObject(schema);
    case 'array':
      return schema.items ? [exampleOf(schema.items)] : [];
    case 'string':
      return schema.format === 'date-time' ? exampleTime : 'text';
    case 'integer':
    case 'number':
      return schema.default ?? schema.minimum ?? 0;
    case 'boolean':
      return schema.default ?? true;
    default:
      assert.fail(`no example for a schema of type ${schema.type}`);
  }
}

function exampleObject({ properties = {}, required = [] }: JsonSchema): object {
  const kinds = properties['kind']?.enum ?? [];
  const kind = properties['kind'] && exampleOf(properties['kind']);
  const isShown = ([name, field]: [string, JsonSchema]) => {
    if (required.includes(name)) return true;
    if (kinds.includes(name)) return name === kind;
    return field.examples !== undefined || field.properties !== undefined;
  };
  const fields = Object.entries(properties).filter(isShown);
  return Object.fromEntries(fields.map(([name, field]) => [name, exampleOf(field)]));
}
