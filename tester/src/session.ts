// One run: prober, model and daemon joined, until an end is reached. Shell without a face: the screen and the
// JSON lines both sit on it.
import type { Options } from './arguments.ts';
import { type Clock, realClock, type Timer } from './clock.ts';
import { watchDaemon } from './daemon-states.ts';
import { createModel, type Model } from './model.ts';
import { startProberThread } from './prober-thread.ts';
import type { Target } from './targets.ts';
import { type Action, update } from './update.ts';
import { userAgent } from './version.ts';

export interface SessionDeps {
  readonly options: Options;
  readonly targets: readonly Target[];
  readonly columns: number;
  readonly rows: number;
  /** --count or --duration is reached, and the last probe has ended. */
  readonly onFinished: () => void;
}

export interface Session {
  readonly clock: Clock;
  readonly model: Model;
  act(action: Action): void;
  /** The terminal stops us, and lets us go on: what was under way is nobody's failure. */
  suspend(): void;
  resume(): void;
  stop(): void;
}

export function startSession({ options, targets, columns, rows, onFinished }: SessionDeps): Session {
  const clock = realClock;
  const { intervalMs, timeoutMs, uri, host, header, insecure, keepalive, inFlightMax, count } = options;
  const model = createModel({
    targets,
    intervalMs,
    tallies: header !== undefined,
    asksDaemon: options.daemonUrl !== undefined,
    nowMs: clock.nowMs(),
    columns,
    rows,
  });
  const prober = startProberThread({
    targets,
    options: {
      ...{ intervalMs, timeoutMs, uri, insecure, keepalive, inFlightMax },
      ...(host !== undefined && { host }),
      ...(header !== undefined && { header }),
      ...(count !== undefined && { count }),
    },
    userAgent,
    report(report) {
      update(model, { t: 'report', report });
      if (report.finished) onFinished();
    },
    onFault(error) {
      throw error;
    },
  });
  let durationTimer: Timer | undefined;
  if (options.durationMs !== undefined) {
    durationTimer = clock.setTimer(options.durationMs, () => prober.drain());
  }
  const endDaemon =
    options.daemonUrl === undefined
      ? () => undefined
      : watchDaemon(clock, options.daemonUrl, (states) =>
          update(model, { t: 'daemon', states, atMs: clock.nowMs() }),
        );
  const follow = () => (model.paused ? prober.pause() : prober.resume());
  return {
    clock,
    model,
    act(action) {
      update(model, { t: 'action', action, nowMs: clock.nowMs() });
      if (action === 'pause') follow();
    },
    suspend: () => prober.pause(),
    resume: follow,
    stop() {
      durationTimer?.cancel();
      endDaemon();
      prober.stop();
    },
  };
}
