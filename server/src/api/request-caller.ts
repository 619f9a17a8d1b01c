// Who asks, for a Fastify request of any protocol: worked out once, and the same for the access check, the
// handler, the log and the audit. It must not decide anything itself.
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { requestIdLengthMax } from '../lib/limits.ts';
import type { IdentifiedCaller } from './access.ts';
import { registerBasicAuth } from './basic-auth.ts';
import type { Access } from './identify.ts';
import type { Connection } from './port-connection.ts';

const prefixBytes = 6;

/** Ids for requests that bring none: unlike those of another run, and cheap. */
export function createRequestIds(): () => string {
  const prefix = randomBytes(prefixBytes).toString('base64url');
  let count = 0;
  return () => `${prefix}-${++count}`;
}

export interface RequestCallerOptions {
  readonly access: Access;
  readonly connectionOf: (raw: FastifyRequest['raw']) => Connection;
}

export interface RequestCaller {
  /** Rejects with ApiError as `Access.identify` does. */
  callerOf(request: FastifyRequest): Promise<IdentifiedCaller>;
  /** The same without what it shows: for the audit of a request whose credentials were refused. */
  strangerOf(request: FastifyRequest): IdentifiedCaller;
}

const requestIdForm = new RegExp(`^[A-Za-z0-9._-]{1,${requestIdLengthMax}}$`);

/**
 * The client's own `x-request-id`, if it is one: for Fastify's `genReqId`. To be answered in the same header.
 */
export function clientRequestId(headers: FastifyRequest['headers']): string | undefined {
  const own = headers['x-request-id'];
  return typeof own === 'string' && requestIdForm.test(own) ? own : undefined;
}

/** Call before the app is ready: it registers a plugin. */
export function createRequestCaller(app: FastifyInstance, options: RequestCallerOptions): RequestCaller {
  const { access, connectionOf } = options;
  const readPassword = registerBasicAuth(app);
  const callers = new WeakMap<FastifyRequest, Promise<IdentifiedCaller>>();

  const visitOf = (request: FastifyRequest) => ({
    connection: connectionOf(request.raw),
    headers: request.headers,
    requestId: request.id,
  });

  async function identify(request: FastifyRequest): Promise<IdentifiedCaller> {
    const password = await readPassword(request);
    return access.identify({ ...visitOf(request), ...(password && { password }) });
  }

  return {
    callerOf(request) {
      const known = callers.get(request);
      if (known !== undefined) return known;
      const caller = identify(request);
      callers.set(request, caller);
      return caller;
    },
    strangerOf: (request) => access.stranger(visitOf(request)),
  };
}
