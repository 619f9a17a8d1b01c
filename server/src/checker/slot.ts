// One backend as the checker holds it: its target, its health, its history and its probe.
// Plain data; `checker.ts` is the only writer.
import type { HealthCheck, IpFamily } from '../config/config.ts';
import type { BackendHealth, BackendState, Transition } from '../health/backend-health.ts';
import type { ProbeCode, TransitionCode } from '../health/result-code.ts';
import type { PreparedProbe, RunningProbe } from '../probes/probe.ts';
import { ProbeStats } from './probe-stats.ts';

/** What operators decided, with the file's `enabled` underneath. */
export type Admin = 'active' | 'paused' | 'disabled';

/** A backend to check. */
export interface CheckerTarget {
  readonly name: string;
  readonly address: string;
  readonly family: IpFamily;
  /** Absent: static, up while enabled. */
  readonly check?: HealthCheck;
  readonly admin: Admin;
}

export interface LastProbe {
  /** Wall time of its end. */
  readonly atMs: number;
  readonly ok: boolean;
  readonly code: ProbeCode;
  readonly detail: string;
  readonly durationMs: number;
}

/** The next probe waits for its time; this very object lies in the agenda. */
export interface WaitingProbe {
  readonly t: 'waiting';
  readonly slot: Slot;
  /** When it is due. */
  readonly atMs: number;
}

/** A probe is in flight. */
export interface ProbeInFlight {
  readonly t: 'running';
  readonly slot: Slot;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly stalledAtStartMs: number;
  readonly run: RunningProbe;
}

/**
 * Where a backend's probe is. One state object at a time, so that never two probes are in flight; whatever
 * comes in for an object that is no longer the slot's phase is left over.
 */
export type ProbePhase = { readonly t: 'none' } | WaitingProbe | ProbeInFlight;

export interface Slot {
  target: CheckerTarget;
  prepared: PreparedProbe | undefined;
  health: BackendHealth;
  phase: ProbePhase;
  sinceMs: number;
  code: TransitionCode | undefined;
  detail: string;
  lastProbe: LastProbe | undefined;
  transitions: readonly Transition[];
  readonly stats: ProbeStats;
  /** What others were shown last: as long as nothing has changed they are shown the same object. */
  shown: BackendSnapshot | undefined;
}

/** What others see of a backend. The same object as before means that nothing has changed but `stats`. */
export interface BackendSnapshot {
  readonly name: string;
  readonly address: string;
  readonly check: HealthCheck | undefined;
  readonly state: BackendState;
  readonly admin: Admin;
  readonly counter: number;
  readonly rise: number;
  readonly fall: number;
  /** Code and detail of the transition into the present state; undefined while there was none. */
  readonly code: TransitionCode | undefined;
  readonly detail: string;
  readonly sinceMs: number;
  readonly lastProbe: LastProbe | undefined;
  /** Oldest first. */
  readonly transitions: readonly Transition[];
  readonly stats: ProbeStats;
}

/** Thresholds of a backend without a health check: they only size its counter. */
export const staticThresholds = { rise: 1, fall: 1 } as const;

export function thresholdsOf(target: CheckerTarget): { readonly rise: number; readonly fall: number } {
  return target.check ?? staticThresholds;
}

export function createSlot(target: CheckerTarget, prepared: PreparedProbe | undefined, wallMs: number): Slot {
  return {
    target,
    prepared,
    health: { state: 'unknown', counter: thresholdsOf(target).rise - 1 },
    phase: { t: 'none' },
    sinceMs: wallMs,
    code: undefined,
    detail: '',
    lastProbe: undefined,
    transitions: [],
    stats: new ProbeStats(),
    shown: undefined,
  };
}

export function snapshotOf(slot: Slot): BackendSnapshot {
  const { shown } = slot;
  if (shown === undefined || !isCurrent(shown, slot)) slot.shown = takeSnapshot(slot);
  return slot.shown as BackendSnapshot;
}

/** Every transition comes with a new list of them; `target` is what the configuration and operators say. */
function isCurrent(shown: BackendSnapshot, { target, health, lastProbe, transitions }: Slot): boolean {
  return (
    shown.lastProbe === lastProbe &&
    shown.transitions === transitions &&
    shown.counter === health.counter &&
    shown.state === health.state &&
    shown.check === target.check &&
    shown.admin === target.admin &&
    shown.name === target.name &&
    shown.address === target.address
  );
}

function takeSnapshot(slot: Slot): BackendSnapshot {
  const { target, health, sinceMs, code, detail, lastProbe, transitions, stats } = slot;
  const { rise, fall } = thresholdsOf(target);
  return {
    name: target.name,
    address: target.address,
    check: target.check,
    state: health.state,
    admin: target.admin,
    counter: health.counter,
    rise,
    fall,
    code,
    detail,
    sinceMs,
    lastProbe,
    transitions,
    stats,
  };
}
