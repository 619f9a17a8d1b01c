// What schemas are made of: objects without unknown fields, and the kinds of values with their descriptions.
import { type TProperties, Type } from 'typebox';
import { nameLengthMax, reasonLengthMax } from '../lib/limits.ts';

/** An object inside another one. */
export function object<T extends TProperties>(properties: T, description: string) {
  return Type.Object(properties, { description, additionalProperties: false });
}
/** An object with a name of its own: a component of OpenAPI, a message of the protobuf contract. */
export function shape<T extends TProperties>(title: string, properties: T, description: string) {
  return Type.Object(properties, { title, description, additionalProperties: false });
}
export function words<const T extends string>(values: readonly T[], description: string) {
  return Type.Unsafe<T>({ type: 'string', enum: values, description });
}
export const text = (description: string, example: string) =>
  Type.String({ description, examples: [example] });
export const count = (description: string) => Type.Integer({ description, minimum: 0 });
export const time = (description: string) => Type.String({ description, format: 'date-time' });
export const duration = (description: string) => Type.String({ description, examples: ['0.500s'] });

export const Name = Type.String({
  minLength: 1,
  maxLength: nameLengthMax,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
  description: 'name of the configuration file',
  examples: ['nginx0-ams'],
});

export const Reason = Type.Optional(
  Type.String({
    maxLength: reasonLengthMax,
    description: 'why; kept with the override',
    examples: ['reboot'],
  }),
);
