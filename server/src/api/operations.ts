// The API as one table. REST routes, and later gRPC methods and OpenAPI, are derived from its rows.
import type { Static, TObject } from 'typebox';
import type { Role } from './caller.ts';
import { checkConfig, reloadConfig } from './config-handlers.ts';
import { ConfigCheckShape, ConfigReloadShape } from './config-schemas.ts';
import { EventShape, WatchQuery } from './event-schemas.ts';
import {
  changeBackend,
  getBackend,
  getFrontend,
  getHealthCheck,
  getOverrides,
  getVersion,
  type HandlerContext,
  listBackends,
  listFrontends,
  listHealthChecks,
  watchEvents,
} from './handlers.ts';
import type { Json } from './schema-parts.ts';
import * as schemas from './schemas.ts';
import { getLbCounters, getLbState, getVppInfo, setWeight, syncLbState } from './vpp-handlers.ts';
import * as vpp from './vpp-schemas.ts';

/**
 * One operation. `params` come from the path, `query` from behind the question mark, `body` from the body; a
 * handler gets them in one object, which is the message of the RPC.
 */
export interface Operation {
  readonly rpc: string;
  readonly verb: 'GET' | 'POST' | 'PUT';
  /** Below `/api/v1`; `{name}` marks a parameter. */
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  readonly params: TObject;
  readonly query: TObject;
  readonly body: TObject;
  readonly response: TObject;
  /** Field of the RPC's response that holds what REST answers; absent: the response is the answer. */
  readonly wrapped?: string;
  /** Answers carry an entity tag, and are left out where the client holds the same. */
  readonly isTagged?: true;
  /** The handler gives events until the signal that it gets; REST answers with server-sent events. */
  readonly streams?: true;
  readonly handler: (context: HandlerContext, request: never, signal: AbortSignal) => unknown;
}

interface Row<P extends TObject, Q extends TObject, B extends TObject, R extends TObject> extends Operation {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly response: R;
  readonly handler: (
    context: HandlerContext,
    request: Static<P> & Static<Q> & Static<B>,
    signal: AbortSignal,
  ) => Json<R> | Promise<Json<R>> | AsyncIterable<Json<R>>;
}

/** Checks a row's handler against its schemas; the value is the row itself. */
function row<P extends TObject, Q extends TObject, B extends TObject, R extends TObject>(
  operation: Row<P, Q, B, R>,
): Operation {
  return operation;
}

const { Empty } = schemas;
const read = { verb: 'GET', role: 'viewer', params: Empty, query: Empty, body: Empty } as const;
const act = {
  verb: 'POST',
  role: 'operator',
  params: schemas.BackendParams,
  query: Empty,
  body: schemas.BackendActionBody,
  response: schemas.BackendShape,
  wrapped: 'backend',
} as const;

export const operations: readonly Operation[] = [
  row({
    ...read,
    rpc: 'GetVersion',
    path: '/version',
    summary: 'version, commit and date of the daemon',
    response: schemas.VersionShape,
    handler: getVersion,
  }),
  row({
    ...read,
    rpc: 'ListFrontends',
    isTagged: true,
    query: schemas.FrontendQuery,
    path: '/frontends',
    summary: 'all frontends with their pools',
    response: schemas.FrontendList,
    handler: listFrontends,
  }),
  row({
    ...read,
    rpc: 'GetFrontend',
    wrapped: 'frontend',
    path: '/frontends/{frontend}',
    summary: 'one frontend',
    params: schemas.FrontendParams,
    response: schemas.FrontendShape,
    handler: getFrontend,
  }),
  row({
    ...read,
    rpc: 'ListBackends',
    isTagged: true,
    query: schemas.BackendQuery,
    path: '/backends',
    summary: 'all backends with state and history',
    response: schemas.BackendList,
    handler: listBackends,
  }),
  row({
    ...read,
    rpc: 'GetBackend',
    wrapped: 'backend',
    path: '/backends/{backend}',
    summary: 'one backend',
    params: schemas.BackendParams,
    response: schemas.BackendShape,
    handler: getBackend,
  }),
  row({
    ...read,
    rpc: 'ListHealthChecks',
    isTagged: true,
    query: schemas.HealthCheckQuery,
    path: '/healthchecks',
    summary: 'all health checks, defaults filled in',
    response: schemas.HealthCheckList,
    handler: listHealthChecks,
  }),
  row({
    ...read,
    rpc: 'GetHealthCheck',
    wrapped: 'healthcheck',
    path: '/healthchecks/{healthcheck}',
    summary: 'one health check',
    params: schemas.HealthCheckParams,
    response: schemas.HealthCheckShape,
    handler: getHealthCheck,
  }),
  row({
    ...read,
    rpc: 'ListOverrides',
    isTagged: true,
    query: schemas.OverrideQuery,
    path: '/overrides',
    summary: 'what operators set beside the file',
    response: schemas.OverrideList,
    handler: getOverrides,
  }),
  row({
    ...read,
    rpc: 'WatchEvents',
    streams: true,
    wrapped: 'event',
    path: '/events',
    summary: 'the whole picture, then every event as it happens',
    query: WatchQuery,
    response: EventShape,
    handler: watchEvents,
  }),
  row({
    verb: 'POST',
    role: 'operator',
    rpc: 'CheckConfig',
    path: '/config/check',
    summary: 'read and check the configuration file; nothing changes',
    params: Empty,
    query: Empty,
    body: Empty,
    response: ConfigCheckShape,
    handler: checkConfig,
  }),
  row({
    verb: 'POST',
    role: 'operator',
    rpc: 'ReloadConfig',
    path: '/config/reload',
    summary: 'read, check and take over the configuration file; on any error nothing changes',
    params: Empty,
    query: Empty,
    body: Empty,
    response: ConfigReloadShape,
    handler: reloadConfig,
  }),
  row({
    ...act,
    rpc: 'PauseBackend',
    path: '/backends/{backend}/pause',
    summary: 'stop probing and drain: weight 0, flows stay',
    handler: changeBackend('pause'),
  }),
  row({
    ...act,
    rpc: 'ResumeBackend',
    path: '/backends/{backend}/resume',
    summary: 'end a pause: probe again from unknown',
    handler: changeBackend('resume'),
  }),
  row({
    ...act,
    rpc: 'EnableBackend',
    path: '/backends/{backend}/enable',
    summary: 'end a disable: probe again from unknown',
    handler: changeBackend('enable'),
  }),
  row({
    ...act,
    rpc: 'DisableBackend',
    path: '/backends/{backend}/disable',
    summary: 'take out of service: weight 0, flows are cut',
    handler: changeBackend('disable'),
  }),
  row({
    rpc: 'SetFrontendPoolBackendWeight',
    query: Empty,
    wrapped: 'frontend',
    verb: 'PUT',
    role: 'operator',
    path: '/frontends/{frontend}/pools/{pool}/backends/{backend}/weight',
    summary: "set a weight beside the file's, or take it back",
    params: vpp.WeightParams,
    body: vpp.WeightBody,
    response: schemas.FrontendShape,
    handler: setWeight,
  }),
  row({
    ...read,
    rpc: 'GetVPPInfo',
    path: '/vpp/info',
    summary: 'the connection to VPP, and the VPP behind it',
    response: vpp.VppInfoShape,
    handler: getVppInfo,
  }),
  row({
    ...read,
    rpc: 'GetVPPLBState',
    query: vpp.VipQuery,
    path: '/vpp/lb/state',
    summary: 'what VPP holds, read now',
    response: vpp.LbStateShape,
    handler: getLbState,
  }),
  row({
    rpc: 'SyncVPPLBState',
    query: Empty,
    verb: 'POST',
    role: 'operator',
    path: '/vpp/lb/sync',
    summary: 'read VPP and repair what differs',
    params: Empty,
    body: vpp.LbSyncBody,
    response: vpp.LbSyncShape,
    handler: syncLbState,
  }),
  row({
    ...read,
    rpc: 'GetVPPLBCounters',
    query: vpp.VipQuery,
    path: '/vpp/lb/counters',
    summary: 'packet counters of all VIPs',
    response: vpp.LbCountersShape,
    handler: getLbCounters,
  }),
];
