// What the daemon answers, as REST has it: the types of its schemas, under the names that commands use. Types
// only, of which nothing is left when the program runs.
import type { ConfigCheckJson, ConfigReloadJson } from '@vpp-maglev/server/config-schemas';
import type { EventJson } from '@vpp-maglev/server/event-schemas';
import type {
  BackendJson,
  FrontendJson,
  HealthCheckJson,
  OverrideJson,
  TransitionJson,
  VersionJson,
} from '@vpp-maglev/server/schemas';
import type { LbCountersJson, LbStateJson, LbSyncJson, VppInfoJson } from '@vpp-maglev/server/vpp-schemas';

export type Transition = TransitionJson;
export type Backend = BackendJson;
export type BackendState = Backend['state'];
export type Frontend = FrontendJson;
export type FrontendState = Frontend['state'];
export type PoolBackend = Frontend['pools'][number]['backends'][number];
export type HealthCheck = HealthCheckJson;
export type Override = OverrideJson;
export type Version = VersionJson;
export type VppInfo = VppInfoJson;
export type LbState = LbStateJson;
export type LbVip = LbState['vips'][number];
export type LbCounters = LbCountersJson;
export type LbSync = LbSyncJson;
export type ConfigCheck = ConfigCheckJson;
export type ConfigReload = ConfigReloadJson;
export type ConfigProblem = ConfigCheck['errors'][number];
export type MaglevEvent = EventJson;

/** Request and answer of every unary call, as REST JSON; `wrapped` ones without their wrapper. */
export interface Calls {
  readonly GetVersion: [Record<string, never>, Version];
  readonly ListFrontends: [{ readonly backend?: string }, { readonly frontends: readonly Frontend[] }];
  readonly GetFrontend: [{ readonly frontend: string }, Frontend];
  readonly ListBackends: [{ readonly frontend?: string }, { readonly backends: readonly Backend[] }];
  readonly GetBackend: [{ readonly backend: string }, Backend];
  readonly ListHealthChecks: [Record<string, never>, { readonly healthchecks: readonly HealthCheck[] }];
  readonly GetHealthCheck: [{ readonly healthcheck: string }, HealthCheck];
  readonly ListOverrides: [Record<string, never>, { readonly overrides: readonly Override[] }];
  readonly PauseBackend: [BackendAction, Backend];
  readonly ResumeBackend: [BackendAction, Backend];
  readonly EnableBackend: [BackendAction, Backend];
  readonly DisableBackend: [BackendAction, Backend];
  readonly SetFrontendPoolBackendWeight: [WeightAction, Frontend];
  readonly CheckConfig: [Record<string, never>, ConfigCheck];
  readonly ReloadConfig: [Record<string, never>, ConfigReload];
  readonly GetVPPInfo: [Record<string, never>, VppInfo];
  readonly GetVPPLBState: [{ readonly frontend?: string }, LbState];
  readonly SyncVPPLBState: [{ readonly frontend?: string }, LbSync];
  readonly GetVPPLBCounters: [{ readonly frontend?: string }, LbCounters];
}
interface BackendAction {
  readonly backend: string;
  readonly reason?: string;
}
interface WeightAction extends BackendAction {
  readonly frontend: string;
  readonly pool: string;
  readonly weight?: number;
  readonly reset?: boolean;
  readonly flush?: boolean;
}
export interface WatchRequest {
  readonly kind?: readonly string[];
  readonly level?: string;
  readonly lastEventId?: string;
}
