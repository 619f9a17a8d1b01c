// gRPC, gRPC-Web and Connect from the table of operations, beside REST in the same Fastify application. No
// business line lives here.
import type { Http2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import type { DescMethod, Message } from '@bufbuild/protobuf';
import {
  createContextKey,
  createContextValues,
  type HandlerContext as RpcContext,
  type ServiceImpl,
} from '@connectrpc/connect';
import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
import { compressionGzip } from '@connectrpc/connect-node';
import { Health } from '@vpp-maglev/proto/health';
import { MaglevService } from '@vpp-maglev/proto/maglev';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { must } from '../lib/assert.ts';
import { rpcDeadlineMsMax, rpcRequestBytesMax, rpcResponseBytesMax } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';
import type { AuditOutcome } from './audit.ts';
import type { Caller } from './caller.ts';
import { asApiError } from './errors.ts';
import { answerStream, answerUnary, type GrpcCall } from './grpc-call.ts';
import { connectErrorOf } from './grpc-errors.ts';
import { addHealth, type Serving } from './grpc-health.ts';
import { addReflection } from './grpc-reflection.ts';
import type { HandlerContext } from './handlers.ts';
import type { Operation } from './operations.ts';
import { detailOf } from './request-check.ts';

export interface GrpcOptions<C extends Caller = Caller> {
  /** The table. A row's RPC must be in the contract; RPCs without a row are answered as not implemented. */
  readonly operations: readonly Operation[];
  /** Rejects with ApiError for credentials that are wrong. */
  callerOf(request: FastifyRequest): Promise<C>;
  /** Throws ApiError unless the caller may call the operation. */
  authorize(operation: Operation, caller: C, request: FastifyRequest): void;
  contextOf(caller: C): HandlerContext;
  /** What became of a call, once for each. `caller` is absent where it is not known; `fields` may be `{}`. */
  onOutcome?(
    operation: Operation,
    request: FastifyRequest,
    caller: C | undefined,
    fields: unknown,
    outcome: AuditOutcome,
  ): void;
  readonly log: Log;
  readonly serving: Serving;
  readonly reflection: boolean;
  /** Aborted when the server stops: streams end then, calls under way do not. */
  readonly closing: AbortSignal;
}

const requestKey = createContextKey<FastifyRequest | undefined>(undefined, { description: 'request' });
const callerKey = createContextKey<Caller | undefined>(undefined, { description: 'caller' });

/** Registers the services. Content types and bodies of other routes are not touched. */
export function registerGrpc<C extends Caller>(app: FastifyInstance, options: GrpcOptions<C>): void {
  const { closing, serving, reflection } = options;
  app.register(async (scope) => {
    // In this scope only: REST has parsers of its own for the same types.
    scope.removeAllContentTypeParsers();
    scope.addHook('onRequest', async ({ raw }) => {
      discardRest(raw);
      dropFarDeadline(raw);
    });
    await scope.register(fastifyConnectPlugin, {
      routes(router) {
        router.service(MaglevService, implement(options));
        addHealth(router, serving, closing);
        if (reflection) addReflection(router, [MaglevService, Health], closing);
      },
      contextValues: (request) => createContextValues().set(requestKey, request),
      requestGate: createGate(options),
      // What REST refuses is refused here: a field that nobody knows.
      jsonOptions: { ignoreUnknownFields: false, alwaysEmitImplicit: true },
      acceptCompression: [compressionGzip],
      readMaxBytes: rpcRequestBytesMax,
      writeMaxBytes: rpcResponseBytesMax,
    });
  });
  app.register(async (scope) => answerUnknownRpcs(scope));
}

/**
 * Over HTTP/2 the rest of a request that was refused before all of it came would wait for a reader, and the
 * stream with it: it is thrown away. Over HTTP/1 Node sees to that.
 */
function discardRest(raw: FastifyRequest['raw']): void {
  const stream: unknown = Reflect.get(raw, 'stream');
  if (!isHttp2Stream(stream)) return;
  stream.once('finish', () => {
    if (stream.readableEnded) return;
    // Who would read it, and holds it back, has gone.
    stream.removeAllListeners('data');
    stream.resume();
  });
}

function isHttp2Stream(stream: unknown): stream is Http2Stream {
  return stream instanceof Duplex && 'rstCode' in stream;
}

const deadlineUnitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000 };

/**
 * A timer of Node that is longer than it can be ends at once, and the call with it: that far is no deadline.
 */
function dropFarDeadline({ headers }: FastifyRequest['raw']): void {
  const [, digits, unit = ''] = /^(\d{1,8})([HMS])$/.exec(String(headers['grpc-timeout'])) ?? [];
  if (Number(digits) * (deadlineUnitMs[unit] ?? 0) > rpcDeadlineMsMax) delete headers['grpc-timeout'];
  if (Number(headers['connect-timeout-ms']) > rpcDeadlineMsMax) delete headers['connect-timeout-ms'];
}

/** Looks at the caller before anything of the body is read. Health and reflection are open to everybody. */
function createGate<C extends Caller>(options: GrpcOptions<C>) {
  const { operations, callerOf, authorize, onOutcome, log } = options;
  const operationByRpc = new Map(operations.map((operation) => [operation.rpc, operation]));
  return async ({ service, method, values, responseHeader }: RpcContext): Promise<void> => {
    if (service.typeName !== MaglevService.typeName) return;
    const operation = operationByRpc.get(method.name);
    if (operation === undefined) return;
    const request = must(values.get(requestKey), 'request of the call');
    let caller: C | undefined;
    try {
      caller = await callerOf(request);
      responseHeader.set('x-request-id', caller.requestId);
      authorize(operation, caller, request);
    } catch (error) {
      const refusal = asApiError(error, log, { rpc: operation.rpc });
      onOutcome?.(operation, request, caller, {}, { code: refusal.code, why: detailOf(refusal) });
      throw connectErrorOf(refusal);
    }
    values.set(callerKey, caller);
  };
}

type Implementation = Partial<ServiceImpl<typeof MaglevService>>;

/** One method for each row; a drift test holds rows and contract together. */
function implement<C extends Caller>(options: GrpcOptions<C>): Implementation {
  const methods = new Map<string, DescMethod>(MaglevService.methods.map((method) => [method.name, method]));
  return Object.fromEntries(
    options.operations.map((operation) => {
      const method = must(methods.get(operation.rpc), `${operation.rpc} in the contract`);
      const callOf = (message: Message, rpc: RpcContext) =>
        describeCall(options, operation, method, message, rpc);
      const answer =
        method.methodKind === 'unary'
          ? (message: Message, rpc: RpcContext) => answerUnary(callOf(message, rpc))
          : (message: Message, rpc: RpcContext) => answerStream(callOf(message, rpc), options.closing);
      return [method.localName, answer];
    }),
  ) as Implementation;
}

function describeCall<C extends Caller>(
  { contextOf, log, onOutcome }: GrpcOptions<C>,
  operation: Operation,
  method: DescMethod,
  message: Message,
  rpc: RpcContext,
): GrpcCall {
  const request = must(rpc.values.get(requestKey), 'request of the call');
  // The gate put it there, and it is of the type that `callerOf` gives.
  const caller = must(rpc.values.get(callerKey), 'caller of the call') as C;
  return {
    operation,
    method,
    message,
    context: contextOf(caller),
    rpc,
    log,
    onOutcome: (fields, outcome) => onOutcome?.(operation, request, caller, fields, outcome),
  };
}

/** `package.Service/Method` that nobody serves: gRPC has a code for it, HTTP's 404 says less. */
function answerUnknownRpcs(scope: FastifyInstance): void {
  scope.addContentTypeParser(/^application\/grpc/, (_request, _body, done) => done(null, undefined));
  const answer = (request: FastifyRequest, reply: FastifyReply) => {
    const type = request.headers['content-type'] ?? '';
    if (!/^application\/grpc($|[+;])/.test(type)) return reply.callNotFound();
    const message = encodeURIComponent(`no such method: ${request.url.slice(1)}`);
    return reply
      .code(200)
      .headers({ 'content-type': type, 'grpc-status': '12', 'grpc-message': message })
      .send();
  };
  scope.post('/:service([A-Za-z0-9_.]+[.][A-Za-z0-9_]+)/:method', answer);
}
