// The rule that turns probe results into a backend's state: HAProxy's counter with an honest beginning.
// Pure: it knows no clock, no probe in flight and no schedule.
import type { TransitionCode } from './result-code.ts';

export type BackendState = 'unknown' | 'up' | 'down' | 'paused' | 'disabled' | 'removed';
export const backendStates = ['unknown', 'up', 'down', 'paused', 'disabled', 'removed'] as const;

/**
 * `rise` passes bring a backend up from the bottom, `fall` failures bring it down from the top; both >= 1.
 */
export interface Thresholds {
  readonly rise: number;
  readonly fall: number;
}

/** State and counter (0 .. rise+fall-1). Up iff counter >= rise, but only while probes decide. */
export interface BackendHealth {
  readonly state: BackendState;
  readonly counter: number;
}

/** One change of state. `atMs` is wall-clock time. */
export interface Transition {
  readonly from: BackendState;
  readonly to: BackendState;
  readonly atMs: number;
  readonly code: TransitionCode;
  readonly detail: string;
}

/** The highest value of the counter. */
export function counterMax(thresholds: Thresholds): number {
  return thresholds.rise + thresholds.fall - 1;
}

/** A backend of which nothing is known yet: one pass makes it up, one failure makes it down. */
export function unknownHealth(thresholds: Thresholds): BackendHealth {
  return { state: 'unknown', counter: thresholds.rise - 1 };
}

/** Probes run, and their results count, in these states only. */
export function isProbed(state: BackendState): boolean {
  return state === 'unknown' || state === 'up' || state === 'down';
}

/**
 * Health after one probe result. The same object back means that nothing changed.
 * Results that arrive in a state that is not probed are discarded.
 */
export function nextHealth(health: BackendHealth, ok: boolean, thresholds: Thresholds): BackendHealth {
  if (!isProbed(health.state)) return health;
  const counter = ok ? Math.min(health.counter + 1, counterMax(thresholds)) : Math.max(health.counter - 1, 0);
  const state = counter >= thresholds.rise ? 'up' : 'down';
  if (state === health.state && counter === health.counter) return health;
  return { state, counter };
}

/**
 * Carries health over to other thresholds (a reload changed rise or fall): the state stands, a steady counter
 * stays steady, one in between keeps its place as far as the new range has it.
 */
export function rescaleHealth(health: BackendHealth, from: Thresholds, to: Thresholds): BackendHealth {
  if (from.rise === to.rise && from.fall === to.fall) return health;
  switch (health.state) {
    case 'up': {
      if (health.counter === counterMax(from)) return { state: 'up', counter: counterMax(to) };
      const passesAboveRise = health.counter - from.rise;
      return { state: 'up', counter: Math.min(to.rise + passesAboveRise, counterMax(to)) };
    }
    case 'down':
      return { state: 'down', counter: Math.min(health.counter, to.rise - 1) };
    case 'unknown':
    case 'paused':
    case 'disabled':
    case 'removed':
      return { state: health.state, counter: to.rise - 1 };
  }
}

/** The interval that is due next, by the counter: edges are steady, everything between is not. */
export function intervalKind(health: BackendHealth, thresholds: Thresholds): 'fast' | 'down' | 'steady' {
  if (health.state === 'unknown') return 'fast';
  if (health.counter === 0) return 'down';
  if (health.counter === counterMax(thresholds)) return 'steady';
  return 'fast';
}
