// What the dashboard's server and its pages say to each other: one stream of messages down, a few requests up.
// Types only. The shapes of resources are REST's own (docs/api-guide.md), in the words of the specification.

/** Whether a maglevd can be asked. `lost`: it could, and cannot now. */
export type MaglevdConnection = 'connecting' | 'connected' | 'lost';

export interface MaglevdStatus {
  /** As configured: `host:port`; the daemon that serves the page is `local`. */
  readonly name: string;
  readonly connection: MaglevdConnection;
  /** RFC 3339: since when. */
  readonly since: string;
  /** Why it is not connected. */
  readonly reason?: string;
  readonly version?: string;
}

/** REST bodies as they are: Frontend, Backend, the answer of /vpp/info and of /vpp/lb/counters. */
export interface MaglevdPicture extends MaglevdStatus {
  readonly frontends: readonly FrontendJson[];
  readonly backends: readonly BackendJson[];
  readonly vpp: VppInfoJson;
  readonly counters?: LbCountersJson;
  /** Frontends whose VIP in VPP is not as it should be. */
  readonly drift: readonly string[];
}

/** One probe: backend, whether it passed, result code, milliseconds. */
export type ProbeTick = readonly [backend: string, ok: boolean, code: string, durationMs: number];

/** Messages of `GET …/stream`, in order. A `picture` replaces everything; all others are about one maglevd. */
export type FleetMessage =
  | {
      readonly t: 'picture';
      readonly at: string;
      readonly canChange: boolean;
      readonly maglevds: readonly MaglevdPicture[];
    }
  /** Its connection changed. What is known of it stays, and ages. */
  | { readonly t: 'status'; readonly maglevd: string; readonly status: MaglevdStatus }
  /** It is there (again): everything of it anew. */
  | { readonly t: 'maglevd'; readonly maglevd: string; readonly picture: MaglevdPicture }
  | { readonly t: 'event'; readonly maglevd: string; readonly event: EventJson }
  /** Resources that have changed, whole. */
  | {
      readonly t: 'change';
      readonly maglevd: string;
      readonly frontends: readonly FrontendJson[];
      readonly backends: readonly BackendJson[];
    }
  | { readonly t: 'probes'; readonly maglevd: string; readonly ticks: readonly ProbeTick[] }
  | {
      readonly t: 'vpp';
      readonly maglevd: string;
      readonly vpp: VppInfoJson;
      readonly counters?: LbCountersJson;
      readonly drift: readonly string[];
    }
  | { readonly t: 'heartbeat'; readonly at: string };

/** `POST /admin/api/change` and `/admin/api/preview`: an operation by its RPC name. */
export interface ChangeRequest {
  readonly maglevd: string;
  readonly operation:
    | 'PauseBackend'
    | 'ResumeBackend'
    | 'EnableBackend'
    | 'DisableBackend'
    | 'SetFrontendPoolBackendWeight'
    | 'SyncVPPLBState'
    | 'ReloadConfig'
    | 'CheckConfig';
  readonly request: Readonly<Record<string, unknown>>;
}

/** What a change would do, from the predicted table; nothing is changed. */
export interface ChangePreview {
  /** One sentence for people. */
  readonly summary: string;
  readonly frontends: readonly {
    readonly frontend: string;
    /** Share of new flows that another backend gets, 0..1. */
    readonly movedShare: number;
    /** Share that the backend has now and would have. */
    readonly shareBefore: number;
    readonly shareAfter: number;
    /** How many backends serve afterwards. */
    readonly servingAfter: number;
    readonly cutsFlows: boolean;
  }[];
}

export interface BackendJson {
  readonly name: string;
  readonly address: string;
  readonly healthcheck?: string;
  readonly enabled: boolean;
  readonly state: 'unknown' | 'up' | 'down' | 'paused' | 'disabled' | 'removed';
  readonly code?: string;
  readonly detail?: string;
  readonly since: string;
  readonly counter: { readonly value: number; readonly rise: number; readonly fall: number };
  readonly lastProbe?: {
    readonly at: string;
    readonly ok: boolean;
    readonly code: string;
    readonly detail: string;
    readonly duration: string;
  };
  readonly transitions: readonly {
    readonly from: string;
    readonly to: string;
    readonly at: string;
    readonly code: string;
    readonly detail: string;
  }[];
  readonly frontends: readonly string[];
}

export interface PoolBackendJson {
  readonly name: string;
  readonly state: BackendJson['state'];
  readonly weight: number;
  /** The file's, where a runtime weight hides it. */
  readonly fileWeight?: number;
  readonly effectiveWeight: number;
  readonly programmedWeight: number;
  readonly buckets?: number;
}

export interface FrontendJson {
  readonly name: string;
  readonly description?: string;
  readonly address: string;
  readonly protocol: 'tcp' | 'udp' | 'any';
  readonly port?: number;
  readonly state: 'unknown' | 'up' | 'down';
  readonly since: string;
  readonly activePool: string;
  readonly srcIpSticky: boolean;
  readonly flushOnDown: boolean;
  readonly encap: string;
  readonly newFlowsTableLength: number;
  readonly weightSteps: number;
  readonly pools: readonly { readonly name: string; readonly backends: readonly PoolBackendJson[] }[];
}

export interface VppInfoJson {
  readonly connection: string;
  readonly reason?: string;
  readonly version?: string;
  readonly pid?: number;
  readonly bootTime?: string;
  readonly connectTime?: string;
  readonly missingCapabilities: readonly string[];
}

export interface LbCountersJson {
  readonly at: string;
  readonly vips: readonly {
    readonly prefix: string;
    readonly protocol: string;
    readonly port?: number;
    readonly frontend?: string;
    readonly next: number;
    readonly first: number;
    readonly untracked: number;
    readonly noServer: number;
    readonly routePackets?: number;
    readonly routeBytes?: number;
  }[];
}

/** As `GET /api/v1/events` gives them. */
export interface EventJson {
  readonly id?: string;
  readonly at: string;
  readonly kind: 'log' | 'backend' | 'frontend' | 'vpp' | 'config' | 'resync' | 'heartbeat';
  readonly snapshot?: true;
  readonly log?: {
    readonly level: string;
    readonly message: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  };
  readonly backend?: { readonly backend: string; readonly transition: BackendJson['transitions'][number] };
  readonly frontend?: {
    readonly frontend: string;
    readonly from: string;
    readonly to: string;
    readonly at: string;
    readonly cause?: { readonly backend: string; readonly state: string; readonly code: string };
  };
  readonly vpp?: { readonly what: string; readonly message: string; readonly frontend?: string };
  readonly config?: { readonly outcome: string; readonly message: string; readonly audit?: object };
  readonly resync?: { readonly reason: string };
}
