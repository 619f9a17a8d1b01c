// The shell around health: starts due probes in batches, holds deadlines, and is the sole writer of backend
// health. It does not know frontends, overrides, files, VPP or who listens to its transitions.
import type { HealthCheck } from '../config/config.ts';
import {
  type BackendHealth,
  type BackendState,
  counterMax,
  isProbed,
  nextHealth,
  rescaleHealth,
  type Transition,
  unknownHealth,
} from '../health/backend-health.ts';
import type { ProbeCode, TransitionCode } from '../health/result-code.ts';
import { assert } from '../lib/assert.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { probeStartsPerTickMax, probesInFlightMax, timerEarlyMs } from '../lib/limits.ts';
import type { Prng } from '../lib/prng.ts';
import type { PreparedProbe, ProbeResult } from '../probes/probe.ts';
import { Agenda } from './agenda.ts';
import { firstDueMs, intervalMs, nextDueMs, onGrid } from './interval.ts';
import { Histogram, lagBucketsSeconds, type ProbeOutcome } from './probe-stats.ts';
import {
  type Admin,
  type BackendSnapshot,
  type CheckerTarget,
  createSlot,
  type ProbeInFlight,
  type Slot,
  snapshotOf,
  thresholdsOf,
  type WaitingProbe,
} from './slot.ts';
import { StallMeter } from './stall-meter.ts';
import { isTooLate, judgeProbe } from './verdict.ts';

/** One finished probe, as told to `onProbe`. */
export interface ProbeReport {
  readonly backend: string;
  readonly outcome: ProbeOutcome;
  readonly result: ProbeResult;
  readonly durationMs: number;
}

export interface CheckerOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  /** Builds the probe of a health check for a backend; called once per backend and change. */
  readonly prepare: (check: HealthCheck, target: CheckerTarget) => PreparedProbe;
  /** Called after the new state is in place, synchronously. */
  readonly onTransition: (backend: string, transition: Transition) => void;
  /** For debug logs; absent: nobody looks. */
  readonly onProbe?: (report: ProbeReport) => void;
}

const none = { t: 'none' } as const;
/** Left-over items that may lie in the agenda before it is worth sweeping. */
const agendaSlack = 1024;
const timeoutCode: Readonly<Record<string, ProbeCode>> = { L4: 'L4TOUT', L6: 'L6TOUT', L7: 'L7TOUT' };

export class Checker {
  readonly #options: CheckerOptions;
  readonly #clock: Clock;
  #slots = new Map<string, Slot>();
  readonly #agenda = new Agenda<WaitingProbe>();
  /** Due, but not started: the bounds on starts per tick and probes in flight held them back. */
  #backlog: WaitingProbe[] = [];
  #backlogFirst = 0;
  readonly #stalls = new StallMeter();
  readonly #lag = new Histogram(lagBucketsSeconds);
  #timer: { readonly atMs: number; readonly timer: Timer } | undefined;
  #ioTimer: Timer | undefined;
  readonly #inFlight = new Set<ProbeInFlight>();
  #expiring: ProbeInFlight[] = [];
  #historyMax = 1;
  #stopped = false;

  constructor(options: CheckerOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /**
   * Makes the checked set exactly `targets`, in that order. New ones start spread over their fast interval,
   * gone ones end as `removed`, a changed health check keeps the state and is probed anew, the rest is not
   * touched.
   */
  sync(targets: readonly CheckerTarget[], historyMax: number, sameCheck: SameCheck): void {
    assert(!this.#stopped, 'sync on a stopped checker');
    this.#historyMax = historyMax;
    const old = this.#slots;
    const slots = new Map<string, Slot>();
    const toStart: Slot[] = [];
    for (const slot of old.values()) slot.transitions = slot.transitions.slice(-historyMax);
    const stays = new Set<string>();
    for (const target of targets) {
      if (old.get(target.name)?.target.address === target.address) stays.add(target.name);
    }
    for (const [name, slot] of old) if (!stays.has(name)) this.#retire(slot);
    this.#slots = slots;
    for (const target of targets) {
      const kept = stays.has(target.name) ? old.get(target.name) : undefined;
      const slot = kept ?? createSlot(target, this.#prepare(target), this.#clock.wallMs());
      slots.set(target.name, slot);
    }
    for (const target of targets) {
      const slot = slots.get(target.name) as Slot;
      if (stays.has(target.name)) {
        if (this.#retarget(slot, target, sameCheck)) toStart.push(slot);
      } else {
        this.#introduce(slot);
        if (isProbed(slot.health.state) && slot.prepared) toStart.push(slot);
      }
    }
    const nowMs = this.#clock.nowMs();
    for (const [index, slot] of toStart.entries()) {
      const fastMs = slot.target.check?.fastIntervalMs ?? 0;
      this.#schedule(slot, firstDueMs(nowMs, fastMs, index, toStart.length));
    }
    this.#arm();
  }

  /** An operator's decision; false when there is nothing to change. `detail` says who and why. */
  setAdmin(name: string, admin: Admin, detail: string): boolean {
    const slot = this.#slots.get(name);
    assert(slot !== undefined, `setAdmin of unknown backend ${name}`);
    if (slot.target.admin === admin) return false;
    this.#changeAdmin(slot, { ...slot.target, admin }, detail);
    this.#arm();
    return true;
  }

  state(name: string): BackendState | undefined {
    return this.#slots.get(name)?.health.state;
  }

  snapshot(name: string): BackendSnapshot | undefined {
    const slot = this.#slots.get(name);
    return slot && snapshotOf(slot);
  }

  /** All backends, in the order of the last `sync`. */
  snapshots(): BackendSnapshot[] {
    return Array.from(this.#slots.values(), snapshotOf);
  }

  /** Seconds by which probes started late. */
  lag(): Histogram {
    return this.#lag;
  }

  inFlight(): number {
    return this.#inFlight.size;
  }

  /** Cancels every probe and timer. Nothing is called back afterwards. */
  stop(): void {
    this.#stopped = true;
    for (const slot of this.#slots.values()) this.#halt(slot);
    this.#agenda.clear();
    this.#backlog = [];
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    this.#ioTimer?.cancel();
    this.#ioTimer = undefined;
  }

  // --- backends come, change and go

  #prepare(target: CheckerTarget): PreparedProbe | undefined {
    return target.check && this.#options.prepare(target.check, target);
  }

  #introduce(slot: Slot): void {
    const { admin } = slot.target;
    if (admin !== 'active') this.#moveTo(slot, { ...slot.health, state: admin }, admin, '');
    else this.#settleStatic(slot);
  }

  /** A static backend that may be used is up, whatever happened before. */
  #settleStatic(slot: Slot): void {
    if (slot.target.check || !isProbed(slot.health.state) || slot.health.state === 'up') return;
    const counter = counterMax(thresholdsOf(slot.target));
    this.#moveTo(slot, { state: 'up', counter }, 'static', 'no health check');
  }

  #retire(slot: Slot): void {
    this.#halt(slot);
    this.#moveTo(slot, { ...slot.health, state: 'removed' }, 'removed', 'no longer in the configuration');
  }

  /** Takes over a new target for the same address; true when it must be probed anew. */
  #retarget(slot: Slot, target: CheckerTarget, sameCheck: SameCheck): boolean {
    const before = slot.target;
    const changed = !sameCheck(before.check, target.check);
    slot.target = { ...target, admin: before.admin };
    if (changed) {
      this.#halt(slot);
      slot.prepared = this.#prepare(target);
      slot.health = rescaleHealth(slot.health, thresholdsOf(before), thresholdsOf(target));
    }
    if (before.admin !== target.admin) {
      const detail = target.admin === 'active' ? 'enabled in the configuration' : 'by the configuration';
      this.#changeAdmin(slot, target, detail);
    }
    if (changed) this.#settleStatic(slot);
    return changed && slot.phase.t === 'none' && isProbed(slot.health.state) && slot.prepared !== undefined;
  }

  #changeAdmin(slot: Slot, target: CheckerTarget, detail: string): void {
    const wasDisabled = slot.target.admin === 'disabled';
    slot.target = target;
    this.#halt(slot);
    if (target.admin !== 'active') {
      this.#moveTo(slot, { ...slot.health, state: target.admin }, target.admin, detail);
      return;
    }
    const code = wasDisabled ? 'enabled' : 'resumed';
    this.#moveTo(slot, unknownHealth(thresholdsOf(target)), code, detail);
    this.#settleStatic(slot);
    if (slot.prepared) this.#schedule(slot, onGrid(this.#clock.nowMs()));
  }

  #moveTo(slot: Slot, health: BackendHealth, code: TransitionCode, detail: string): void {
    const from = slot.health.state;
    slot.health = health;
    if (health.state === from) return;
    const transition: Transition = { from, to: health.state, atMs: this.#clock.wallMs(), code, detail };
    slot.sinceMs = transition.atMs;
    slot.code = code;
    slot.detail = detail;
    slot.transitions = [...slot.transitions, transition].slice(-this.#historyMax);
    slot.stats.countTransition(from, health.state);
    this.#options.onTransition(slot.target.name, transition);
  }

  // --- the schedule

  #schedule(slot: Slot, dueMs: number): void {
    assert(slot.phase.t === 'none', `${slot.target.name}: scheduled twice`);
    const phase: WaitingProbe = { t: 'waiting', slot, atMs: dueMs };
    slot.phase = phase;
    this.#agenda.add(phase);
  }

  /** Ends whatever the slot's probe is doing, without a result. */
  #halt(slot: Slot): void {
    const { phase } = slot;
    slot.phase = none;
    if (phase.t !== 'running') return;
    this.#inFlight.delete(phase);
    phase.run.cancel();
  }

  /**
   * Plans the next tick: when something is due, and on every grid point while probes are in flight. `nowMs`
   * is when the present turn began, so that a long turn of our own makes the next tick late, as it should.
   */
  #arm(nowMs = this.#clock.nowMs()): void {
    if (this.#stopped) return;
    let atMs = this.#agenda.earliestMs() ?? Number.POSITIVE_INFINITY;
    if (this.#inFlight.size > 0) atMs = Math.min(atMs, onGrid(nowMs + 1));
    if (this.#backlogFirst < this.#backlog.length && this.#inFlight.size < probesInFlightMax) atMs = nowMs;
    if (this.#timer && this.#timer.atMs <= atMs) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (atMs === Number.POSITIVE_INFINITY) {
      this.#stalls.plan(undefined);
      return;
    }
    this.#stalls.plan(Math.max(atMs, nowMs));
    const delayMs = atMs - this.#clock.nowMs();
    this.#timer = { atMs, timer: this.#clock.setTimer(delayMs, () => this.#tick()) };
  }

  #tick(): void {
    const nowMs = this.#clock.nowMs();
    this.#timer = undefined;
    this.#stalls.tick(nowMs);
    const dueMs = nowMs + timerEarlyMs;
    for (let due = this.#agenda.takeDue(dueMs); due; due = this.#agenda.takeDue(dueMs)) {
      for (const waiting of due) if (isLive(waiting)) this.#backlog.push(waiting);
    }
    for (const running of this.#inFlight) if (running.deadlineMs <= dueMs) this.#expiring.push(running);
    this.#startBacklog();
    if (this.#agenda.size > agendaSlack + 2 * this.#slots.size) this.#agenda.retain(isLive);
    // Answers that lie in the sockets already are handed out first: only then is silence the backend's.
    if (this.#expiring.length > 0) this.#ioTimer ??= this.#clock.afterIo(() => this.#expire());
    this.#arm(nowMs);
  }

  #startBacklog(): void {
    const endIndex = Math.min(this.#backlog.length, this.#backlogFirst + probeStartsPerTickMax);
    while (this.#backlogFirst < endIndex && this.#inFlight.size < probesInFlightMax) {
      const waiting = this.#backlog[this.#backlogFirst++] as WaitingProbe;
      if (isLive(waiting)) this.#startOrSkip(waiting);
    }
    if (this.#backlogFirst === this.#backlog.length) {
      this.#backlog.length = 0;
      this.#backlogFirst = 0;
    }
  }

  /**
   * A start that comes too late to mean anything is left out: running it would only make the next ones late
   * too, and a daemon beyond its capacity would probe for ever without learning anything.
   */
  #startOrSkip(waiting: WaitingProbe): void {
    const { slot, atMs: dueMs } = waiting;
    const check = slot.target.check as HealthCheck;
    const nowMs = this.#clock.nowMs();
    this.#lag.observeMs(Math.max(0, nowMs - dueMs));
    if (!isTooLate(nowMs - dueMs, check.timeoutMs)) {
      this.#start(slot, nowMs);
      return;
    }
    slot.stats.countSkipped();
    slot.phase = none;
    const baseMs = intervalMs(slot.health, check);
    this.#schedule(slot, nextDueMs(nowMs, nowMs, baseMs, this.#options.prng.next()));
  }

  #start(slot: Slot, startedMs: number): void {
    const { prepared } = slot;
    assert(prepared !== undefined, 'only a probed backend has a probe waiting');
    const phase: ProbeInFlight = {
      t: 'running',
      slot,
      startedMs,
      deadlineMs: onGrid(startedMs + (slot.target.check as HealthCheck).timeoutMs),
      stalledAtStartMs: this.#stalls.totalMs(startedMs),
      run: prepared.start((result, elapsedMs) => {
        if (isLive(phase)) this.#finish(phase, result, true, elapsedMs);
      }),
    };
    slot.phase = phase;
    this.#inFlight.add(phase);
  }

  #expire(): void {
    this.#ioTimer = undefined;
    const expiring = this.#expiring;
    this.#expiring = [];
    for (const phase of expiring) if (isLive(phase)) this.#finish(phase, phase.run.expire(), false);
    this.#arm();
  }

  /** `elapsedMs`: the probe's own measure, if it has one; ours includes how late this thread is. */
  #finish(phase: ProbeInFlight, answer: ProbeResult, answered: boolean, elapsedMs?: number): void {
    const { slot, startedMs } = phase;
    const nowMs = this.#clock.nowMs();
    const check = slot.target.check as HealthCheck;
    slot.phase = none;
    this.#inFlight.delete(phase);
    const durationMs = elapsedMs ?? nowMs - startedMs;
    const verdict = judgeProbe({
      durationMs,
      stalledMs: stalledMsOf(phase, this.#stalls.totalMs(nowMs)),
      timeoutMs: check.timeoutMs,
      answer: answered ? answer : undefined,
    });
    const result = verdict === 'timeout' ? asTimeout(answer, durationMs) : answer;
    const outcome = outcomeOf(verdict, result);
    this.#record(slot, outcome, result, durationMs);
    if (slot.phase.t !== 'none' || this.#stopped) return;
    const fromMs = outcome === 'late' ? nowMs : startedMs;
    const baseMs = intervalMs(slot.health, check);
    this.#schedule(slot, nextDueMs(fromMs, nowMs, baseMs, this.#options.prng.next()));
    if (!this.#timer) this.#arm();
  }

  #record(slot: Slot, outcome: ProbeOutcome, result: ProbeResult, durationMs: number): void {
    const { ok, code, detail } = result;
    slot.stats.countResult(outcome, code);
    this.#options.onProbe?.({ backend: slot.target.name, outcome, result, durationMs });
    if (outcome === 'late' || outcome === 'local') return;
    slot.stats.duration.observeMs(durationMs);
    slot.lastProbe = { atMs: this.#clock.wallMs(), ok, code, detail, durationMs };
    const health = nextHealth(slot.health, ok, thresholdsOf(slot.target));
    if (health !== slot.health) this.#moveTo(slot, health, code, detail);
  }
}

/** How long nobody looked after the probe. Who waits apart from this thread misses nothing by its absence. */
function stalledMsOf({ run, stalledAtStartMs }: ProbeInFlight, stalledMs: number): number {
  const delayedMs = run.delayedMs ?? 0;
  return run.isApart ? delayedMs : Math.max(stalledMs - stalledAtStartMs, delayedMs);
}

/** Whether this is what the slot's probe is at; everything else is left over from before. */
function isLive(phase: WaitingProbe | ProbeInFlight): boolean {
  return phase.slot.phase === phase;
}

function outcomeOf(verdict: ReturnType<typeof judgeProbe>, { ok, ours }: ProbeResult): ProbeOutcome {
  if (verdict === 'late') return 'late';
  if (ours) return 'local';
  return ok ? 'pass' : 'fail';
}

/** Whether two health checks ask the same in the same rhythm; names do not matter. */
export type SameCheck = (a: HealthCheck | undefined, b: HealthCheck | undefined) => boolean;

/** An answer that came after the deadline is a time-out of the layer it came from. */
function asTimeout(answer: ProbeResult, durationMs: number): ProbeResult {
  const code = timeoutCode[answer.code.slice(0, 2)] as ProbeCode;
  return { ok: false, code, detail: `answered only after ${Math.round(durationMs)} ms` };
}
