// The dashboard as a part of an HTTP server: pages and streams under `/view`, the same with changes under
// `/admin`. The daemon and maglevd-frontend register it alike, and hand in the maglevds that it shows.
import { requireRole } from '@vpp-maglev/server/access';
import type { Clock } from '@vpp-maglev/server/clock';
import { ApiError, errorTable, problemOf } from '@vpp-maglev/server/errors';
import type { Log } from '@vpp-maglev/server/log';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Credentials, guardAdmin } from './admin-access.ts';
import { readChangeRequest } from './change-request.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { addressLengthMax, changeBodyBytesMax } from './limits.ts';
import { pageHeaders, registerPages } from './pages.ts';
import { previewChange } from './preview.ts';
import type { ChangeCaller, MaglevdSource } from './source.ts';
import { addStreamRoute } from './stream-route.ts';
import { Streams } from './streams.ts';

export interface DashboardOptions {
  /** In the order in which pages show them; names differ. */
  readonly sources: readonly MaglevdSource[];
  readonly clock: Clock;
  readonly log: Log;
  /** Directory of the built pages. */
  readonly distPath: string;
  /** Who may change things; absent: nobody, and `/admin` is not there. */
  readonly credentials?: Credentials;
  /** Where a request comes from, as records show it; absent: the peer of its connection. */
  readonly addressOf?: (request: FastifyRequest) => string;
}

export interface Dashboard {
  readonly fleet: Fleet;
  readonly streams: Pick<Streams, 'counts'>;
  /** Ends streams and connections to maglevds; before the server is closed, which waits for streams. */
  stop(): Promise<void>;
}

const adminOff = 'changes from pages are switched off: set MAGLEV_FRONTEND_USER and MAGLEV_FRONTEND_PASSWORD';

/** Adds the routes to a server that does not listen yet. */
export function registerDashboard(app: FastifyInstance, options: DashboardOptions): Dashboard {
  const { sources, clock, log, distPath, credentials } = options;
  const addressOf = options.addressOf ?? (({ ip }: FastifyRequest) => ip);
  const fleet = createFleet({ sources, clock, log });
  const streams = new Streams(fleet, clock);
  const view = { prefix: '/view', distPath };
  app.register(async (scope) => {
    prepareScope(scope, log);
    registerPages(scope, view);
    addStreamRoute(scope, { streams, url: '/view/api/stream', canChange: false });
  });
  app.register(async (scope) => {
    prepareScope(scope, log);
    if (credentials === undefined) return refuseAdmin(scope);
    await guardAdmin(scope, { credentials, clock, log, addressOf });
    registerPages(scope, { prefix: '/admin', distPath });
    addStreamRoute(scope, { streams, url: '/admin/api/stream', canChange: true });
    addChanges(scope, { fleet, clock, log, user: credentials.user, addressOf });
  });
  const stop = async () => {
    streams.stop();
    await fleet.stop();
  };
  return { fleet, streams, stop };
}

/** Headers, bodies and refusals are the dashboard's own, whatever server it is part of. */
function prepareScope(scope: FastifyInstance, log: Log): void {
  scope.addHook('onRequest', async (_request, reply) => {
    reply.headers(pageHeaders).header('cache-control', 'no-store');
  });
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: changeBodyBytesMax },
    (_request, text, done) => {
      try {
        done(null, JSON.parse(text as string));
      } catch (error) {
        done(new ApiError('invalid_argument', `the body is not JSON: ${(error as Error).message}`));
      }
    },
  );
  scope.setSerializerCompiler(() => (data) => JSON.stringify(data));
  scope.setErrorHandler((error: FastifyError, request, reply) => {
    sendProblem(refusalOf(error, log, request), reply);
  });
}

/** What Fastify itself refuses, in our words. */
function refusalOf(error: FastifyError | ApiError, log: Log, request: FastifyRequest): ApiError {
  if (error instanceof ApiError) return error;
  switch (error.statusCode) {
    case 400:
      return new ApiError('invalid_argument', error.message);
    case 413:
      return new ApiError('payload_too_large', error.message);
    case 415:
      return new ApiError('unsupported_media_type', 'the body is to be application/json');
    // A path that leads out of the directory of the pages.
    case 403:
    case 404:
      return new ApiError('not_found', `${request.method} ${request.url.split('?')[0]}: no such resource`);
    default:
      log.error('request-failed', { url: request.url, why: error.stack ?? error.message });
      return new ApiError('internal', 'the request could not be answered; the log says why');
  }
}

function sendProblem(error: ApiError, reply: FastifyReply): void {
  reply
    .code(errorTable[error.code].status)
    .headers(error.headers)
    .header('cache-control', 'no-store')
    .header('content-type', 'application/problem+json')
    .serializer((value: unknown) => JSON.stringify(value))
    .send(problemOf(error));
}

function refuseAdmin(scope: FastifyInstance): void {
  const refuse = async () => {
    throw new ApiError('not_found', adminOff);
  };
  scope.all('/admin', refuse);
  scope.all('/admin/*', refuse);
}

interface ChangesOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly log: Log;
  readonly user: string;
  readonly addressOf: (request: FastifyRequest) => string;
}

function addChanges(scope: FastifyInstance, options: ChangesOptions): void {
  const { fleet, clock, log, user, addressOf } = options;
  const takeTurns = () => new Promise<void>((resolve) => void clock.afterIo(resolve));
  const callerOf = (request: FastifyRequest): ChangeCaller => ({
    user,
    address: addressOf(request).slice(0, addressLengthMax),
    requestId: request.id,
  });
  // A browser shows its user's password without being asked, also for another site's page.
  scope.addHook('preParsing', async (request) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    const caller = { ...callerOf(request), role: 'operator', hasAuthFile: true } as const;
    requireRole(caller, 'operator', request.headers);
  });
  scope.post('/admin/api/preview', async (request) => {
    const change = readChangeRequest(request.body);
    return previewChange(sourceOf(fleet, change.maglevd), change, takeTurns);
  });
  scope.post('/admin/api/change', async (request) => {
    const change = readChangeRequest(request.body);
    const source = sourceOf(fleet, change.maglevd);
    const caller = callerOf(request);
    const { maglevd, operation } = change;
    const note = { maglevd, operation, user, address: caller.address, requestId: caller.requestId };
    try {
      const answer = await source.call(operation, change.request, caller);
      log.info('dashboard-change', { ...note, code: 'ok' });
      return answer;
    } catch (error) {
      if (error instanceof ApiError) {
        log.warn('dashboard-change', { ...note, code: error.code, why: error.message });
      }
      throw error;
    } finally {
      fleet.touch(maglevd);
    }
  });
}

function sourceOf(fleet: Fleet, name: string): MaglevdSource {
  const source = fleet.source(name);
  if (source) return source;
  throw new ApiError('not_found', `no maglevd ${JSON.stringify(name)} here: ${fleet.names().join(', ')}`);
}
