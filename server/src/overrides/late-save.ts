// What a reload has dropped must not come back with the next start: where the disk did not take it, it is
// tried again until it does. It must not know what overrides are.
import type { Clock, Timer } from '../lib/clock.ts';
import { overridesRetryMs } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';

export interface LateSave {
  /** Something is not on disk yet. */
  plan(): void;
  /** Nothing is tried any more. */
  stop(): void;
}

export interface LateSaveOptions {
  readonly clock: Pick<Clock, 'setTimer'>;
  readonly log: Pick<Log, 'info'>;
  /** Saves what is to be there by then. */
  readonly save: () => Promise<{ readonly ok: boolean }>;
}

export function createLateSave({ clock, log, save }: LateSaveOptions): LateSave {
  let timer: Timer | undefined;
  let isStopped = false;
  const plan = (): void => {
    timer?.cancel();
    if (!isStopped) timer = clock.setTimer(overridesRetryMs, () => void attempt());
  };
  const attempt = async (): Promise<void> => {
    const { ok } = await save();
    if (ok) log.info('overrides-saved');
    else plan();
  };
  return {
    plan,
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}
