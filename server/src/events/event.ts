// What can happen, as values. An event tells; it never instructs.
import type { BackendState, Transition } from '../health/backend-health.ts';
import type { FrontendState } from '../health/frontend-state.ts';
import type { TransitionCode } from '../health/result-code.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogEvent {
  readonly kind: 'log';
  readonly level: LogLevel;
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A backend changed its state. */
export interface BackendEvent {
  readonly kind: 'backend';
  readonly backend: string;
  readonly transition: Transition;
}

/** A frontend changed its derived state; `cause` names the backend behind it, if one backend was. */
export interface FrontendEvent {
  readonly kind: 'frontend';
  readonly frontend: string;
  readonly from: FrontendState;
  readonly to: FrontendState;
  readonly atMs: number;
  readonly cause?: { readonly backend: string; readonly state: BackendState; readonly code: TransitionCode };
}

export const configOutcomes = ['loaded', 'refused', 'override-set', 'override-dropped', 'audit'] as const;

/** Who asked for a change, and what became of it. */
export interface Audit {
  /** RPC name of the operation. */
  readonly operation: string;
  /** What it was to change; absent: the daemon as a whole. */
  readonly target?: string;
  /** Name of the credential; absent: none was needed. */
  readonly user?: string;
  readonly address: string;
  readonly requestId: string;
  /** `ok`, or the canonical code of the refusal. */
  readonly code: string;
}

/** A configuration was taken or refused, an override set or dropped, or (`audit`) a change asked for. */
export interface ConfigEvent {
  readonly kind: 'config';
  readonly outcome: (typeof configOutcomes)[number];
  readonly message: string;
  readonly audit?: Audit;
}

export const vppEventKinds = [
  'connection',
  'drift',
  'refused',
  'lost',
  'table-mismatch',
  'table-repaired',
] as const;

/** The connection to VPP, or what VPP holds, is not as it was or as it should be. */
export interface VppEvent {
  readonly kind: 'vpp';
  readonly what: (typeof vppEventKinds)[number];
  readonly message: string;
  readonly frontend?: string;
}

export type MaglevEvent = LogEvent | BackendEvent | FrontendEvent | ConfigEvent | VppEvent;
export const eventKinds = ['log', 'backend', 'frontend', 'vpp', 'config'] as const;
export type EventKind = (typeof eventKinds)[number];

/** An event with its place in the one order. `sequence` rises by one; `atMs` is wall-clock time. */
export interface NumberedEvent {
  readonly sequence: number;
  readonly atMs: number;
  readonly event: MaglevEvent;
}
