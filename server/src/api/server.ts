// The HTTP server around the API: limits, health endpoints, and a page that says what there is.
// Knows sockets and Fastify; what an answer says comes from the operations.
import fastify, { type FastifyInstance } from 'fastify';
import type { Control } from '../control.ts';
import {
  connectionsMax,
  headersTimeoutMs,
  keepAliveTimeoutMs,
  requestBodyBytesMax,
  requestTimeoutMs,
} from '../lib/limits.ts';
import type { ListenAddress } from '../lib/listen-address.ts';
import type { Log } from '../lib/log.ts';
import type { HttpMetrics } from '../metrics/registry.ts';
import { version } from '../version.ts';
import type { LbAccess } from './handlers.ts';
import { operations } from './operations.ts';
import { apiPrefix, registerRest } from './rest.ts';

export interface ApiServerOptions {
  readonly control: Control;
  /** Absent where no VPP is configured. */
  readonly lb?: LbAccess;
  readonly log: Log;
  readonly metrics: HttpMetrics;
}

/** A Fastify instance with our limits; every server of the daemon is made here. */
export function createHttpServer(): FastifyInstance {
  const app = fastify({
    bodyLimit: requestBodyBytesMax,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: { headersTimeout: headersTimeoutMs },
    forceCloseConnections: true,
    return503OnClosing: true,
  });
  app.server.maxConnections = connectionsMax;
  return app;
}

/** The API on one server, not listening yet: `listen` or Fastify's `inject` bring it to life. */
export function createApiServer(options: ApiServerOptions): FastifyInstance {
  const { control, lb, metrics } = options;
  const app = createHttpServer();
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.observe(request.method, route, reply.statusCode, reply.elapsedTime);
  });
  registerRest(app, options);
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const status = control.isStarted() ? 'ready' : 'starting';
    return reply
      .code(control.isStarted() ? 200 : 503)
      .send({ status, vpp: { connection: lb?.dataplane.info().connection ?? 'disabled' } });
  });
  app.get('/', async () => ({
    name: 'maglevd',
    version,
    resources: operations.filter(({ verb }) => verb === 'GET').map(({ path }) => apiPrefix + path),
    actions: operations
      .filter(({ verb }) => verb !== 'GET')
      .map(({ verb, path }) => `${verb} ${apiPrefix}${path}`),
  }));
  return app;
}

/** Listens; rejects with a sentence that names the address and what to do. Resolves to the port. */
export async function listen(app: FastifyInstance, address: ListenAddress, flag: string): Promise<number> {
  const { host = '::', port } = address;
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EAFNOSUPPORT' && address.host === undefined) {
      return listen(app, { host: '0.0.0.0', port }, flag);
    }
    throw new Error(`--${flag}: ${message}`);
  }
  const bound = app.server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}
