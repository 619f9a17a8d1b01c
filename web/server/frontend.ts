// maglevd-frontend as a value: an HTTP server with the dashboard of many maglevds. Tests call this very
// function. It must not know flags, signals and files.
import { randomUUID } from 'node:crypto';
import type { Clock } from '@vpp-maglev/server/clock';
import { listenTcp } from '@vpp-maglev/server/listen';
import type { ListenAddress } from '@vpp-maglev/server/listen-address';
import type { Log } from '@vpp-maglev/server/log';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Credentials } from './admin-access.ts';
import { type Dashboard, registerDashboard } from './dashboard.ts';
import { connectionsMax, keepAliveTimeoutMs, requestTimeoutMs } from './limits.ts';
import type { MaglevdSource } from './source.ts';

export interface FrontendOptions {
  readonly sources: readonly MaglevdSource[];
  readonly listen: ListenAddress;
  readonly clock: Clock;
  readonly log: Log;
  readonly distPath: string;
  readonly admin?: Credentials;
}

export interface Frontend {
  readonly port: number;
  readonly dashboard: Dashboard;
  stop(): Promise<void>;
}

/** Rejects, with nothing left behind, when it cannot listen. */
export async function startFrontend(options: FrontendOptions): Promise<Frontend> {
  const { sources, listen, clock, log, distPath, admin } = options;
  const app = fastify({
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: { headersTimeout: requestTimeoutMs },
    forceCloseConnections: true,
    return503OnClosing: true,
    genReqId: () => randomUUID(),
  });
  app.server.maxConnections = connectionsMax;
  const dashboard = registerDashboard(app, {
    ...{ sources, clock, log, distPath, addressOf: peerOf },
    ...(admin && { credentials: admin }),
  });
  addOthers(app, dashboard);
  const stop = async () => {
    await dashboard.stop();
    await app.close();
  };
  const port = await listenTcp(app, listen, 'listen').catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { port, dashboard, stop };
}

/** IPv4 as people write it, also on a socket that serves both families. */
function peerOf({ ip }: FastifyRequest): string {
  return ip.replace(/^::ffff:(?=[0-9.]+$)/i, '');
}

/** For load balancers and orchestrators, and the way to the pages. */
function addOthers(app: FastifyInstance, { fleet }: Dashboard): void {
  app.get('/healthz', async (_request, reply) => {
    const maglevds = fleet.pictures().map(({ name, connection }) => [name, connection]);
    return reply
      .header('cache-control', 'no-store')
      .send({ status: 'ok', maglevds: Object.fromEntries(maglevds) });
  });
  app.get('/', (_request, reply) => reply.redirect('/view/', 302));
  app.setNotFoundHandler((request, reply) => {
    const detail = `${request.method} ${request.url.split('?')[0]}: no such resource (see /view/)`;
    const problem = { type: 'about:blank', title: 'Not found', status: 404, detail, code: 'not_found' };
    return reply.code(404).header('content-type', 'application/problem+json').send(JSON.stringify(problem));
  });
}
