// REST from the table of operations: routes, strict validation, problem documents. No business line lives
// here.
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Control } from '../control.ts';
import { quotedLengthMax } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';
import { requireRole } from './access.ts';
import { entityTag, namesTag } from './entity-tag.ts';
import { ApiError, type ErrorCode, errorTable, problemOf } from './errors.ts';
import type { LbAccess } from './handlers.ts';
import { type Operation, operations } from './operations.ts';

export const apiPrefix = '/api/v1';

export interface RestOptions {
  readonly control: Control;
  /** Absent where no VPP is configured. */
  readonly lb?: LbAccess;
  readonly log: Log;
}

const strict = { removeAdditional: false, useDefaults: false, allErrors: true } as const;
/** Bodies are taken as they are: nothing is coerced, nothing removed, every fault is named. */
const bodyAjv = new Ajv2020({ ...strict, coerceTypes: false });
/** What stands in a URL is text: it is read as what its schema asks for, and one value as a list of one. */
const urlAjv = new Ajv2020({ ...strict, coerceTypes: 'array' });
for (const ajv of [bodyAjv, urlAjv]) formats.default(ajv);

/** Registers every operation, and the answers for what is no operation. */
export function registerRest(app: FastifyInstance, options: RestOptions): void {
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const validate = (httpPart === 'body' ? bodyAjv : urlAjv).compile(schema as object);
    return (data) => {
      if (validate(data)) return { value: data };
      return {
        error: new ApiError(
          'invalid_argument',
          'the request does not fit its schema',
          faultsOf(validate.errors),
        ),
      };
    };
  });
  // Answers keep the order in which the views build them; a test holds every one against its schema.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    if (text === '') return done(null, {});
    try {
      done(null, JSON.parse(text as string));
    } catch (error) {
      done(new ApiError('invalid_argument', `the body is not JSON: ${(error as Error).message}`));
    }
  });
  app.setErrorHandler((error: FastifyError, request, reply) =>
    sendProblem(asApiError(error, options.log, request), reply),
  );
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0];
    const message = `${request.method} ${path}: no such resource (the API is under ${apiPrefix})`;
    sendProblem(new ApiError('not_found', message), reply);
  });
  for (const operation of operations) addRoute(app, operation, options);
  refuseOtherVerbs(app);
}

/** The peer's address as people write it: IPv4 as IPv4, also on a socket that serves both families. */
function peerAddress(request: FastifyRequest): string {
  return request.ip.startsWith('::ffff:') ? request.ip.slice('::ffff:'.length) : request.ip;
}

/** Some clients name a type for nothing (`curl -d ''`). */
function hasNoBody(request: FastifyRequest): boolean {
  return request.headers['content-length'] === '0';
}

function routePath(operation: Operation): string {
  return apiPrefix + operation.path.replaceAll(/\{([a-z]+)\}/g, ':$1');
}

function addRoute(app: FastifyInstance, operation: Operation, { control, lb }: RestOptions): void {
  const { verb, params, query, body, response, role } = operation;
  const handler = operation.handler as (context: object, request: object) => unknown;
  app.route({
    method: verb,
    url: routePath(operation),
    schema: {
      params,
      querystring: query,
      response: { 200: response },
      ...(verb === 'GET' ? {} : { body }),
    },
    onRequest: async (request) => {
      requireRole({ address: peerAddress(request), headers: request.headers }, role);
      if (hasNoBody(request)) delete request.headers['content-type'];
      if (!control.isStarted()) throw new ApiError('unavailable', 'maglevd is starting: ask again');
    },
    // Nothing in the body and no body are the same; a body of `null` is a body, and wrong.
    preValidation: async (request) => {
      if (request.headers['content-type'] === undefined) request.body = {};
    },
    ...(operation.isTagged && { onSend: answerTagged }),
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const { body: given, query: asked, params: named } = request;
      const fields = { ...(given as object | null), ...(asked as object), ...(named as object) };
      const context = { control, caller: { address: peerAddress(request) }, ...(lb && { lb }) };
      return handler(context, fields);
    },
  });
}

/** Adds the entity tag; a client that holds these very bytes gets none. */
async function answerTagged(request: FastifyRequest, reply: FastifyReply, payload: unknown) {
  if (reply.statusCode !== 200 || typeof payload !== 'string') return payload;
  const tag = entityTag(payload);
  reply.header('etag', tag);
  if (!namesTag(request.headers['if-none-match'], tag)) return payload;
  reply.code(304);
  return null;
}

/** A verb that a path does not have is answered with those that it has. */
function refuseOtherVerbs(app: FastifyInstance): void {
  const verbsOf = new Map<string, string[]>();
  for (const operation of operations) {
    const path = routePath(operation);
    verbsOf.set(path, [...(verbsOf.get(path) ?? []), operation.verb]);
  }
  for (const [url, verbs] of verbsOf) {
    const allowed = [...(verbs.includes('GET') ? ['HEAD', ...verbs] : verbs), 'OPTIONS'];
    app.options(url, (_request, reply) => reply.code(204).header('allow', allowed.join(', ')).send());
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((verb) => !allowed.includes(verb)),
      url,
      exposeHeadRoute: false,
      handler: (request, reply) => {
        const message = `${request.method} is not possible here: ${allowed.join(', ')}`;
        sendProblem(new ApiError('method_not_allowed', message), reply.header('allow', allowed.join(', ')));
      },
    });
  }
}

function faultsOf(errors: readonly ErrorObject[] | null | undefined): ApiError['faults'] {
  return (errors ?? []).map((error) => {
    const unknown = error.keyword === 'additionalProperties' ? `/${error.params['additionalProperty']}` : '';
    const message = unknown ? 'is no field of this request' : (error.message ?? 'does not fit');
    return { path: (error.instancePath + unknown).slice(1).replaceAll('/', '.'), message };
  });
}

/** What Fastify itself refuses, in our words. */
const fastifyCodes: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_argument',
  413: 'payload_too_large',
  414: 'invalid_argument',
  415: 'unsupported_media_type',
  503: 'unavailable',
};

function asApiError(error: FastifyError | ApiError, log: Log, request: FastifyRequest): ApiError {
  if (error instanceof ApiError) return error;
  const code = fastifyCodes[error.statusCode ?? 500];
  if (code === 'unsupported_media_type') {
    const type = request.headers['content-type'] ?? 'none';
    return new ApiError(code, `the body is to be application/json, not ${type.slice(0, quotedLengthMax)}`);
  }
  if (code) return new ApiError(code, error.message);
  log.error('request-failed', {
    method: request.method,
    url: request.url,
    why: error.stack ?? error.message,
  });
  return new ApiError('internal', 'the request could not be answered; the log of maglevd says why');
}

function sendProblem(error: ApiError, reply: FastifyReply): void {
  const { status } = errorTable[error.code];
  const faults = error.faults.map(({ path, message }) => `${path || 'body'}: ${message}`).join('; ');
  const problem = problemOf(
    faults ? new ApiError(error.code, `${error.message}: ${faults}`, error.faults) : error,
  );
  reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .header('cache-control', 'no-store')
    .serializer((value: unknown) => JSON.stringify(value))
    .send(problem);
}
