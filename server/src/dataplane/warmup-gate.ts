// Holds VPP back after a start, as a whole and frontend by frontend: remembers what was released and says
// when the phase changes. A reload does not restart its clock; what is programmed is none of its business.
import type { Config } from '../config/config.ts';
import type { FrontendStatus } from '../health/frontend-state.ts';
import { must } from '../lib/assert.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { isReleased, nextPhaseMs, type WarmupPhase, warmupPhase } from './warmup.ts';

export interface WarmupSource {
  config(): Config;
  /** Undefined: no such frontend. */
  frontendStatus(frontend: string): FrontendStatus | undefined;
}

export interface WarmupGateOptions {
  readonly clock: Clock;
  readonly source: WarmupSource;
  readonly onPhase: () => void;
}

export class WarmupGate {
  readonly #options: WarmupGateOptions;
  readonly #startMs: number;
  readonly #released = new Set<string>();
  #timer: Timer | undefined;
  #stopped = false;

  /** The warm-up begins now. */
  constructor(options: WarmupGateOptions) {
    this.#options = options;
    this.#startMs = options.clock.nowMs();
  }

  phase(): WarmupPhase {
    return warmupPhase(this.#sinceStartMs(), this.#options.source.config().lb);
  }

  isReleased(frontend: string): boolean {
    return this.#released.has(frontend);
  }

  /** Notes which frontends may be programmed by now; one that was released stays so. */
  release(): void {
    const { source } = this.#options;
    const { frontends } = source.config();
    if (this.#released.size === frontends.size) return;
    const phase = this.phase();
    for (const name of frontends.keys()) {
      if (this.#released.has(name)) continue;
      const status = must(source.frontendStatus(name), `status of frontend ${name}`);
      if (isReleased(phase, status)) this.#released.add(name);
    }
  }

  /** Why VPP, or the frontend, is still left alone, as a whole sentence; undefined: it is not. */
  refusal(frontend: string | undefined): string | undefined {
    if (this.phase() === 'hands-off')
      return 'warm-up: VPP is not touched before startup-min-delay has passed';
    this.release();
    if (frontend === undefined || this.#released.has(frontend)) return undefined;
    return `warm-up: frontend ${frontend} waits until all its backends have left unknown`;
  }

  configChanged(): void {
    const { frontends } = this.#options.source.config();
    for (const name of this.#released) if (!frontends.has(name)) this.#released.delete(name);
    this.#plan();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #sinceStartMs(): number {
    return this.#options.clock.nowMs() - this.#startMs;
  }

  #plan(): void {
    const { clock, source, onPhase } = this.#options;
    this.#timer?.cancel();
    const delayMs = nextPhaseMs(this.#sinceStartMs(), source.config().lb);
    if (delayMs === undefined || this.#stopped) return;
    this.#timer = clock.setTimer(delayMs, () => {
      this.#plan();
      onPhase();
    });
  }
}
