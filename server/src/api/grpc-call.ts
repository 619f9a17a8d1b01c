// One call of an operation over gRPC: from its message to REST's JSON, through the same schema to the same
// handler, and back. It must not know how messages reach it.
import type { DescMethod, Message } from '@bufbuild/protobuf';
import type { HandlerContext as RpcContext } from '@connectrpc/connect';
import { fromRestJson, toRestJson } from '@vpp-maglev/proto/rest-json';
import type { Log } from '../lib/log.ts';
import type { AuditOutcome } from './audit.ts';
import { asApiError, startingError } from './errors.ts';
import { abortError, connectErrorOf, untilAborted } from './grpc-errors.ts';
import type { HandlerContext } from './handlers.ts';
import type { Operation } from './operations.ts';
import { checkRequest, detailOf, refusedRequest } from './request-check.ts';

/** A call whose caller is known and may make it. */
export interface GrpcCall {
  readonly operation: Operation;
  readonly method: DescMethod;
  readonly message: Message;
  readonly context: HandlerContext;
  readonly rpc: Pick<RpcContext, 'signal'>;
  readonly log: Log;
  /** Told once, when it is known what became of the call: also after nobody waits for it any more. */
  readonly onOutcome: (fields: unknown, outcome: AuditOutcome) => void;
}

type Fields = Record<string, unknown>;

/** What the handler gets. A list that is empty and one that was not sent are the same on the wire: absent. */
function fieldsOf({ method, message }: GrpcCall): Fields {
  const unknown = message.$unknown ?? [];
  const fields = toRestJson(method.input, message);
  for (const [name, value] of Object.entries(fields)) {
    if (Array.isArray(value) && value.length === 0) delete fields[name];
  }
  if (unknown.length === 0) return fields;
  const faults = unknown.map(({ no }) => ({ path: `field ${no}`, message: 'is no field of this request' }));
  throw refusedRequest(faults);
}

function answerOf({ operation, method }: GrpcCall, answer: unknown): Message {
  const { wrapped } = operation;
  return fromRestJson(method.output, wrapped === undefined ? answer : { [wrapped]: answer });
}

function checkedFields(call: GrpcCall): Fields {
  const { operation, context } = call;
  if (!context.control.isStarted()) throw startingError();
  const fields = fieldsOf(call);
  checkRequest(operation, fields);
  return fields;
}

/** Answers a unary call. Rejects with ConnectError. */
export function answerUnary(call: GrpcCall): Promise<Message> {
  const { signal } = call.rpc;
  if (signal.aborted) return Promise.reject(abortError(signal));
  return untilAborted(perform(call), signal, () => abortError(signal));
}

async function perform(call: GrpcCall): Promise<Message> {
  const handler = call.operation.handler as (context: HandlerContext, request: Fields) => unknown;
  let fields: Fields = {};
  try {
    fields = checkedFields(call);
    const answer = answerOf(call, await handler(call.context, fields));
    call.onOutcome(fields, { code: 'ok' });
    return answer;
  } catch (error) {
    throw refuse(call, fields, error);
  }
}

function refuse({ operation, log, onOutcome }: GrpcCall, fields: unknown, error: unknown) {
  const refusal = asApiError(error, log, { rpc: operation.rpc });
  onOutcome(fields, { code: refusal.code, why: detailOf(refusal) });
  return connectErrorOf(refusal);
}

type StreamHandler = (
  context: HandlerContext,
  request: Fields,
  signal: AbortSignal,
) => AsyncIterable<unknown>;

/** Answers a call with a stream, which ends with its client, its deadline, or when `closing` is aborted. */
export async function* answerStream(call: GrpcCall, closing: AbortSignal): AsyncGenerator<Message> {
  const { operation, context, log } = call;
  const { signal } = call.rpc;
  const either = AbortSignal.any([signal, closing]);
  const handler = operation.handler as unknown as StreamHandler;
  let iterator: AsyncIterator<unknown> | undefined;
  try {
    iterator = handler(context, checkedFields(call), either)[Symbol.asyncIterator]();
    for (;;) {
      const next = await untilAborted(iterator.next(), either, () => new Ended());
      if (next.done) break;
      yield answerOf(call, next.value);
    }
  } catch (error) {
    if (!either.aborted) throw connectErrorOf(asApiError(error, log, { rpc: operation.rpc }));
  } finally {
    // Not awaited: a handler that ignores its signal must not keep the call.
    iterator?.return?.().catch((error: unknown) => asApiError(error, log, { rpc: operation.rpc }));
  }
  if (either.aborted) throw abortError(signal);
}

/** The signal came before the next value. */
class Ended extends Error {}
