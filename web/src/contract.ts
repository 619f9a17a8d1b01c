// What the dashboard's server and its pages say to each other: one stream of messages down, a few requests
// up. Types only. The shapes of resources are REST's own (docs/api-guide.md), taken from the daemon's
// schemas: those are exported as types and as nothing else, so that none of their code can reach a page.
import type { EventJson } from '@vpp-maglev/server/event-schemas';
import type { BackendJson, FrontendJson } from '@vpp-maglev/server/schemas';
import type { LbCountersJson, VppInfoJson as VppInfo } from '@vpp-maglev/server/vpp-schemas';

/** `EventJson`: as `GET /api/v1/events` gives them. */
export type { BackendJson, EventJson, FrontendJson, LbCountersJson };
export type PoolBackendJson = FrontendJson['pools'][number]['backends'][number];
/** Nobody has said yet how VPP is connected: `unknown`. */
export type VppInfoJson = Omit<VppInfo, 'connection'> & {
  readonly connection: VppInfo['connection'] | 'unknown';
};

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

/** One probe: backend, whether it passed, result code, milliseconds, and when it ended (Unix, ms). */
export type ProbeTick = readonly [
  backend: string,
  ok: boolean,
  code: string,
  durationMs: number,
  atMs: number,
];

/**
 * Messages of `GET …/stream`, in order. A `picture` replaces everything; all others are about one maglevd.
 */
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
      /** Where there is a new sample. */
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
