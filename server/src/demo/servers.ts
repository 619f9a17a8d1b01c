// The demo's web servers: one per backend, all on one port, well or ill as told. Knows no balancer.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { must } from '../lib/assert.ts';

const portTriesMax = 20;
const healthPaths: readonly (string | undefined)[] = ['/healthz', '/.well-known/ipng/healthz'];

export interface DemoServers {
  /** One for all: a health check has one port for all its backends. */
  readonly port: number;
  /** Gives whether it is well now. */
  toggle(name: string): boolean;
  stop(): Promise<void>;
}

/** `addresses` by name. Rejects when no port is free on all of them. */
export async function startDemoServers(addresses: Readonly<Record<string, string>>): Promise<DemoServers> {
  const ill = new Set<string>();
  const servers = Object.entries(addresses).map(([name, address]) => ({
    address,
    server: createServer((request, response) => answer(name, ill.has(name), request, response)),
  }));
  const port = await listenTogether(servers);
  return {
    port,
    toggle(name) {
      must(addresses[name], `backend ${name}`);
      if (!ill.delete(name)) ill.add(name);
      return !ill.has(name);
    },
    async stop() {
      await Promise.all(servers.map(({ server }) => closeServer(server)));
    },
  };
}

/** One that is ill says so where it is asked for its health, and serves all the same. */
function answer(name: string, ill: boolean, request: IncomingMessage, response: ServerResponse): void {
  const asked = healthPaths.includes(request.url?.split('?')[0]);
  const failing = ill && asked;
  response.writeHead(failing ? 503 : 200, {
    'content-type': 'text/plain',
    'x-ipng-frontend': name,
    // A flow is a connection: whoever asks again is balanced again.
    connection: 'close',
  });
  response.end(failing ? `${name}: not well\n` : asked ? `${name}: ok\n` : `Hello from ${name}\n`);
}

interface Listed {
  readonly address: string;
  readonly server: Server;
}

async function listenTogether(servers: readonly Listed[]): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    let port = 0;
    try {
      for (const { address, server } of servers) {
        await once(server.listen(port, address), 'listening');
        port = (server.address() as AddressInfo).port;
      }
      return port;
    } catch (error) {
      await Promise.all(servers.map(({ server }) => closeServer(server)));
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === portTriesMax) throw error;
    }
  }
}

/** Also one that does not listen. */
function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}
