// May this probe's result be believed, or did our own lateness make it? The rule that keeps an overloaded
// daemon from calling backends down. Pure: all it knows is how long things took and how long we were away.
import type { ProbeCode } from '../health/result-code.ts';
import { stallShareMax } from '../lib/limits.ts';

/** How one probe went, in milliseconds of the monotonic clock. */
export interface ProbeCourse {
  /** From its start to when we saw its end. */
  readonly durationMs: number;
  /** How much of that time our own loop was not running when it should have. */
  readonly stalledMs: number;
  readonly timeoutMs: number;
  /** What it ended with; undefined: nothing came and the deadline passed. */
  readonly answer?: { readonly ok: boolean; readonly code: ProbeCode } | undefined;
}

/**
 * Whether a probe that starts this long after it was due is late whatever comes of it: then it need not run.
 */
export function isTooLate(startLagMs: number, timeoutMs: number): boolean {
  return startLagMs > timeoutMs;
}

/**
 * - `valid`: the result counts.
 * - `timeout`: an answer came, but truly after the deadline: counts as a time-out.
 * - `late`: our scheduling may have made this result: it is counted as late and changes no state.
 *
 * | the probe                                            | verdict                             |
 * |------------------------------------------------------|-------------------------------------|
 * | no answer, we were away for more than a quarter      | late                                |
 * | no answer otherwise                                  | valid (the time-out)                |
 * | answer in time, ok, refused or a wrong status        | valid: our delay cannot make those  |
 * | answer in time, another failure, we were away        | late: the peer may have given us up |
 * | answer after the deadline, explained by our absence  | late                                |
 * | answer after the deadline otherwise                  | timeout                             |
 */
export function judgeProbe(course: ProbeCourse): 'valid' | 'timeout' | 'late' {
  const { durationMs, stalledMs, timeoutMs, answer } = course;
  const wasAway = stalledMs > timeoutMs * stallShareMax;
  if (answer === undefined) return wasAway ? 'late' : 'valid';
  if (durationMs > timeoutMs) return durationMs - stalledMs <= timeoutMs ? 'late' : 'timeout';
  const beyondOurInfluence = answer.ok || answer.code === 'L4CON' || answer.code === 'L7STS';
  return wasAway && !beyondOurInfluence ? 'late' : 'valid';
}
