// The daemon over gRPC, with the client generated from the contract. Gives REST JSON; it must not know what
// any message means.
import type { Socket } from 'node:net';
import type { DescMessage, DescMethod, Message, MessageShape } from '@bufbuild/protobuf';
import { type CallOptions, Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { MaglevService } from '@vpp-maglev/proto/maglev';
import { fromRestJson, toRestJson } from '@vpp-maglev/proto/rest-json';
import { connectMsMax, messageBytesMax } from '../limits.ts';
import { type Api, type CallName, Refusal, Unreachable } from './api.ts';
import { dial, type TlsFiles } from './dial.ts';
import type { Calls, MaglevEvent } from './shapes.ts';
import { authorityOf, type Target } from './target.ts';

export interface ApiOptions {
  readonly server: string;
  readonly target: Target;
  readonly tls: TlsFiles;
  /** Value of the header `authorization`. */
  readonly authorization?: string;
  /** For a whole call. */
  readonly timeoutMs: number;
}

type Ask = (request: Message, options: CallOptions) => Promise<Message>;
type Follow = (request: Message, options: CallOptions) => AsyncIterable<Message>;
type Client = Readonly<Record<string, Ask & Follow>>;

/** Connects when something is asked, and again when the connection was lost. */
export function createGrpcApi(options: ApiOptions): Api {
  const { server, target, tls, authorization, timeoutMs } = options;
  const headers = authorization === undefined ? {} : { authorization };
  let socket: Socket | undefined;
  let client: Promise<Client> | undefined;
  const connect = async (): Promise<Client> => {
    const opened = await dial(target, tls, Math.min(connectMsMax, timeoutMs));
    socket = opened;
    opened.once('close', () => {
      if (socket === opened) client = undefined;
    });
    return openClient(opened, target);
  };
  const connected = (): Promise<Client> => {
    client ??= connect().catch((error) => {
      client = undefined;
      throw error;
    });
    return client;
  };
  return {
    server,
    async call<N extends CallName>(name: N, request: Calls[N][0], signal?: AbortSignal) {
      const method = methodOf(name);
      const stub = await connected();
      try {
        const message = fromRestJson(method.input, request);
        const answer = await (stub[method.localName] as Ask)(message, {
          headers,
          timeoutMs,
          ...(signal && { signal }),
        });
        return bodyOf(method.output, answer) as Calls[N][1];
      } catch (error) {
        throw explain(error, options);
      }
    },
    async *watch(request, signal) {
      const method = methodOf('WatchEvents');
      const stub = await connected();
      try {
        const message = fromRestJson(method.input, request);
        for await (const event of (stub[method.localName] as Follow)(message, { headers, signal })) {
          yield bodyOf(method.output, event) as unknown as MaglevEvent;
        }
      } catch (error) {
        if (!signal.aborted) throw explain(error, options);
      }
    },
    close() {
      socket?.destroy();
    },
  };
}

function openClient(socket: Socket, target: Target): Client {
  const scheme = target.kind === 'tcp' && target.isTls ? 'https' : 'http';
  const transport = createGrpcTransport({
    baseUrl: `${scheme}://${authorityOf(target)}`,
    readMaxBytes: messageBytesMax,
    // One connection, made by us with a deadline; when it is gone a new one gets a transport of its own.
    nodeOptions: { createConnection: () => socket },
  });
  return createClient(MaglevService, transport) as unknown as Client;
}

function methodOf(name: string): DescMethod {
  const method = MaglevService.methods.find((each) => each.name === name);
  if (method === undefined) throw new Error(`the contract has no ${name}`);
  return method;
}

/** An answer that only wraps one message is that message in REST. */
function bodyOf<D extends DescMessage>(schema: D, message: Message): unknown {
  const body = toRestJson(schema, message as MessageShape<D>);
  const [field, ...others] = schema.fields;
  const isWrapper = field?.fieldKind === 'message' && others.length === 0;
  return isWrapper ? body[field.jsonName] : body;
}

/** What the daemon said, without the words of the transport; or that it said nothing. */
function explain(error: unknown, { server, timeoutMs }: ApiOptions): unknown {
  if (!(error instanceof ConnectError)) return error;
  const { code, rawMessage, cause } = error;
  if (code === Code.Canceled) return error;
  if (code === Code.DeadlineExceeded) {
    return new Unreachable(`maglevd at ${server} did not answer within ${timeoutMs / 1000} s`);
  }
  // A failure of the connection has a cause on this side; a refusal comes from the other one.
  if (cause !== undefined || code === Code.Aborted) {
    return new Unreachable(`maglevd at ${server}: the connection was lost: ${rawMessage}`);
  }
  if (code === Code.Unimplemented || /^HTTP [45]\d\d/.test(rawMessage)) {
    return new Refusal(
      'unimplemented',
      `${server} answers, but is no maglevd of this version: ${rawMessage}`,
    );
  }
  return new Refusal(codeWord(code), rawMessage);
}

/** `not_found` of `NotFound`. */
function codeWord(code: Code): string {
  return Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}
