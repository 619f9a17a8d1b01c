// A maglevd elsewhere, over gRPC: HTTP/2 without TLS, or with it. Pings find a peer that went silent. It
// must not know what is asked, nor when to try again.

import type { DescMethod, Message } from '@bufbuild/protobuf';
import { Code, ConnectError, type Interceptor, type Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { BadRequestSchema } from '@vpp-maglev/proto/error-details';
import { MaglevService } from '@vpp-maglev/proto/maglev';
import { fromRestJson, RestJsonError, toRestJson } from '@vpp-maglev/proto/rest-json';
import type { Clock } from '@vpp-maglev/server/clock';
import { ApiError, type ErrorCode, errorTable } from '@vpp-maglev/server/errors';
import type { EventJson } from '../src/contract.ts';
import { answerBytesMax, changeMsMax, questionMsMax } from './limits.ts';
import { withReason } from './reason.ts';
import type { ServerAddress } from './servers.ts';
import { Sessions } from './sessions.ts';
import { type ChangeCaller, isChange, type Json, type MaglevdSource } from './source.ts';

export interface RemoteOptions extends ServerAddress {
  readonly clock: Clock;
  /** Value of the header `authorization` of changes, e.g. `Bearer …`; absent: none is shown. */
  readonly authorization?: string;
  /** CAs that are trusted beside the system's, PEM. */
  readonly caPem?: string;
}

type Unary = DescMethod & { readonly methodKind: 'unary' };

const methods = new Map<string, DescMethod>(MaglevService.methods.map((method) => [method.name, method]));

/** Nothing is opened before the first call. */
export function createRemoteSource(options: RemoteOptions): MaglevdSource {
  const { name, baseUrl, authorization } = options;
  const sessions = new Sessions(options);
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager: sessions,
    readMaxBytes: answerBytesMax,
    interceptors: authorization === undefined ? [] : [showCredentials(authorization)],
  });
  return {
    name,
    isInProcess: false,
    call: (rpc, request, caller) => call(transport, rpc, request, caller),
    watch: (request, signal) => watch(transport, request, signal),
    stop: () => sessions.abort(),
  };
}

/** Only changes need credentials; a wrong one would spoil the questions as well. */
function showCredentials(authorization: string): Interceptor {
  return (next) => (request) => {
    if (isChange(request.method.name)) request.header.set('authorization', authorization);
    return next(request);
  };
}

async function call(
  transport: Transport,
  rpc: string,
  request: Json,
  caller: ChangeCaller | undefined,
): Promise<Json> {
  const method = methods.get(rpc);
  if (method?.methodKind !== 'unary') throw new ApiError('not_found', `${rpc}: no such operation`);
  const message = readRequest(method, caller === undefined ? request : withReason(rpc, request, caller));
  const timeoutMs = caller === undefined ? questionMsMax : changeMsMax;
  try {
    const response = await transport.unary(method as Unary, undefined, timeoutMs, undefined, message);
    return unwrap(method, toRestJson(method.output, response.message));
  } catch (error) {
    throw refusalOf(error);
  }
}

function readRequest(method: DescMethod, request: Json): Message {
  try {
    return fromRestJson(method.input, request);
  } catch (error) {
    if (error instanceof RestJsonError) throw new ApiError('invalid_argument', error.message);
    throw error;
  }
}

/** A response that holds one resource and nothing else is that resource over REST. */
function unwrap({ output }: DescMethod, json: Json): Json {
  const [field, ...others] = output.fields;
  if (field?.fieldKind !== 'message' || others.length > 0) return json;
  return (json[field.jsonName] ?? {}) as Json;
}

async function* watch(
  transport: Transport,
  request: { readonly lastEventId?: string },
  signal: AbortSignal,
): AsyncGenerator<EventJson, void, undefined> {
  const method = MaglevService.method.watchEvents;
  const message = fromRestJson(method.input, request);
  try {
    // Negative: it has no deadline.
    const input = (async function* one() {
      yield message;
    })();
    const response = await transport.stream(method, signal, -1, undefined, input);
    for await (const each of response.message) {
      yield unwrap(method, toRestJson(method.output, each)) as unknown as EventJson;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw refusalOf(error);
  }
}

/** The daemon's own refusal in its own words; of a connection that failed, what failed. */
function refusalOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const failure = ConnectError.from(error);
  const faults = failure
    .findDetails(BadRequestSchema)
    .flatMap(({ fieldViolations }) => fieldViolations)
    .map(({ field, description }) => ({ path: field, message: description }));
  const code = codeOf(failure);
  const words = failure.rawMessage;
  return new ApiError(code, code === 'unavailable' ? describeLoss(failure, words) : words, faults);
}

/** A sentence for people instead of the transport's. The maglevd's own words stay. */
function describeLoss({ code, cause }: ConnectError, words: string): string {
  if (code === Code.DeadlineExceeded) return 'no answer in time';
  return lossWords[nodeCode(cause)] ?? words;
}

/** As Node names a failure of the connection; empty: it was none. */
function nodeCode(cause: unknown): string {
  const code: unknown = Reflect.get(Object(cause), 'code');
  return typeof code === 'string' ? code : '';
}

const lossWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection lost',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name service does not answer',
  ETIMEDOUT: 'no answer to the connection',
  ERR_HTTP2_ERROR: 'does not speak HTTP/2, as a maglevd does',
};

const byGrpcCode = new Map<number, ErrorCode>();
for (const [code, { grpc }] of Object.entries(errorTable)) {
  if (!byGrpcCode.has(grpc)) byGrpcCode.set(grpc, code as ErrorCode);
}

function codeOf({ code, cause }: ConnectError): ErrorCode {
  if (nodeCode(cause) !== '') return 'unavailable';
  if (code === Code.DeadlineExceeded || code === Code.Canceled || code === Code.Aborted) return 'unavailable';
  return byGrpcCode.get(code) ?? 'internal';
}
