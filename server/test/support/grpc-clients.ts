// Clients of others: Connect's transports over every protocol, and @grpc/grpc-js, which reads the .proto file
// itself and shares no code with the server.
import { join } from 'node:path';
import {
  type Client as ConnectClient,
  createClient,
  type Interceptor,
  type Transport,
} from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from '@connectrpc/connect-node';
import {
  type Client,
  credentials,
  loadPackageDefinition,
  type Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MaglevService } from '@vpp-maglev/proto/maglev';
import type { GrpcServer } from './grpc-server.ts';

export const protoDir = join(import.meta.dirname, '../../../proto');

export interface NamedTransport {
  readonly name: string;
  readonly transport: Transport;
}

/** One transport for each way that a client may come, and what closes them. */
export function createTransports({ http1Url, http2Url }: GrpcServer, interceptors: Interceptor[] = []) {
  const session = new Http2SessionManager(http2Url);
  const http2 = { httpVersion: '2', baseUrl: http2Url, sessionManager: session, interceptors } as const;
  const http1 = { httpVersion: '1.1', baseUrl: http1Url, interceptors } as const;
  const transports: NamedTransport[] = [
    { name: 'gRPC', transport: createGrpcTransport(http2) },
    { name: 'gRPC-Web over HTTP/2', transport: createGrpcWebTransport(http2) },
    { name: 'gRPC-Web over HTTP/1', transport: createGrpcWebTransport(http1) },
    { name: 'Connect JSON', transport: createConnectTransport({ ...http1, useBinaryFormat: false }) },
    {
      name: 'Connect JSON over HTTP/2',
      transport: createConnectTransport({ ...http2, useBinaryFormat: false }),
    },
    { name: 'Connect binary', transport: createConnectTransport({ ...http1, useBinaryFormat: true }) },
  ];
  return { transports, close: () => session.abort() };
}

export function maglevClient(transport: Transport): ConnectClient<typeof MaglevService> {
  return createClient(MaglevService, transport);
}

type Call = (
  request: object,
  metadata: Metadata,
  options: { deadline?: number },
  done: (error: ServiceError | null, answer: unknown) => void,
) => void;

export interface GrpcJsClient {
  /** Rejects with grpc-js's ServiceError. */
  call(rpc: string, request: object, metadata: Metadata, options?: { deadline?: number }): Promise<unknown>;
  close(): void;
}

/** A client of a service as the file in proto/ describes it; 64-bit integers as numbers, enums as names. */
export function createGrpcJsClient(url: string, file: string, service: string): GrpcJsClient {
  const includeDirs = [protoDir, join(protoDir, 'vendor')];
  const definition = loadSync(file, { includeDirs, longs: Number, enums: String, defaults: true });
  let found: unknown = loadPackageDefinition(definition);
  for (const part of service.split('.')) found = Reflect.get(found as object, part);
  const Service = found as new (address: string, creds: unknown) => Client & Record<string, Call>;
  const client = new Service(new URL(url).host, credentials.createInsecure());
  return {
    call: (rpc, request, metadata, options = {}) =>
      new Promise((resolve, reject) => {
        client[rpc]?.(request, metadata, options, (error, answer) =>
          error ? reject(error) : resolve(answer),
        );
      }),
    close: () => client.close(),
  };
}
