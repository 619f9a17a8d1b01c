// The API as one table. REST routes, and later gRPC methods and OpenAPI, are derived from its rows.
import type { Static, TObject } from 'typebox';
import type { Role } from './access.ts';
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
} from './handlers.ts';
import * as schemas from './schemas.ts';
import { getLbCounters, getLbState, getVppInfo, setWeight, syncLbState } from './vpp-handlers.ts';
import * as vpp from './vpp-schemas.ts';

/** One operation. `params` come from the path, `body` from the body; a handler gets both in one object. */
export interface Operation {
  readonly rpc: string;
  readonly verb: 'GET' | 'POST' | 'PUT';
  /** Below `/api/v1`; `{name}` marks a parameter. */
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  readonly params: TObject;
  readonly body: TObject;
  readonly response: TObject;
  readonly handler: (context: HandlerContext, request: never) => unknown;
}

interface Row<P extends TObject, B extends TObject, R extends TObject> extends Operation {
  readonly params: P;
  readonly body: B;
  readonly response: R;
  readonly handler: (
    context: HandlerContext,
    request: Static<P> & Static<B>,
  ) => Static<R> | Promise<Static<R>>;
}

/** Checks a row's handler against its schemas; the value is the row itself. */
function row<P extends TObject, B extends TObject, R extends TObject>(operation: Row<P, B, R>): Operation {
  return operation;
}

const { Empty } = schemas;
const read = { verb: 'GET', role: 'viewer', params: Empty, body: Empty } as const;
const act = {
  verb: 'POST',
  role: 'operator',
  params: schemas.BackendParams,
  body: schemas.BackendActionBody,
  response: schemas.BackendShape,
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
    path: '/frontends',
    summary: 'all frontends with their pools',
    response: schemas.FrontendList,
    handler: listFrontends,
  }),
  row({
    ...read,
    rpc: 'GetFrontend',
    path: '/frontends/{frontend}',
    summary: 'one frontend',
    params: schemas.FrontendParams,
    response: schemas.FrontendShape,
    handler: getFrontend,
  }),
  row({
    ...read,
    rpc: 'ListBackends',
    path: '/backends',
    summary: 'all backends with state and history',
    response: schemas.BackendList,
    handler: listBackends,
  }),
  row({
    ...read,
    rpc: 'GetBackend',
    path: '/backends/{backend}',
    summary: 'one backend',
    params: schemas.BackendParams,
    response: schemas.BackendShape,
    handler: getBackend,
  }),
  row({
    ...read,
    rpc: 'ListHealthChecks',
    path: '/healthchecks',
    summary: 'all health checks, defaults filled in',
    response: schemas.HealthCheckList,
    handler: listHealthChecks,
  }),
  row({
    ...read,
    rpc: 'GetHealthCheck',
    path: '/healthchecks/{healthcheck}',
    summary: 'one health check',
    params: schemas.HealthCheckParams,
    response: schemas.HealthCheckShape,
    handler: getHealthCheck,
  }),
  row({
    ...read,
    rpc: 'ListOverrides',
    path: '/overrides',
    summary: 'what operators set beside the file',
    response: schemas.OverrideList,
    handler: getOverrides,
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
    path: '/vpp/lb/state',
    summary: 'what VPP holds, read now',
    response: vpp.LbStateShape,
    handler: getLbState,
  }),
  row({
    rpc: 'SyncVPPLBState',
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
    path: '/vpp/lb/counters',
    summary: 'packet counters of all VIPs',
    response: vpp.LbCountersShape,
    handler: getLbCounters,
  }),
];
