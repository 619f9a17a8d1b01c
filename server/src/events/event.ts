// What can happen, as values. An event tells; it never instructs.
import type { BackendState, Transition } from '../health/backend-health.ts';
import type { FrontendState } from '../health/frontend-state.ts';
import type { TransitionCode } from '../health/result-code.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

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

/** A configuration was taken or refused, or an operator's override was set or dropped. */
export interface ConfigEvent {
  readonly kind: 'config';
  readonly outcome: 'loaded' | 'refused' | 'override-set' | 'override-dropped';
  readonly message: string;
}

/** The connection to VPP, or what VPP holds, is not as it was or as it should be. */
export interface VppEvent {
  readonly kind: 'vpp';
  readonly what: 'connection' | 'drift' | 'refused' | 'lost' | 'table-mismatch' | 'table-repaired';
  readonly message: string;
  readonly frontend?: string;
}

export type MaglevEvent = LogEvent | BackendEvent | FrontendEvent | ConfigEvent | VppEvent;
export type EventKind = MaglevEvent['kind'];

/** An event with its place in the one order. `sequence` rises by one; `atMs` is wall-clock time. */
export interface NumberedEvent {
  readonly sequence: number;
  readonly atMs: number;
  readonly event: MaglevEvent;
}
