// HTTP/1 behind the port: the server that Fastify holds, which listens, and to which decided sockets are
// given. It must not know what else comes in by the same port.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { must } from '../lib/assert.ts';
import { markConnection, markedConnection } from './port-connection.ts';
import type { PortLimits } from './port-limits.ts';

export interface Http1 {
  /** Listens and accepts; whoever wants its connections takes its event `connection`. */
  readonly server: Server;
  /** Takes a socket on which nothing but HTTP/1 is spoken. */
  serve(socket: Socket): void;
  /** From now on a connection ends with the answer that is under way. */
  drain(): void;
}

export function createHttp1(limits: PortLimits, handler: RequestListener): Http1 {
  /** Requests of a connection that are not answered yet. */
  const open = new WeakMap<Socket, number>();
  let isDraining = false;
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.http1LookIntervalMs,
      keepAlive: true,
      keepAliveInitialDelay: limits.keepAliveTimeoutMs,
    },
    (request, response) => {
      const { socket } = request;
      const connection = markedConnection(socket);
      if (connection) markConnection(request, connection);
      open.set(socket, (open.get(socket) ?? 0) + 1);
      response.once('close', () => {
        open.set(socket, (open.get(socket) ?? 1) - 1);
        if (isDraining) socket.destroySoon();
      });
      handler(request, response);
    },
  );
  server.maxConnections = limits.connectionsMax;
  server.timeout = limits.http1StuckMsMax;
  // A stream may be silent for long, and what it says next starts the time again; what is over is an answer
  // that the peer does not take. Node uses the same event for connections that wait for their next request.
  server.on('timeout', (socket) => {
    const isSilentStream = (open.get(socket) ?? 0) > 0 && socket.writableLength === 0;
    if (!isSilentStream) socket.destroy();
  });
  const [serve] = server.listeners('connection');
  server.removeAllListeners('connection');
  return {
    server,
    serve: (socket) => must(serve, "listener of Node's own").call(server, socket),
    drain() {
      isDraining = true;
    },
  };
}
