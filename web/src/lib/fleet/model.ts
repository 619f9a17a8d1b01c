// What the page knows of a fleet: values that only `reduce` makes. Knows no DOM, no stream and no clock.
import type {
  BackendJson,
  EventJson,
  FrontendJson,
  LbCountersJson,
  MaglevdStatus,
  ProbeTick,
  VppInfoJson,
} from '../../contract.ts';

/** Probes kept per backend: as many as the heartbeat has pixels. */
export const probesKept = 60;
/** Samples of counters kept per VIP: at one in 5 s, five minutes. */
export const samplesKept = 60;
/** Lines of the event panel that are kept, over all maglevds. */
export const linesKept = 500;

/** One step of a counter: packets and bytes per second between two samples. */
export interface Rate {
  readonly atMs: number;
  readonly packets: number;
  readonly bytes: number;
  /** First packets of new flows. */
  readonly flows: number;
  /** Packets that found no server. */
  readonly noServer: number;
}

export type VipCounters = LbCountersJson['vips'][number];

/** A VIP's newest totals, and its rates, oldest first. */
export interface VipSeries {
  readonly atMs: number;
  readonly totals: VipCounters;
  readonly rates: readonly Rate[];
}

/** A line of the event panel. `id` rises by one; `gap`: the picture was taken anew, events may be missing. */
export type EventLine =
  | { readonly id: number; readonly t: 'event'; readonly maglevd: string; readonly event: EventJson }
  | { readonly id: number; readonly t: 'gap'; readonly at: string };

export interface MaglevdModel {
  readonly status: MaglevdStatus;
  readonly frontends: ReadonlyMap<string, FrontendJson>;
  readonly backends: ReadonlyMap<string, BackendJson>;
  readonly vpp: VppInfoJson;
  readonly drift: ReadonlySet<string>;
  /** Per backend, oldest first, at most `probesKept`. */
  readonly probes: ReadonlyMap<string, readonly ProbeTick[]>;
  readonly series: ReadonlyMap<string, VipSeries>;
}

export interface FleetModel {
  /** Whether a picture has come at all. */
  readonly isLoaded: boolean;
  readonly canChange: boolean;
  /** The server's clock less this page's, in ms: ages are told by the server's. */
  readonly skewMs: number;
  /** In the order of the picture. */
  readonly maglevds: ReadonlyMap<string, MaglevdModel>;
  readonly lines: readonly EventLine[];
  readonly nextLineId: number;
}

export const emptyFleet: FleetModel = {
  isLoaded: false,
  canChange: false,
  skewMs: 0,
  maglevds: new Map(),
  lines: [],
  nextLineId: 1,
};
