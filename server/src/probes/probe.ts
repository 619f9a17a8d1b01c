// What a probe is: the types every prober shares. A prober knows no backend, no state and no schedule;
// it owns no timer. The checker owns the deadline and calls `expire`.
import type { HealthCheck, IpFamily } from '../config/config.ts';
import type { ProbeCode } from '../health/result-code.ts';
import type { ProbeNetwork } from './network.ts';

/**
 * How one probe ended. `detail` is for people, at most `detailLengthMax` characters, never empty on failure.
 */
export interface ProbeResult {
  readonly ok: boolean;
  readonly code: ProbeCode;
  readonly detail: string;
  /** We ran out of something (descriptors, ports, memory): says nothing about the backend. */
  readonly ours?: true;
}

/** The engine itself was too late: that says nothing about the backend. */
export const notBegun: ProbeResult = { ok: false, code: 'L4TOUT', detail: 'not begun in time', ours: true };

/** Whom to probe. Port and the rest stand in the health check. */
export interface ProbeTarget {
  /** IP literal in canonical text. */
  readonly address: string;
  readonly family: IpFamily;
}

/**
 * A probe in flight. After `expire` or `cancel`, or once `done` was called, it holds no socket and calls
 * nobody.
 */
export interface RunningProbe {
  /**
   * How long our own side kept the probe waiting, besides what delays this thread; for whoever has just been
   * given the result. Absent: it has no side of its own.
   */
  readonly delayedMs?: number;
  /**
   * Whether nothing of this run waited for this thread: then only `delayedMs` can have made its result. For
   * whoever has just been given the result. Absent: it did.
   */
  readonly isApart?: boolean;
  /** The deadline passed: ends the probe and says in which layer it was waiting (L4TOUT, L6TOUT, L7TOUT). */
  expire(): ProbeResult;
  /** Nobody wants the answer any more. */
  cancel(): void;
}

/**
 * Told once how a probe ended. `elapsedMs`: how long it took, where that was measured apart from this thread,
 * which may hear of it later.
 */
export type ProbeDone = (result: ProbeResult, elapsedMs?: number) => void;

/** A probe whose request, pattern and TLS context are built once and used for every run. */
export interface PreparedProbe {
  /**
   * Starts one run. `done` is called at most once, never before `start` has returned, and never throws
   * for what the world did: refused, reset, garbage are results. It throws only for a bug of ours.
   */
  start(done: ProbeDone): RunningProbe;
}

/** One prober. `check.type` is the one it is registered for in `index.ts`. */
export type PrepareProbe<C extends HealthCheck = HealthCheck> = (
  check: C,
  target: ProbeTarget,
  network: ProbeNetwork,
) => PreparedProbe;
