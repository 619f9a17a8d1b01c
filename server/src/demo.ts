// What `maglevd --demo` brings along: three local backends, one of which flips its health, and their
// configuration. It knows nothing of the daemon that looks at it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock, Timer } from './lib/clock.ts';

/** How long the flipping backend stays well, and ill. */
const flipAfterMs = 8000;
const addresses = ['127.0.0.11', '127.0.0.12', '127.0.0.13'] as const;
const portTriesMax = 20;

export interface Demo {
  /** Text of a maglev.yaml. */
  readonly configText: string;
  stop(): Promise<void>;
}

/** Starts the backends; rejects when no port is free on all three addresses. */
export async function startDemo(clock: Clock): Promise<Demo> {
  let ill = false;
  const servers = addresses.map((_, index) =>
    createServer((request, response) => {
      const failing = ill && index === addresses.length - 1;
      response.writeHead(failing ? 503 : 200, { 'content-type': 'text/plain', connection: 'close' });
      response.end(request.method === 'HEAD' ? undefined : failing ? 'not well\n' : 'ok\n');
    }),
  );
  const port = await listenTogether(servers);
  let timer: Timer;
  const flip = () => {
    timer = clock.setTimer(flipAfterMs, () => {
      ill = !ill;
      flip();
    });
  };
  flip();
  return {
    configText: configText(port),
    async stop() {
      timer.cancel();
      await Promise.all(servers.map(closeServer));
    },
  };
}

/** One port on all addresses: a health check has one port for all its backends. */
async function listenTogether(servers: readonly Server[]): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    let port = 0;
    try {
      for (const [index, server] of servers.entries()) {
        await listenOn(server, addresses[index] as string, port);
        port = (server.address() as AddressInfo).port;
      }
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === portTriesMax) throw error;
      await Promise.all(servers.filter((server) => server.listening).map(closeServer));
    }
  }
}

function listenOn(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}

function configText(port: number): string {
  const [first, second, third] = addresses;
  return `maglev:
  healthchecker:
    transition-history: 20
  vpp:
    lb:
      ipv4-src-address: 192.0.2.1
  healthchecks:
    demo-http:
      type: http
      port: ${port}
      interval: 1s
      fast-interval: 500ms
      timeout: 500ms
      rise: 2
      fall: 2
      params: { path: /healthz }
  backends:
    steady-a: { address: ${first}, healthcheck: demo-http }
    steady-b: { address: ${second}, healthcheck: demo-http }
    flipping: { address: ${third}, healthcheck: demo-http }
  frontends:
    demo-www:
      description: two pools, of which the second stands by while the first is well
      address: 127.0.0.80
      protocol: tcp
      port: 8080
      pools:
        - name: primary
          backends:
            flipping: { weight: 100 }
        - name: standby
          backends:
            steady-a: { weight: 100 }
            steady-b: { weight: 50 }
`;
}
