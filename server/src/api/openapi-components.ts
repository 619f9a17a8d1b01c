// The parts of the OpenAPI document that operations share: named schemas, refusals, headers, ways to show who
// one is. Pure.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { requestBodyBytesMax, requestIdLengthMax } from '../lib/limits.ts';
import { ApiError, type ErrorCode, errorTable, internalError, Problem, problemOf } from './errors.ts';
import type { JsonSchema } from './openapi-example.ts';

/** Collects schemas with a title, each once. */
export interface SchemaCollection {
  /** The schema as the document has it: a reference where it has a title, plain JSON otherwise. */
  readonly refer: (schema: JsonSchema) => object;
  /** All named schemas so far, by name. */
  readonly named: () => Readonly<Record<string, object>>;
}

export function collectSchemas(): SchemaCollection {
  const named = new Map<string, object>();
  const inline = ({ title: _, properties, items, ...rest }: JsonSchema): object => ({
    ...rest,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, refer(field)])),
    }),
    ...(items && { items: refer(items) }),
  });
  const refer = (schema: JsonSchema): object => {
    const { title } = schema;
    const body = inline(schema);
    if (title === undefined) return body;
    const known = named.get(title);
    assert.ok(known === undefined || isDeepStrictEqual(known, body), `two shapes have the title ${title}`);
    named.set(title, body);
    return { $ref: `#/components/schemas/${title}` };
  };
  const byName = () => [...named].sort(([one], [other]) => (one < other ? -1 : 1));
  return { refer, named: () => Object.fromEntries(byName()) };
}

const misfit = 'the request does not fit its schema';
const unknownField = { path: 'reasn', message: 'is no field of this request' };

/** A refusal as clients meet it, for each code: when it comes, and what the answer says. */
const refusals = {
  invalid_argument: {
    when: 'The request does not fit its schema; `faults` names every place.',
    example: new ApiError('invalid_argument', `${misfit}: ${unknownField.path}: ${unknownField.message}`, [
      unknownField,
    ]),
  },
  unauthenticated: {
    when: 'Credentials were shown and are wrong, or a change from elsewhere came without.',
    example: new ApiError('unauthenticated', 'wrong name or password'),
  },
  permission_denied: {
    when: 'The caller is a viewer, there are no credentials to show, or the page of another site asks.',
    example: new ApiError(
      'permission_denied',
      'alice is a viewer and cannot change anything: give it the role operator in the auth file',
    ),
  },
  not_found: {
    when: 'What the request names does not exist.',
    example: new ApiError('not_found', 'backend nginx9-ams: no such backend (did you mean nginx0-ams?)'),
  },
  failed_precondition: {
    when: 'The state of things does not allow it now.',
    example: new ApiError(
      'failed_precondition',
      'backend nginx0-ams: it is disabled and cannot be paused; enable it first',
    ),
  },
  payload_too_large: {
    when: `The body is longer than ${requestBodyBytesMax / 1024} KiB.`,
    example: new ApiError('payload_too_large', 'Request body is too large'),
  },
  unsupported_media_type: {
    when: 'The body is no `application/json`.',
    example: new ApiError('unsupported_media_type', 'the body is to be application/json, not text/plain'),
  },
  resource_exhausted: {
    when: 'Too many wrong credentials or too many streams. `Retry-After` says when to ask again.',
    example: new ApiError(
      'resource_exhausted',
      'too many wrong credentials from 192.0.2.7: ask again in 30 s',
    ),
  },
  unavailable: {
    when: 'maglevd is starting, the change cannot be stored, or VPP is needed and not connected.',
    example: new ApiError('unavailable', 'VPP is not-responding: no answer to control_ping within 5 s'),
  },
  internal: {
    when: 'A bug of maglevd; its log says more.',
    example: internalError(),
  },
} as const satisfies Partial<Record<ErrorCode, { when: string; example: ApiError }>>;

/** Codes that an operation of the document can answer. */
export type DocumentedCode = keyof typeof refusals;

const componentOf = (code: string) =>
  code.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** `responses` of an operation: each code by its HTTP status, in the order of the statuses. */
export function referToRefusals(codes: readonly DocumentedCode[]): Record<string, object> {
  const entries = codes.map((code): [string, object] => [
    String(errorTable[code].status),
    { $ref: `#/components/responses/${componentOf(code)}` },
  ]);
  return Object.fromEntries(entries);
}

export function refusalComponents(schemas: SchemaCollection): Record<string, object> {
  const schema = schemas.refer({ ...(Problem as unknown as JsonSchema), title: 'Problem' });
  const entries = Object.entries(refusals).map(([code, { when, example }]) => {
    const headers = { 'x-request-id': { $ref: '#/components/headers/RequestId' } };
    const retry = code === 'resource_exhausted' && {
      'retry-after': { $ref: '#/components/headers/RetryAfter' },
    };
    const ask = code === 'unauthenticated' && {
      'www-authenticate': { $ref: '#/components/headers/WwwAuthenticate' },
    };
    const content = { 'application/problem+json': { schema, example: problemOf(example) } };
    return [componentOf(code), { description: when, headers: { ...headers, ...retry, ...ask }, content }];
  });
  return Object.fromEntries(entries);
}

export const headerComponents = {
  RequestId: {
    description:
      'Id of the request: the one that it brought, or a new one. Log lines and events have it too.',
    schema: { type: 'string', maxLength: requestIdLengthMax },
    example: '7f1c9c0e',
  },
  ETag: {
    description: 'Changes with the content; give it back in `If-None-Match`.',
    schema: { type: 'string' },
    example: '"3q2-7w"',
  },
  RetryAfter: {
    description: 'Seconds to wait.',
    schema: { type: 'integer', minimum: 1 },
    example: 30,
  },
  WwwAuthenticate: {
    description: 'What can be shown; absent where maglevd has no `--auth-file`.',
    schema: { type: 'string' },
    example: 'Basic realm="maglevd", charset="UTF-8", Bearer realm="maglevd"',
  },
} as const;

export const parameterComponents = {
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` of an earlier answer: 304 without a body while nothing has changed.',
    schema: { type: 'string', maxLength: 1024 },
    example: '"3q2-7w"',
  },
  LastEventId: {
    name: 'Last-Event-ID',
    in: 'header',
    description: 'Continue behind this event; browsers send it by themselves when they connect again.',
    schema: { type: 'string', maxLength: 64 },
    example: 'mf3k2-1017',
  },
} as const;

export const securitySchemes = {
  basic: { type: 'http', scheme: 'basic', description: 'User and password of a line of `--auth-file`.' },
  bearer: { type: 'http', scheme: 'bearer', description: 'Token of a line of `--auth-file`.' },
  mutualTLS: {
    type: 'mutualTLS',
    description:
      'A client certificate signed by a CA of `--tls-client-ca`; its name may stand in `--auth-file`.',
  },
} as const;
