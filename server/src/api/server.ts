// The servers of the daemon: the API with all its faces on one port, and a plain one for metrics. Knows
// sockets and Fastify; what an answer says comes from the operations.
import type { IncomingMessage } from 'node:http';
import { MaglevService } from '@vpp-maglev/proto/maglev';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Control } from '../control.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Clock } from '../lib/clock.ts';
import {
  connectionsMax,
  headersTimeoutMs,
  keepAliveTimeoutMs,
  requestBodyBytesMax,
  requestTimeoutMs,
} from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../metrics/registry.ts';
import { version } from '../version.ts';
import { type Audit, createAudit } from './audit.ts';
import { addDashboard, type DashboardSettings } from './dashboard.ts';
import { registerDocs } from './docs-page.ts';
import { startingError } from './errors.ts';
import { createEventFeeds, type EventFeeds } from './event-fanout.ts';
import { createGate, type Gate } from './gate.ts';
import { registerGrpc } from './grpc.ts';
import { createServing, type Serving } from './grpc-health.ts';
import type { LbAccess } from './handlers.ts';
import type { Access } from './identify.ts';
import { buildOpenApi } from './openapi.ts';
import { operations } from './operations.ts';
import { createPort, type Port } from './port.ts';
import { connectionOf } from './port-connection.ts';
import { clientRequestId, createRequestIds } from './request-caller.ts';
import { admit, apiPrefix, prepareRest, registerRest, routePath } from './rest.ts';
import { securityHeaders } from './security-headers.ts';
import { registerSse } from './sse.ts';
import type { TlsFiles } from './tls-files.ts';

export interface ApiServerOptions {
  readonly control: Control;
  /** Absent where no VPP is configured. */
  readonly lb?: LbAccess;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventLog;
  readonly metrics: Pick<Metrics, 'http' | 'grpc'>;
  readonly access: Access;
  /** Whether gRPC reflection is answered. */
  readonly reflection: boolean;
  /** Absent: the port speaks plainly. */
  readonly tls?: TlsFiles;
  /** Absent: no pages. */
  readonly dashboard?: DashboardSettings;
}

export interface ApiServer {
  /** The same each time; not to be asked for once the server was closed. */
  readonly app: FastifyInstance;
  readonly port: Port;
  readonly feeds: EventFeeds;
  readonly serving: Serving;
  /** Ends streams, then connections. */
  close(): Promise<void>;
}

/** A server with our limits for HTTP/1.1 alone. */
export function createPlainServer(): FastifyInstance {
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

/**
 * The API on one server, not listening yet. Its application, with all routes, is made when it is first asked
 * for: to listen, or for Fastify's `inject`.
 */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { control, clock, log, events, tls } = options;
  const port = createPort({ clock, log, ...(tls && { tls }) });
  const feeds = createEventFeeds({ control, events, clock });
  const serving = createServing();
  const stopping = new AbortController();
  const audit = createAudit({ clock, log, events });
  let built: BuiltApp | undefined;
  return {
    get app() {
      built ??= buildApp(options, { port, feeds, serving, audit, closing: stopping.signal });
      return built.app;
    },
    port,
    feeds,
    serving,
    async close() {
      serving.set(false);
      // Before the feeds: a stream of gRPC then says that it was ended, not that it is complete.
      stopping.abort();
      feeds.stop();
      await built?.dashboard?.stop();
      await built?.app.close();
      audit.stop();
    },
  };
}

interface AppParts extends Pick<ApiServer, 'port' | 'feeds' | 'serving'> {
  readonly audit: Audit;
  /** Aborted when the server stops. */
  readonly closing: AbortSignal;
}

interface BuiltApp {
  readonly app: FastifyInstance;
  readonly dashboard: ReturnType<typeof addDashboard> | undefined;
}

function buildApp(options: ApiServerOptions, { port, feeds, serving, audit, closing }: AppParts): BuiltApp {
  const { control, lb, clock, log, access } = options;
  const nextRequestId = createRequestIds();
  const app = fastify({
    bodyLimit: requestBodyBytesMax,
    serverFactory: port.serverFactory,
    // The port ends its connections itself, streams first.
    forceCloseConnections: false,
    return503OnClosing: true,
    genReqId: (raw) => clientRequestId((raw as IncomingMessage).headers) ?? nextRequestId(),
  });
  const base = { control, feeds, ...(lb && { lb }) };
  const gate = createGate(app, { access, audit, base });
  prepareRest(app, log);
  addHeaders(app);
  const arrivals = noteArrivals(app, clock);
  countRequests(app, options.metrics);
  registerRest(app, { operations, gate, isStarted: control.isStarted.bind(control), log });
  addEvents(app, feeds, gate, options);
  registerGrpc(app, {
    ...gate,
    operations,
    onOutcome(operation, request, caller, fields, outcome) {
      gate.record(operation, request, caller, fields, outcome);
      const elapsedMs = clock.nowMs() - (arrivals.get(request) ?? clock.nowMs());
      options.metrics.grpc.observe(operation.rpc, MaglevService.typeName, outcome.code, elapsedMs);
    },
    log,
    serving,
    reflection: options.reflection,
    closing,
  });
  registerDocs(app, buildOpenApi(operations, { version }));
  addProbes(app, options);
  const settings = options.dashboard;
  const dashboard =
    settings && addDashboard(app, { settings, base, audit, clock, log, addressOf: gate.addressOf });
  return { app, dashboard };
}

/** What every answer carries; a page with a policy of its own sets it over this one. */
function addHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeaders(request.url, connectionOf(request.raw).isTls));
    reply.header('x-request-id', request.id);
    reply.header('cache-control', 'no-store');
    done();
  });
}

/** When each request came, on the clock's monotonic side. */
function noteArrivals(app: FastifyInstance, clock: Clock): WeakMap<FastifyRequest, number> {
  const arrivals = new WeakMap<FastifyRequest, number>();
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.method === 'POST' && rpcRoute.test(request.url)) arrivals.set(request, clock.nowMs());
    done();
  });
  return arrivals;
}

/** RPCs have counts of their own; they and streams are not timed here. */
function countRequests(app: FastifyInstance, { http }: ApiServerOptions['metrics']): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = routeOf(request);
    const isTimed = request.method === 'POST' ? !rpcRoute.test(route) : route !== eventsRoute;
    http.observe(request.method, route, reply.raw.statusCode, isTimed ? reply.elapsedTime : undefined);
    done();
  });
}

const rpcRoute = /^\/[a-z0-9.]+\.[A-Z]\w*\//;
const eventsRoute = `${apiPrefix}/events`;

const routeOf = (request: FastifyRequest) => request.routeOptions.url ?? 'none';

function addEvents(
  app: FastifyInstance,
  feeds: EventFeeds,
  gate: Gate,
  { control, metrics }: ApiServerOptions,
): void {
  const watch = operations.find(({ streams }) => streams);
  if (watch === undefined) return;
  registerSse(app, {
    feeds,
    url: routePath(watch),
    async before(request) {
      if (!control.isStarted()) throw startingError();
      await admit(gate, watch, request);
    },
    left: (request, reply) => metrics.http.observe(request.method, routeOf(request), reply.raw.statusCode),
  });
}

/** For load balancers and orchestrators, and an index for people. */
function addProbes(app: FastifyInstance, { control, lb }: ApiServerOptions): void {
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
    pages: ['/view/', '/docs'],
    documents: [`${apiPrefix}/openapi.json`],
    resources: operations.filter(({ verb }) => verb === 'GET').map(({ path }) => apiPrefix + path),
    actions: operations
      .filter(({ verb }) => verb !== 'GET')
      .map(({ verb, path }) => `${verb} ${apiPrefix}${path}`),
  }));
}
