// What schemas are made of: objects without unknown fields, and the kinds of values with their descriptions.
import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { nameLengthMax, reasonLengthMax } from '../lib/limits.ts';

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** What a schema describes, as answers are handed on: nobody writes to them. */
export type Json<Schema extends TSchema> = Frozen<Static<Schema>>;

function asExamples<T>(example: T | undefined) {
  return example === undefined ? {} : { examples: [example] };
}

/** An object inside another one. */
export function object<T extends TProperties>(properties: T, description: string) {
  return Type.Object(properties, { description, additionalProperties: false });
}
/** An object with a name of its own: a component of OpenAPI, a message of the protobuf contract. */
export function shape<T extends TProperties>(title: string, properties: T, description: string) {
  return Type.Object(properties, { title, description, additionalProperties: false });
}
export function words<const T extends string>(values: readonly T[], description: string, example?: T) {
  return Type.Unsafe<T>({ type: 'string', enum: values, description, ...asExamples(example) });
}
export const text = (description: string, example: string) =>
  Type.String({ description, examples: [example] });
export const count = (description: string, example?: number) =>
  Type.Integer({ description, minimum: 0, ...asExamples(example) });
export const time = (description: string) => Type.String({ description, format: 'date-time' });
export const duration = (description: string, example = '0.500s') =>
  Type.String({ description, examples: [example] });

const nameLike = (example: string) =>
  Type.String({
    minLength: 1,
    maxLength: nameLengthMax,
    pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
    description: 'name of the configuration file',
    examples: [example],
  });

/** Names of the configuration file; they differ in their example. */
export const Name = nameLike('nginx0-ams');
export const FrontendName = nameLike('www-v4');
export const PoolName = nameLike('primary');
export const HealthCheckName = nameLike('http-ok');

export const Reason = Type.Optional(
  Type.String({
    maxLength: reasonLengthMax,
    description: 'why; kept with the override',
    examples: ['reboot'],
  }),
);
