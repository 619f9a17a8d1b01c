// Probes all targets at their moments and reports what came back. Shell: owns the timers and the connections;
// runs in a thread of its own, so that drawing a screen delays no probe. It must not know statistics.
import type { Clock, Timer } from './clock.ts';
import { createLagWatch, lagSince, noteTimer } from './lag-watch.ts';
import { readBufferBytes, reportIntervalMs, watchIntervalMs } from './limits.ts';
import { type Answered, type Line, openLine, type Question } from './line.ts';
import { createOutbox } from './outbox.ts';
import type { Report } from './outcome.ts';
import type { ProbeOptions } from './questions.ts';
import { createSchedule, nextDueMs, takeDue } from './schedule.ts';

export interface ProberDeps {
  readonly clock: Clock;
  readonly questions: readonly (Question | undefined)[];
  readonly options: ProbeOptions;
  /** The next report comes after `taken` was called for this one. */
  readonly report: (report: Report) => void;
}

export interface Prober {
  /** The last report was taken. */
  taken(): void;
  /** Starts nothing more; what is under way ends without a result. */
  pause(): void;
  resume(): void;
  /** Starts nothing more, waits for what is under way, and reports it. */
  drain(): void;
  /** At once; nothing is reported any more. */
  stop(): void;
}

interface Slot {
  readonly question: Question;
  /** Index of the target. */
  readonly target: number;
  readonly busy: Set<Line>;
  /** Kept connections; only with --keepalive. */
  readonly idle: Line[];
  started: number;
}

type State = 'running' | 'paused' | 'draining' | 'stopped';

export function startProber({ clock, questions, options, report }: ProberDeps): Prober {
  const deps = { clock, buffer: Buffer.allocUnsafeSlow(readBufferBytes) };
  const slots = createSlots(questions);
  const outbox = createOutbox(report);
  const watch = createLagWatch(clock.nowMs());
  const countMax = options.count ?? Number.POSITIVE_INFINITY;
  let state: State = 'running';
  let schedule = createSchedule(slots.length, options.intervalMs, clock.nowMs());
  let tickTimer: Timer | undefined;
  let reportTimer: Timer | undefined;

  const countReached = () => slots.every(({ started }) => started >= countMax);
  const finished = () =>
    (state === 'draining' || countReached()) && slots.every(({ busy }) => busy.size === 0);

  function tick(): void {
    const nowMs = clock.nowMs();
    outbox.noteLag(noteTimer(watch, nowMs));
    for (const index of takeDue(schedule, nowMs, clock.random)) {
      const slot = slots[index];
      if (slot === undefined || slot.started >= countMax) continue;
      if (slot.busy.size >= options.inFlightMax || outbox.isFull()) outbox.noteSkipped();
      else ask(slot, 1);
    }
    planTick();
  }
  function planTick(): void {
    watch.dueMs = Number.POSITIVE_INFINITY;
    if (state !== 'running' || slots.length === 0 || countReached()) return;
    const nowMs = clock.nowMs();
    const delayMs = Math.max(1, Math.min(watchIntervalMs, Math.ceil(nextDueMs(schedule) - nowMs)));
    watch.dueMs = nowMs + delayMs;
    tickTimer = clock.setTimer(delayMs, tick);
  }
  function ask(slot: Slot, starts: 0 | 1): void {
    slot.started += starts;
    const kept = takeIdle(slot);
    const line: Line = kept ?? openLine(deps, slot.question, (answered) => settle(slot, line, answered));
    slot.busy.add(line);
    kept?.ask((answered) => settle(slot, line, answered));
  }
  function settle(slot: Slot, line: Line, answered: Answered): void {
    slot.busy.delete(line);
    if (answered.t === 'not-sent') outbox.noteNotSent(answered.detail);
    else if (answered.t === 'stale' && state !== 'stopped') ask(slot, 0);
    else if (answered.t === 'outcome') {
      const lagMs = lagSince(watch, answered.outcome.atMs, clock.nowMs());
      outbox.add({ target: slot.target, lagMs, ...answered.outcome });
      if (options.keepalive && state === 'running' && answered.line) slot.idle.push(answered.line);
      else answered.line?.close();
    }
  }
  function planReport(): void {
    reportTimer = clock.setTimer(reportIntervalMs, () => {
      outbox.send(clock.nowMs(), finished());
      planReport();
    });
  }
  function halt(next: State, closesBusy: boolean): void {
    state = next;
    tickTimer?.cancel();
    watch.dueMs = Number.POSITIVE_INFINITY;
    for (const slot of slots) closeLines(slot, closesBusy);
  }
  planTick();
  planReport();
  return {
    taken: () => outbox.taken(),
    pause() {
      if (state === 'running') halt('paused', true);
    },
    resume() {
      if (state !== 'paused') return;
      state = 'running';
      schedule = createSchedule(slots.length, options.intervalMs, clock.nowMs());
      planTick();
    },
    drain() {
      if (state !== 'stopped') halt('draining', false);
    },
    stop() {
      halt('stopped', true);
      reportTimer?.cancel();
    },
  };
}

function createSlots(questions: readonly (Question | undefined)[]): Slot[] {
  return questions.flatMap((question, target) =>
    question ? [{ question, target, busy: new Set(), idle: [], started: 0 }] : [],
  );
}

function closeLines({ idle, busy }: Slot, closesBusy: boolean): void {
  for (const line of idle.splice(0)) line.close();
  if (closesBusy) for (const line of Array.from(busy)) line.close();
}

function takeIdle({ idle }: Slot): Line | undefined {
  for (let line = idle.shift(); line !== undefined; line = idle.shift()) if (!line.closed) return line;
  return undefined;
}
