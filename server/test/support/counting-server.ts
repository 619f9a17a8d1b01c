// Backends in the test's own process: one that answers and counts, one that accepts and never says a word.
// They must not know who asks.
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CountingServer {
  readonly port: number;
  /** Connections so far. */
  count(): number;
  /** Resolves when there has been one more connection than now. */
  nextConnection(): Promise<void>;
  close(): Promise<void>;
}

/** Answers every request on 127.0.0.1 with this status, so long after it has come. */
export function startHttpServer(status = 200, delayMs = 0): Promise<CountingServer> {
  return listen(
    createHttpServer(async (_request, response) => {
      if (delayMs > 0) await sleep(delayMs);
      response.writeHead(status, { connection: 'close' });
      response.end('ok\n');
    }),
  );
}

/** Accepts on 127.0.0.1 and is silent. */
export function startSilentServer(): Promise<CountingServer> {
  return listen(createTcpServer());
}

async function listen(server: Server): Promise<CountingServer> {
  const sockets = new Set<Socket>();
  let waiting: (() => void)[] = [];
  let count = 0;
  server.on('connection', (socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    for (const tell of waiting) tell();
    waiting = [];
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    nextConnection() {
      const { promise, resolve: tell } = Promise.withResolvers<void>();
      waiting.push(tell);
      return promise;
    },
    async close() {
      const { promise, resolve: closed } = Promise.withResolvers<void>();
      server.close(() => closed());
      for (const socket of sockets) socket.destroy();
      await promise;
    },
  };
}
