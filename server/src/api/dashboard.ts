// The dashboard inside the daemon: this maglevd, asked in process, and its peers, asked over gRPC. What pages
// show and how is the dashboard's; it gets the same handlers as every other client.
import { registerDashboard } from '@vpp-maglev/web/dashboard';
import { createLocalSource, type LocalDaemon } from '@vpp-maglev/web/local-source';
import { createRemoteSource } from '@vpp-maglev/web/remote-source';
import type { ServerAddress } from '@vpp-maglev/web/servers';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { must } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Audit } from './audit.ts';
import type { Caller } from './caller.ts';
import { ApiError, asApiError, startingError } from './errors.ts';
import type { HandlerContext, ReadContext } from './handlers.ts';
import { type Operation, operations } from './operations.ts';
import { checkRequest, detailOf } from './request-check.ts';

export interface DashboardSettings {
  /** Directory of the built pages. */
  readonly distPath: string;
  /** Other maglevds to show. */
  readonly peers: readonly ServerAddress[];
  /** Shown to peers with changes; absent: none. */
  readonly peersToken?: string;
  /** Who may change things on pages; absent: nobody, and there is no `/admin`. */
  readonly credentials?: { readonly user: string; readonly password: string };
}

interface DashboardDeps {
  readonly settings: DashboardSettings;
  readonly base: ReadContext;
  readonly audit: Audit;
  /** Where a request comes from, behind proxies that are trusted. */
  readonly addressOf: (request: FastifyRequest) => string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Adds the pages to a server that does not listen yet; ends their streams with what it returns. */
export function addDashboard(app: FastifyInstance, deps: DashboardDeps) {
  const { settings, base, clock, log } = deps;
  const { distPath, peers, peersToken, credentials } = settings;
  const local = createLocalSource({
    call: (rpc, request, caller) => callLocally(deps, rpc, request, caller),
    watch: (request, signal) => base.feeds.watch(request, signal),
  });
  const authorization = peersToken === undefined ? {} : { authorization: `Bearer ${peersToken}` };
  const remote = peers.map((peer) => createRemoteSource({ ...peer, clock, ...authorization }));
  return registerDashboard(app, {
    ...{ sources: [local, ...remote], clock, log, distPath },
    addressOf: deps.addressOf,
    ...(credentials && { credentials }),
  });
}

type ChangeCaller = Parameters<LocalDaemon['call']>[2];
type Handler = (context: HandlerContext, request: object) => unknown;

/** As REST and gRPC do it; who has come this far on `/admin` has shown the dashboard's own credentials. */
async function callLocally(
  { base, audit, log }: DashboardDeps,
  rpc: string,
  request: object,
  by: ChangeCaller,
): Promise<unknown> {
  const operation: Operation = must(
    operations.find((each) => each.rpc === rpc),
    `operation ${rpc}`,
  );
  const caller: Caller =
    by === undefined
      ? { role: 'viewer', address: 'dashboard', requestId: 'dashboard' }
      : { ...by, user: `dashboard user ${by.user}`, role: 'operator' };
  try {
    if (!base.control.isStarted()) throw startingError();
    if (operation.role === 'operator' && caller.role !== 'operator') {
      throw new ApiError('permission_denied', `${rpc} is a change: it needs a caller`);
    }
    checkRequest(operation, request);
    const answer = await (operation.handler as Handler)({ ...base, caller }, request);
    audit.record(operation, caller, request, { code: 'ok' });
    return answer;
  } catch (error) {
    const refusal = asApiError(error, log, { rpc });
    audit.record(operation, caller, request, { code: refusal.code, why: detailOf(refusal) });
    throw error;
  }
}
