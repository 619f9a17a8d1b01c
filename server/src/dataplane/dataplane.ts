// The port between the reconciler and whatever forwards: observe and apply, and word of coming and going.
import type { LbOp } from './lb-op.ts';
import type { ObservedAs, ObservedLb, VipKey } from './lb-state.ts';

export const connectionStates = [
  'connected',
  'connecting',
  'not-responding',
  'incompatible',
  'disconnected',
  'disabled',
] as const;
export type ConnectionState = (typeof connectionStates)[number];

/** What is known of the connection and of the VPP behind it; absent: not known (yet). */
export interface DataplaneInfo {
  readonly connection: ConnectionState;
  readonly version?: string;
  readonly buildDate?: string;
  readonly buildDirectory?: string;
  readonly pid?: number;
  /** Wall time, ms. */
  readonly bootTimeMs?: number;
  readonly connectTimeMs?: number;
  /** Why it is not connected, in words. */
  readonly reason?: string;
  /** Messages (`name_crc`) that are needed and that this VPP does not have. */
  readonly missingCapabilities: readonly string[];
}

/** As a sentence, e.g. `VPP is disconnected: closed by VPP`. */
export function describeConnection({ connection, reason }: DataplaneInfo): string {
  return reason === undefined ? `VPP is ${connection}` : `VPP is ${connection}: ${reason}`;
}

/** Why a call gave nothing: VPP refused it (`code` is VPP's, negative, `name` its word), or it was lost. */
export type DataplaneFault =
  | { readonly t: 'refused'; readonly code: number; readonly name: string; readonly message: string }
  | { readonly t: 'lost'; readonly message: string };

export type Observation<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: DataplaneFault };

export interface ApplyOutcome {
  /** Operations that VPP acknowledged; those behind a refused one may be among them. */
  readonly acknowledged: readonly LbOp[];
  /** The first that failed. */
  readonly failure?: { readonly op: LbOp; readonly fault: DataplaneFault };
}

/** Counters of one VIP since it was added. */
export interface VipCounters {
  readonly next: bigint;
  readonly first: bigint;
  readonly untracked: bigint;
  readonly noServer: bigint;
  /** Of the VIP's prefix, which all its ports share; absent without a route. */
  readonly routePackets?: bigint;
  readonly routeBytes?: bigint;
}

/** One pass over the counters. `byVip` is keyed by `vipName`. */
export interface CountersSample {
  /** Wall time, ms. */
  readonly atMs: number;
  readonly byVip: ReadonlyMap<string, { readonly key: VipKey; readonly counters: VipCounters }>;
}

export interface Dataplane {
  info(): DataplaneInfo;
  /**
   * Calls back after each change of `info().connection`, until the returned end. `sameVpp` of a connected
   * one: it is the process that was there before.
   */
  watch(onChange: (sameVpp: boolean) => void): () => void;
  /** All that VPP holds. */
  observe(): Promise<Observation<ObservedLb>>;
  /** The application servers of these VIPs, in their order. */
  observeServers(vips: readonly VipKey[]): Promise<Observation<readonly (readonly ObservedAs[])[]>>;
  /**
   * Sends all in order, without waiting between them; on a failure the rest is not sent any more.
   * `onAcknowledged` is called for each as it is acknowledged, while others are still under way.
   */
  apply(ops: readonly LbOp[], onAcknowledged?: (op: LbOp) => void): Promise<ApplyOutcome>;
  /** The last sample; absent: none (yet), or not connected. */
  counters(): CountersSample | undefined;
  start(): void;
  stop(): Promise<void>;
}
