// The one way in for every encoding: who asks, whether they may, what the handler gets, and what is written
// down of it. It must not know how a request was encoded.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type IdentifiedCaller, requireRole } from './access.ts';
import type { Audit, AuditOutcome } from './audit.ts';
import type { Caller } from './caller.ts';
import type { HandlerContext, ReadContext } from './handlers.ts';
import type { Access } from './identify.ts';
import type { Operation } from './operations.ts';
import { connectionOf } from './port-connection.ts';
import { createRequestCaller } from './request-caller.ts';

export interface GateOptions {
  readonly access: Access;
  readonly audit: Audit;
  /** What every handler gets, whoever asks. */
  readonly base: ReadContext;
}

export interface Gate {
  /** Rejects with ApiError for credentials that are wrong. */
  callerOf(request: FastifyRequest): Promise<IdentifiedCaller>;
  /** Where a request comes from, behind proxies that are trusted; nothing that it shows is looked at. */
  addressOf(request: FastifyRequest): string;
  /** For what everybody may read. */
  readonly readContext: ReadContext;
  /** Throws ApiError unless the caller may call the operation. */
  authorize(operation: Operation, caller: IdentifiedCaller, request: FastifyRequest): void;
  contextOf(caller: Caller): HandlerContext;
  /** What became of a call. `caller` is absent where it was refused before it was known. */
  record(
    operation: Operation,
    request: FastifyRequest,
    caller: Caller | undefined,
    fields: unknown,
    outcome: AuditOutcome,
  ): void;
}

/** Call before the app is ready: it registers a plugin. */
export function createGate(app: FastifyInstance, { access, audit, base }: GateOptions): Gate {
  const { callerOf, strangerOf } = createRequestCaller(app, { access, connectionOf });
  return {
    callerOf,
    addressOf: (request) => strangerOf(request).address,
    readContext: base,
    authorize: (operation, caller, request) => requireRole(caller, operation.role, request.headers),
    contextOf: (caller) => ({ ...base, caller }),
    record: (operation, request, caller, fields, outcome) =>
      audit.record(operation, caller ?? strangerOf(request), fields, outcome),
  };
}
