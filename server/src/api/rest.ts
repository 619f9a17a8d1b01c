// REST from the table of operations: routes, strict validation, problem documents. No business line lives
// here.
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { quotedLengthMax } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';
import type { Caller } from './caller.ts';
import { entityTag, namesTag } from './entity-tag.ts';
import { ApiError, asApiError, type ErrorCode, errorTable, problemOf, startingError } from './errors.ts';
import type { Gate } from './gate.ts';
import type { Operation } from './operations.ts';
import { detailOf, faultsOf, refusedRequest, strictAjv } from './request-check.ts';

export const apiPrefix = '/api/v1';

export interface RestOptions {
  /** The table; streams are routed elsewhere. */
  readonly operations: readonly Operation[];
  readonly gate: Gate;
  readonly isStarted: () => boolean;
  readonly log: Log;
}

/** What stands in a URL is text: it is read as what its schema asks for, and one value as a list of one. */
const urlAjv = new Ajv2020({
  coerceTypes: 'array',
  removeAdditional: false,
  useDefaults: false,
  allErrors: true,
});
formats.default(urlAjv);

/** Sets how all routes read and refuse. Before any route is added. */
export function prepareRest(app: FastifyInstance, log: Log): void {
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const validate = (httpPart === 'body' ? strictAjv : urlAjv).compile(schema as object);
    return (data) =>
      validate(data) ? { value: data } : { error: refusedRequest(faultsOf(validate.errors)) };
  });
  // Answers keep the order in which the views build them; a test holds every one against its schema.
  app.setSerializerCompiler(() => serialize);
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
    sendProblem(refusalOf(error, log, request), reply),
  );
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0];
    const message = `${request.method} ${path}: no such resource (the API is under ${apiPrefix})`;
    sendProblem(new ApiError('not_found', message), reply);
  });
}

/** Of answers that are handed out again as long as nothing has changed. */
const keptTexts = new WeakMap<object, string>();

function serialize(answer: object): string {
  const kept = keptTexts.get(answer);
  if (kept !== undefined) return kept;
  const text = JSON.stringify(answer);
  keptTexts.set(answer, text);
  return text;
}

/** Registers every operation that is no stream, and the answers to verbs that a path does not have. */
export function registerRest(app: FastifyInstance, options: RestOptions): void {
  for (const operation of options.operations) if (!operation.streams) addRoute(app, operation, options);
  refuseOtherVerbs(app, options.operations);
}

/** Some clients name a type for nothing (`curl -d ''`). */
function hasNoBody(request: FastifyRequest): boolean {
  return request.headers['content-length'] === '0';
}

export function routePath(operation: Pick<Operation, 'path'>): string {
  return apiPrefix + operation.path.replaceAll(/\{([a-z]+)\}/g, ':$1');
}

/** Who asks, once it is known that they may. Throws ApiError, which is written down where it counts. */
export async function admit(gate: Gate, operation: Operation, request: FastifyRequest): Promise<Caller> {
  let caller: Caller | undefined;
  try {
    const identified = await gate.callerOf(request);
    caller = identified;
    gate.authorize(operation, identified, request);
    return identified;
  } catch (error) {
    if (error instanceof ApiError) {
      gate.record(operation, request, caller, request.params, { code: error.code, why: error.message });
    }
    throw error;
  }
}

function addRoute(app: FastifyInstance, operation: Operation, options: RestOptions): void {
  const { verb, params, query, body, response } = operation;
  const isRead = verb === 'GET';
  app.route({
    method: verb,
    url: routePath(operation),
    schema: { params, querystring: query, response: { 200: response }, ...(isRead ? {} : { body }) },
    onRequest: (request, _reply, done) => {
      if (!options.isStarted()) return done(startingError());
      if (hasNoBody(request)) delete request.headers['content-type'];
      // What everybody may read, and nothing shown that could be wrong: no need to wait.
      if (operation.role === 'viewer' && request.headers.authorization === undefined) return done();
      admit(options.gate, operation, request).then(() => done(), done);
    },
    ...(!isRead && { preValidation: takeNoBody }),
    ...(operation.isTagged && { onSend: answerTagged }),
    handler: isRead ? readHandler(operation, options.gate) : changeHandler(operation, options.gate),
  });
}

type Handler = (context: object, request: object) => unknown;

function readHandler(operation: Operation, gate: Gate) {
  const handler = operation.handler as Handler;
  return (request: FastifyRequest, reply: FastifyReply) => {
    const fields = { ...(request.query as object), ...(request.params as object) };
    const answer = handler(gate.readContext, fields);
    if (answer instanceof Promise) return answer;
    reply.send(answer);
    return reply;
  };
}

/** What it changes is written down, and what it could not change as well. */
function changeHandler(operation: Operation, gate: Gate) {
  const handler = operation.handler as Handler;
  return async (request: FastifyRequest) => {
    const fields = { ...(request.body as object | null), ...(request.params as object) };
    const caller = await gate.callerOf(request);
    try {
      const answer = await handler(gate.contextOf(caller), fields);
      gate.record(operation, request, caller, fields, { code: 'ok' });
      return answer;
    } catch (error) {
      const refusal = error instanceof ApiError ? error : new ApiError('internal', String(error));
      gate.record(operation, request, caller, fields, { code: refusal.code, why: refusal.message });
      throw error;
    }
  };
}

/** Nothing in the body and no body are the same; a body of `null` is a body, and wrong. */
async function takeNoBody(request: FastifyRequest): Promise<void> {
  if (request.headers['content-type'] === undefined) request.body = {};
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
function refuseOtherVerbs(app: FastifyInstance, operations: readonly Operation[]): void {
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

/** What Fastify itself refuses, in our words. */
const fastifyCodes: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_argument',
  // A method that Node parses and Fastify does not know: PRI, of a spoilt preface of HTTP/2.
  404: 'not_found',
  413: 'payload_too_large',
  414: 'invalid_argument',
  415: 'unsupported_media_type',
  503: 'unavailable',
};

function refusalOf(error: FastifyError | ApiError, log: Log, request: FastifyRequest): ApiError {
  if (error instanceof ApiError) return error;
  const code = fastifyCodes[error.statusCode ?? 500];
  if (code === 'unsupported_media_type') {
    const type = request.headers['content-type'] ?? 'none';
    return new ApiError(code, `the body is to be application/json, not ${type.slice(0, quotedLengthMax)}`);
  }
  if (code) return new ApiError(code, error.message);
  return asApiError(error, log, { method: request.method, url: request.url });
}

function sendProblem(error: ApiError, reply: FastifyReply): void {
  const problem = problemOf(new ApiError(error.code, detailOf(error), error.faults));
  reply
    .code(errorTable[error.code].status)
    .headers(error.headers)
    .header('content-type', 'application/problem+json')
    .header('cache-control', 'no-store')
    .serializer((value: unknown) => JSON.stringify(value))
    .send(problem);
}
