// The face for programs: one JSON line per second, a summary at the end, an exit status. Shell: standard
// output, signals, exit.
import type { Options } from './arguments.ts';
import type { Timer } from './clock.ts';
import { lineIntervalMs } from './limits.ts';
import { startSession } from './session.ts';
import { exitStatus, secondLine, summaryLine } from './summary.ts';
import type { Target } from './targets.ts';

export interface JsonDeps {
  readonly options: Options;
  readonly targets: readonly Target[];
}

export function runJson({ options, targets }: JsonDeps): void {
  let timer: Timer | undefined;
  let ended = false;
  const session = startSession({ options, targets, columns: 80, rows: 24, onFinished: () => end() });
  const { clock, model } = session;

  function end(): void {
    if (ended) return;
    ended = true;
    timer?.cancel();
    session.stop();
    const status = exitStatus(model);
    process.stdout.write(`${summaryLine(model, clock.nowMs())}\n`, () => process.exit(status));
  }
  function planLine(dueMs: number): void {
    timer = clock.setTimer(dueMs - clock.nowMs(), () => {
      process.stdout.write(`${secondLine(model, clock.nowMs())}\n`);
      // A second that was slept through is not made up for.
      planLine(Math.max(dueMs, clock.nowMs() - lineIntervalMs) + lineIntervalMs);
    });
  }
  // Whoever read us has gone: there is nobody to tell, but the status.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exitStatus(model));
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  planLine(clock.nowMs() + lineIntervalMs);
}
