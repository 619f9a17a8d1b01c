// When VPP may be touched after a start: not at once, because what is not yet probed looks like what is not
// there. Pure; time is an argument.
import type { FrontendStatus } from '../health/frontend-state.ts';

/** `hands-off`: VPP is not touched; `releasing`: frontends are, one by one; `open`: all are. */
export type WarmupPhase = 'hands-off' | 'releasing' | 'open';

export interface WarmupDelays {
  readonly startupMinDelayMs: number;
  readonly startupMaxDelayMs: number;
}

export function warmupPhase(sinceStartMs: number, delays: WarmupDelays): WarmupPhase {
  if (sinceStartMs >= delays.startupMaxDelayMs) return 'open';
  return sinceStartMs >= delays.startupMinDelayMs ? 'releasing' : 'hands-off';
}

/** Milliseconds until the phase changes; undefined: it does not any more. */
export function nextPhaseMs(sinceStartMs: number, delays: WarmupDelays): number | undefined {
  switch (warmupPhase(sinceStartMs, delays)) {
    case 'hands-off':
      return delays.startupMinDelayMs - sinceStartMs;
    case 'releasing':
      return delays.startupMaxDelayMs - sinceStartMs;
    case 'open':
      return undefined;
  }
}

/** Whether a frontend may be programmed from now on: all its backends have left unknown, or time is up. */
export function isReleased(phase: WarmupPhase, { pools }: Pick<FrontendStatus, 'pools'>): boolean {
  if (phase !== 'releasing') return phase === 'open';
  return pools.every((pool) => pool.backends.every((backend) => backend.state !== 'unknown'));
}
