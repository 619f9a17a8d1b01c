// What the daemon answers, as REST has it: the shapes of spec.md section 5. Types only. They are written down
// here and not read from the server: programs meet only at the contract.

export type BackendState = 'unknown' | 'up' | 'down' | 'paused' | 'disabled' | 'removed';
export type FrontendState = 'unknown' | 'up' | 'down';
/** RFC 3339. */
export type Time = string;
/** Proto JSON: "0.500s". */
export type Duration = string;

export interface Transition {
  readonly from: BackendState;
  readonly to: BackendState;
  readonly at: Time;
  readonly code: string;
  readonly detail: string;
}
export interface Backend {
  readonly name: string;
  readonly address: string;
  readonly healthcheck?: string;
  readonly enabled: boolean;
  readonly state: BackendState;
  readonly code?: string;
  readonly detail?: string;
  readonly since: Time;
  readonly counter: { readonly value: number; readonly rise: number; readonly fall: number };
  readonly lastProbe?: {
    readonly at: Time;
    readonly ok: boolean;
    readonly code: string;
    readonly detail: string;
    readonly duration: Duration;
  };
  /** Oldest first. */
  readonly transitions: readonly Transition[];
  readonly frontends: readonly string[];
}
export interface PoolBackend {
  readonly name: string;
  readonly state: BackendState;
  readonly weight: number;
  readonly effectiveWeight: number;
  readonly programmedWeight: number;
  readonly buckets?: number;
}
export interface Frontend {
  readonly name: string;
  readonly description?: string;
  readonly address: string;
  readonly protocol: 'tcp' | 'udp' | 'any';
  readonly port?: number;
  readonly state: FrontendState;
  readonly since: Time;
  readonly activePool: string;
  readonly srcIpSticky: boolean;
  readonly flushOnDown: boolean;
  readonly encap: string;
  readonly newFlowsTableLength: number;
  readonly weightSteps: number;
  readonly pools: readonly { readonly name: string; readonly backends: readonly PoolBackend[] }[];
}
export interface HealthCheck {
  readonly name: string;
  readonly type: 'icmp' | 'tcp' | 'http' | 'https';
  readonly port?: number;
  readonly interval: Duration;
  readonly fastInterval: Duration;
  readonly downInterval: Duration;
  readonly timeout: Duration;
  readonly rise: number;
  readonly fall: number;
  readonly probeIpv4Src?: string;
  readonly probeIpv6Src?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}
export interface Override {
  readonly backend: string;
  readonly admin?: 'paused' | 'disabled' | 'enabled';
  readonly frontend?: string;
  readonly pool?: string;
  readonly weight?: number;
  readonly by: string;
  readonly at: Time;
  readonly reason?: string;
}
export interface Version {
  readonly version: string;
  readonly commit: string;
  readonly date: string;
  readonly node: string;
}
export interface VppInfo {
  readonly connection: string;
  readonly reason?: string;
  readonly version?: string;
  readonly buildDate?: string;
  readonly buildDirectory?: string;
  readonly pid?: number;
  readonly bootTime?: Time;
  readonly connectTime?: Time;
  readonly missingCapabilities: readonly string[];
}
interface Vip {
  readonly prefix: string;
  readonly protocol: string;
  readonly port?: number;
  readonly frontend?: string;
}
export interface LbVip extends Vip {
  readonly encap: string;
  readonly srcIpSticky: boolean;
  readonly newFlowsTableLength: number;
  readonly inSync?: boolean;
  readonly applicationServers: readonly {
    readonly address: string;
    readonly backend?: string;
    readonly weight: number;
    readonly buckets: number;
    readonly predictedBuckets: number;
  }[];
}
export interface LbState {
  readonly at: Time;
  readonly conf: {
    readonly ipv4SrcAddress: string;
    readonly ipv6SrcAddress: string;
    readonly stickyBucketsPerCore: number;
    readonly flowTimeout: Duration;
  };
  readonly vips: readonly LbVip[];
  readonly missingFrontends: readonly string[];
}
export interface LbCounters {
  readonly at: Time;
  readonly vips: readonly (Vip & {
    readonly next: number;
    readonly first: number;
    readonly untracked: number;
    readonly noServer: number;
    readonly routePackets?: number;
    readonly routeBytes?: number;
  })[];
}
export interface LbSync {
  readonly vipsAdded: number;
  readonly vipsRemoved: number;
  readonly asesAdded: number;
  readonly asesRemoved: number;
  readonly weightsChanged: number;
  readonly inSync: boolean;
}
export interface ConfigProblem {
  readonly kind: 'structural' | 'semantic';
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}
interface NameChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}
export interface ConfigCheck {
  readonly ok: boolean;
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}
export interface ConfigReload extends ConfigCheck {
  readonly changes?: {
    readonly healthchecks: NameChanges;
    readonly backends: NameChanges;
    readonly frontends: NameChanges;
    readonly settings: readonly string[];
  };
}
export interface MaglevEvent {
  readonly id?: string;
  readonly at: Time;
  readonly kind: 'log' | 'backend' | 'frontend' | 'vpp' | 'config' | 'resync' | 'heartbeat';
  readonly snapshot?: true;
  readonly log?: {
    readonly level: string;
    readonly message: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  };
  readonly backend?: { readonly backend: string; readonly transition: Transition };
  readonly frontend?: {
    readonly frontend: string;
    readonly from: FrontendState;
    readonly to: FrontendState;
    readonly at: Time;
    readonly cause?: { readonly backend: string; readonly state: BackendState; readonly code: string };
  };
  readonly vpp?: { readonly what: string; readonly message: string; readonly frontend?: string };
  readonly config?: { readonly outcome: string; readonly message: string };
  readonly resync?: { readonly reason: string };
}
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
