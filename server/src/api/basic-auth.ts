// HTTP Basic (RFC 7617) as @fastify/basic-auth reads it, for whatever comes through Fastify: REST, Connect
// and gRPC. It must not know which passwords are right: that is for identify.ts, like every other credential.
import basicAuth from '@fastify/basic-auth';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { challenge } from './access.ts';
import { ApiError } from './errors.ts';

export interface Password {
  readonly name: string;
  readonly secret: string;
}

/** Reads a request's `Authorization: Basic`; undefined without one. Rejects with ApiError when garbled. */
export type ReadPassword = (request: FastifyRequest) => Promise<Password | undefined>;

/** Registers the plugin; the function works once the app is ready. */
export function registerBasicAuth(app: FastifyInstance): ReadPassword {
  const read = new WeakMap<FastifyRequest, Password>();
  app.register(basicAuth, {
    validate: async (name, secret, request) => {
      read.set(request, { name, secret });
    },
  });
  return async (request) => {
    const { authorization } = request.headers;
    if (authorization === undefined || !/^basic( |$)/i.test(authorization)) return undefined;
    const failure = await runHook(app, request);
    const password = read.get(request);
    if (failure === undefined && password !== undefined) return password;
    const message = 'the Authorization header is not Basic with name:password in UTF-8 and base64 (RFC 7617)';
    throw new ApiError('unauthenticated', message, [], { 'www-authenticate': challenge(request.headers) });
  };
}

/** The plugin answers through a callback, and asks of the reply only what `authenticate` would put there. */
function runHook(app: FastifyInstance, request: FastifyRequest): Promise<Error | undefined> {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  const reply = undefined as unknown as FastifyReply;
  app.basicAuth.call(app, request, reply, (error?: Error) => resolve(error));
  return promise;
}
