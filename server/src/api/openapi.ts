// The OpenAPI document, derived from the table of operations. Pure; knows no route, no socket, no file.
import {
  collectSchemas,
  type DocumentedCode,
  headerComponents,
  parameterComponents,
  referToRefusals,
  refusalComponents,
  type SchemaCollection,
  securitySchemes,
} from './openapi-components.ts';
import { exampleOf, type JsonSchema } from './openapi-example.ts';
import type { Operation } from './operations.ts';

export const openApiVersion = '3.1.1';
/** Where the operations are served. */
const prefix = '/api/v1';

/** What is read here of a row of the table. */
export type DocumentedOperation = Pick<
  Operation,
  'rpc' | 'verb' | 'path' | 'role' | 'summary' | 'params' | 'query' | 'body' | 'response'
> & {
  /** The answer carries an ETag. */
  readonly isTagged?: boolean;
  /** The answer is a stream of server-sent events, each one `response`. */
  readonly streams?: boolean;
};

const tags = {
  frontends: 'Frontends with their pools; the weights in them.',
  backends: 'Backends: state, history, and what an operator does to them.',
  healthchecks: 'Health checks as configured, defaults filled in.',
  overrides: 'What operators set beside the configuration file.',
  config: 'The configuration file: check it, take it over.',
  vpp: 'VPP: the connection, what it holds, its counters, repair.',
  events: 'One ordered log of what happens, as a stream.',
  daemon: 'The daemon itself: version and health.',
} as const;

const description = `maglevd probes the backends of a \`maglev.yaml\`, decides their state and programs the
\`lb\` (Maglev) plugin of VPP. This API reads what it knows and changes what operators may change.

JSON names are lowerCamelCase, times RFC 3339, durations proto JSON ("0.500s"). A field that does not apply is
absent, never an empty string. Lists are in the order of the configuration file. Unknown fields and wrong
types are refused. Every refusal is an RFC 9457 problem document, with the canonical code of gRPC in \`code\`.
The same operations are served as gRPC, gRPC-Web and Connect by the service \`maglev.v1.MaglevService\` on the
same port.

Reads are open to all. Changes need the operator role: callers from loopback and from the Unix socket have it;
others show credentials.`;

/** The document as a JSON value; equal tables give equal documents, to the byte. */
export function buildOpenApi(
  operations: readonly DocumentedOperation[],
  { version }: { readonly version: string },
): object {
  const schemas = collectSchemas();
  const responses = refusalComponents(schemas);
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = prefix + operation.path;
    paths[path] = { ...paths[path], [operation.verb.toLowerCase()]: describeOperation(operation, schemas) };
  }
  return {
    openapi: openApiVersion,
    info: {
      title: 'maglevd',
      summary: 'health checker and control plane for the lb (Maglev) plugin of VPP',
      description,
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'the maglevd that serves this document' }],
    tags: Object.entries(tags).map(([name, text]) => ({ name, description: text })),
    paths: { ...paths, ...healthPaths() },
    components: {
      schemas: schemas.named(),
      responses,
      headers: headerComponents,
      parameters: usedParameters(operations),
      securitySchemes,
    },
  };
}

function describeOperation(operation: DocumentedOperation, schemas: SchemaCollection): object {
  const { rpc, path, role, summary } = operation;
  const changes = role === 'operator';
  const parameters = describeParameters(operation, schemas);
  return {
    operationId: rpc.charAt(0).toLowerCase() + rpc.slice(1),
    tags: [tagOf(path)],
    summary,
    description: changes ? operatorText : 'Open to all.',
    ...(parameters.length > 0 && { parameters }),
    ...(operation.verb !== 'GET' && { requestBody: describeBody(operation, schemas) }),
    responses: describeResponses(operation, schemas),
    security: changes ? [{ basic: [] }, { bearer: [] }, { mutualTLS: [] }, {}] : [{}],
  };
}

const operatorText =
  'Needs the operator role. Callers from loopback and from the Unix socket have it and show nothing.';

function tagOf(path: string): keyof typeof tags {
  const [, first = ''] = path.split('/');
  return Object.hasOwn(tags, first) ? (first as keyof typeof tags) : 'daemon';
}

/** Those of the shared parameters that an operation refers to. */
function usedParameters(operations: readonly DocumentedOperation[]): object {
  const { IfNoneMatch, LastEventId } = parameterComponents;
  const streams = operations.some((operation) => operation.streams);
  return {
    ...(operations.some(({ isTagged }) => isTagged) && { IfNoneMatch }),
    ...(streams && { LastEventId }),
  };
}

function describeParameters(operation: DocumentedOperation, schemas: SchemaCollection): object[] {
  const { params, query, isTagged, streams } = operation;
  const parts = [
    ['path', params],
    ['query', query],
  ] as const;
  const parameters = parts.flatMap(([where, schema]) =>
    Object.entries((schema as unknown as JsonSchema).properties ?? {}).map(([name, field]) => {
      const { description: text, ...rest } = field;
      const required = where === 'path' || (schema.required ?? []).includes(name);
      // A list is the parameter repeated: ?state=down&state=unknown.
      const repeated = field.type === 'array' && { style: 'form', explode: true };
      return { name, in: where, required, description: text, ...repeated, schema: schemas.refer(rest) };
    }),
  );
  return [
    ...parameters,
    ...(isTagged ? [{ $ref: '#/components/parameters/IfNoneMatch' }] : []),
    ...(streams ? [{ $ref: '#/components/parameters/LastEventId' }] : []),
  ];
}

function describeBody({ body }: DocumentedOperation, schemas: SchemaCollection): object {
  const schema = body as unknown as JsonSchema;
  return {
    description: `${schema.description ?? 'the request'}; no body is the same as {}`,
    required: (schema.required ?? []).length > 0,
    content: { 'application/json': { schema: schemas.refer(schema), example: exampleOf(schema) } },
  };
}

function describeResponses(operation: DocumentedOperation, schemas: SchemaCollection): object {
  const schema = operation.response as unknown as JsonSchema;
  const type = operation.streams ? 'text/event-stream' : 'application/json';
  const requestId = { 'x-request-id': { $ref: '#/components/headers/RequestId' } };
  const tagged = { ...requestId, etag: { $ref: '#/components/headers/ETag' } };
  const text = schema.description ?? 'the answer';
  const ok = {
    description: operation.streams ? `a stream of events; the data of each is ${text}` : text,
    headers: operation.isTagged ? tagged : requestId,
    content: { [type]: { schema: schemas.refer(schema), example: exampleOf(schema) } },
  };
  const same = { 304: { description: 'nothing has changed', headers: tagged } };
  return { 200: ok, ...(operation.isTagged && same), ...referToRefusals(codesOf(operation)) };
}

/** Fields of a request that name something of the configuration. */
const nameFields: ReadonlySet<string> = new Set(['backend', 'frontend', 'pool', 'healthcheck']);

/** Refused for a disabled backend (overrides/actions.ts) and while warming up (dataplane/reconciler.ts). */
const conditional: ReadonlySet<string> = new Set(['PauseBackend', 'ResumeBackend', 'SyncVPPLBState']);

/** What an operation can answer besides 200. */
function codesOf(operation: DocumentedOperation): DocumentedCode[] {
  const changes = operation.role === 'operator';
  const { params, query, body } = operation;
  const fields = [params, query, body].flatMap((part) => Object.keys(propertiesOf(part)));
  const namesSomething = fields.some((field) => nameFields.has(field));
  const codes: (DocumentedCode | false)[] = [
    'invalid_argument',
    'unauthenticated',
    changes && 'permission_denied',
    namesSomething && 'not_found',
    conditional.has(operation.rpc) && 'failed_precondition',
    changes && 'payload_too_large',
    changes && 'unsupported_media_type',
    'resource_exhausted',
    'internal',
    'unavailable',
  ];
  return codes.filter((code) => code !== false);
}

function propertiesOf(schema: unknown): Readonly<Record<string, JsonSchema>> {
  return (schema as JsonSchema).properties ?? {};
}

/** The two paths outside `/api`, for supervisors and load balancers; server.ts answers them. */
function healthPaths(): Record<string, object> {
  const status = (word: string) => ({
    type: 'object',
    required: ['status'],
    properties: { status: { type: 'string', const: word } },
  });
  const readiness = (word: string) => ({
    type: 'object',
    required: ['status', 'vpp'],
    properties: {
      status: { type: 'string', const: word },
      vpp: {
        type: 'object',
        required: ['connection'],
        properties: {
          connection: {
            type: 'string',
            description: 'state of the connection to VPP, as in /api/v1/vpp/info; it does not decide',
            examples: ['connected'],
          },
        },
      },
    },
  });
  const answer = (text: string, schema: JsonSchema) => ({
    description: text,
    content: { 'application/json': { schema, example: exampleOf(schema) } },
  });
  const get = (operationId: string, summary: string, responses: object) => ({
    get: { operationId, tags: ['daemon'], summary, description: 'Open to all.', responses, security: [{}] },
  });
  return {
    '/healthz': get('getHealth', 'whether the process serves', {
      200: answer('it serves', status('ok')),
    }),
    '/readyz': get('getReadiness', 'whether the configuration is loaded and the ports listen', {
      200: answer('ready', readiness('ready')),
      503: answer('not yet', readiness('starting')),
    }),
  };
}
