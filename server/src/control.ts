// The one door through which the configuration, the overrides and an operator's decisions change, one at a
// time. Everything else reads. It does not know HTTP, argv, or what a probe is.
import type { Checker, SameCheck } from './checker/checker.ts';
import type { BackendSnapshot, CheckerTarget } from './checker/slot.ts';
import type { Config, ConfigProblem, ConfigResult } from './config/config.ts';
import { type ConfigDiff, compareChecks, describeDiff, diffConfig } from './config/diff.ts';
import type { BackendEvent } from './events/event.ts';
import type { EventLog } from './events/event-log.ts';
import { createFrontendWatch, type FrontendWatch } from './events/frontend-watch.ts';
import type { Transition } from './health/backend-health.ts';
import { type FrontendStatus, frontendStatus } from './health/frontend-state.ts';
import type { WeightInputs } from './health/weights.ts';
import { must } from './lib/assert.ts';
import type { Clock } from './lib/clock.ts';
import type { Log } from './lib/log.ts';
import {
  type BackendAction,
  changeBackend,
  type Refusal,
  resetWeight,
  setWeight,
} from './overrides/actions.ts';
import { createLateSave, type LateSave } from './overrides/late-save.ts';
import {
  effectiveAdmin,
  type Overrides,
  retainOverrides,
  runtimeWeight,
  type WeightTarget,
} from './overrides/overrides.ts';
import type { OverridesStore } from './overrides/store.ts';
import type { Prober } from './probes/prober.ts';

/** Who asks for a change, as it is shown and stored. */
export interface Operator {
  readonly by: string;
  readonly reason?: string;
}

export type CommandRefusal = Refusal | { readonly code: 'unavailable'; readonly message: string };

export type CommandResult =
  | { readonly ok: true; readonly backend: BackendSnapshot }
  | { readonly ok: false; readonly refusal: CommandRefusal };

/** A weight to set, or the file's own again; `flush`: cut the backend's flows in the frontend. */
export interface WeightChange {
  readonly weight: number | 'default';
  readonly flush: boolean;
}

export type WeightResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly refusal: Exclude<CommandResult, { ok: true }>['refusal'] };

export interface ReloadOutcome {
  readonly result: ConfigResult;
  /** What a successful reload changed. */
  readonly diff?: ConfigDiff;
}

export interface ReloadStatus {
  readonly successful: boolean;
  /** Wall time of the last successful load. */
  readonly atMs: number;
}

export interface ControlOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventLog;
  readonly store: OverridesStore;
  /** Reads and checks the configuration file; never rejects for what is in it. */
  readonly readConfig: () => Promise<ConfigResult>;
  /** Makes probes in the given namespace; called at the start and when a reload names another one. */
  readonly createProber: (netns: string | undefined) => Prober;
  readonly createChecker: (
    prepare: Prober['prepare'],
    onTransition: (backend: string, transition: Transition) => void,
  ) => Checker;
  readonly config: Config;
  /** Who programs by what is decided here; absent: nobody does. */
  readonly onChange?: ControlListener;
}

/** Told after the change is in place. */
export interface ControlListener {
  /** `isNew`: the backend was introduced with this state. */
  backendChanged(backend: string, transition: Transition, isNew: boolean): void;
  configChanged(): void;
  /** `flush`: flows of the backend in this frontend are to be cut. */
  weightChanged(frontend: string, backend: string, flush: boolean): void;
}

export class Control {
  readonly #options: ControlOptions;
  readonly #checker: Checker;
  readonly #watch: FrontendWatch;
  readonly #lateSave: LateSave;
  #prober: Prober;
  #config: Config;
  #overrides: Overrides;
  /** Names of the frontends that list a backend, in configuration order. */
  #usedBy: ReadonlyMap<string, readonly string[]> = new Map();
  #reload: ReloadStatus;
  /** The last command in line; the next one starts when it has settled. */
  #queue: Promise<unknown> = Promise.resolve();
  #swapping = false;
  /** Addresses of the backends that were there after the last swap. */
  #settled: ReadonlyMap<string, string> = new Map();
  #started = false;

  private constructor(options: ControlOptions, overrides: Overrides) {
    this.#options = options;
    this.#config = options.config;
    this.#overrides = overrides;
    this.#reload = { successful: true, atMs: options.clock.wallMs() };
    this.#prober = options.createProber(options.config.healthchecker.netns);
    this.#checker = options.createChecker(
      (check, target) => this.#prober.prepare(check, target),
      (backend, transition) => this.#hear(backend, transition),
    );
    const save = () => this.#enqueue(() => options.store.save(this.#overrides));
    this.#lateSave = createLateSave({ ...options, save });
    this.#watch = createFrontendWatch({
      clock: options.clock,
      stateOf: (name) => this.frontendStatus(name)?.state,
      emit: (event) => {
        const { kind, frontend, from, to } = event;
        options.events.append(event);
        options.log.info(`${kind}-transition`, { frontend, from, to, ...event.cause });
      },
    });
  }

  /** Loads the overrides. Nothing is probed until `start`. */
  static async create(options: ControlOptions): Promise<Control> {
    return new Control(options, await options.store.load());
  }

  /** Starts checking. */
  start(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#swap(this.#options.config);
      this.#started = true;
    });
  }

  /** False until the first probes are planned: before that there is nothing to show. */
  isStarted(): boolean {
    return this.#started;
  }

  config(): Config {
    return this.#config;
  }

  overrides(): Overrides {
    return this.#overrides;
  }

  reloadStatus(): ReloadStatus {
    return this.#reload;
  }

  checker(): Checker {
    return this.#checker;
  }

  usedBy(backend: string): readonly string[] {
    return this.#usedBy.get(backend) ?? [];
  }

  /** State, active pool and weights of a frontend as they are now; undefined: no such frontend. */
  frontendStatus(name: string): FrontendStatus | undefined {
    const frontend = this.#config.frontends.get(name);
    return frontend && frontendStatus(frontend, this.#weightInputs(name));
  }

  frontendSinceMs(name: string): number {
    return must(this.#watch.sinceMs(name), `state of frontend ${name}`);
  }

  /** Reads and checks the file; nothing changes. */
  check(): Promise<ConfigResult> {
    return this.#options.readConfig();
  }

  /** Reads, checks and takes over the file; on any error nothing changes. */
  reload(): Promise<ReloadOutcome> {
    return this.#enqueue(async () => {
      const { clock, events, log, readConfig } = this.#options;
      const result = await readConfig();
      this.#logProblems(result);
      if (!result.ok) {
        this.#reload = { ...this.#reload, successful: false };
        const message = `configuration refused: ${result.errors.length} errors, nothing changed`;
        events.append({ kind: 'config', outcome: 'refused', message });
        log.error('config-refused', { errors: result.errors.length });
        return { result };
      }
      const diff = diffConfig(this.#config, result.config);
      await this.#swap(result.config);
      this.#reload = { successful: true, atMs: clock.wallMs() };
      log.info('config-reloaded', { changes: describeDiff(diff) });
      return { result, diff };
    });
  }

  /**
   * An operator's action on a backend. It is durable before it takes effect; when it cannot be stored the
   * refusal says so and nothing changes.
   */
  changeBackend(name: string, action: BackendAction, operator: Operator): Promise<CommandResult> {
    return this.#enqueue(async () => {
      const { clock, events, log } = this.#options;
      const note = { at: Math.floor(clock.wallMs()), ...operator };
      const edit = changeBackend(this.#config, this.#overrides, name, action, note);
      if (!edit.ok) {
        log.warn('backend-action-refused', { backend: name, action, ...operator, why: edit.refusal.message });
        return edit;
      }
      const failure = await this.#saveOverrides(edit.overrides, { backend: name, action, ...operator });
      if (failure !== undefined) return { ok: false, refusal: failure };
      const why = operator.reason ? `: ${operator.reason}` : '';
      if (this.#checker.setAdmin(name, edit.admin, `by ${operator.by}${why}`)) {
        log.info('backend-action', { backend: name, action, ...operator });
        const message = `${action} ${name} by ${operator.by}${why}`;
        events.append({ kind: 'config', outcome: 'override-set', message });
      }
      return { ok: true, backend: must(this.#checker.snapshot(name), `backend ${name}`) };
    });
  }

  /**
   * An operator's weight for a backend in one pool of one frontend, durable before it takes effect. Repeating
   * what holds already succeeds, and cuts flows again if it is asked to.
   */
  changeWeight(target: WeightTarget, change: WeightChange, operator: Operator): Promise<WeightResult> {
    return this.#enqueue(async () => {
      const { clock, events, log, onChange } = this.#options;
      const note = { at: Math.floor(clock.wallMs()), ...operator };
      const { weight } = change;
      const edit =
        weight === 'default'
          ? resetWeight(this.#config, this.#overrides, target)
          : setWeight(this.#config, this.#overrides, target, weight, note);
      if (!edit.ok) {
        log.warn('weight-refused', { ...target, ...change, ...operator, why: edit.refusal.message });
        return edit;
      }
      const failure = await this.#saveOverrides(edit.overrides, { ...target, ...change, ...operator });
      if (failure !== undefined) return { ok: false, refusal: failure };
      const { frontend, pool, backend } = target;
      if (edit.changed || change.flush) {
        log.info('weight-set', { ...target, weight: edit.weight, flush: change.flush, ...operator });
        const why = operator.reason ? `: ${operator.reason}` : '';
        const place = `${backend} in pool ${pool} of ${frontend}`;
        const message = `weight ${edit.weight} of ${place} by ${operator.by}${why}`;
        events.append({ kind: 'config', outcome: 'override-set', message });
        this.#watch.update([frontend]);
        onChange?.weightChanged(frontend, backend, change.flush);
      }
      return { ok: true };
    });
  }

  /** Waits for the command under way, then stops checking. */
  async stop(): Promise<void> {
    await this.#enqueue(async () => {
      this.#lateSave.stop();
      this.#checker.stop();
      this.#prober.close();
    });
  }

  #enqueue<T>(command: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(command);
    // The caller hears of a failure; the line goes on.
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** Makes overrides durable and takes them over; a refusal when they cannot be, and nothing changes. */
  async #saveOverrides(
    overrides: Overrides,
    what: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly code: 'unavailable'; readonly message: string } | undefined> {
    if (overrides === this.#overrides) return undefined;
    const saved = await this.#options.store.save(overrides);
    if (!saved.ok) {
      const { code, message } = saved.failure;
      this.#options.log.error('overrides-not-saved', { ...what, code, why: message });
      return { code: 'unavailable', message };
    }
    this.#overrides = overrides;
    return undefined;
  }

  /** Takes over a configuration that was proven valid: overrides first, then backends, then frontends. */
  async #swap(config: Config): Promise<void> {
    const { events, log, store } = this.#options;
    const kept = retainOverrides(this.#overrides, config);
    if (kept.dropped.length > 0) {
      const saved = await store.save(kept.overrides);
      // Left in the file they stay without effect, until the file has once more what they were set against.
      if (!saved.ok) {
        log.warn('overrides-not-saved', { code: saved.failure.code, why: saved.failure.message });
        this.#lateSave.plan();
      }
    }
    const before = this.#config;
    this.#overrides = kept.overrides;
    this.#config = config;
    this.#usedBy = indexUse(config);
    this.#syncChecker(before.healthchecker.netns);
    this.#watch.retain(config.frontends.keys());
    for (const { why } of kept.dropped) {
      log.warn('override-dropped', { why });
      events.append({ kind: 'config', outcome: 'override-dropped', message: why });
    }
    const message = `${config.frontends.size} frontends, ${config.backends.size} backends`;
    events.append({ kind: 'config', outcome: 'loaded', message });
    this.#options.onChange?.configChanged();
  }

  /** Another namespace is another place to probe from: every probe is built anew, every state stands. */
  #syncChecker(netnsBefore: string | undefined): void {
    const { transitionHistory, netns } = this.#config.healthchecker;
    const moved = netns !== netnsBefore;
    const oldProber = this.#prober;
    if (moved) this.#prober = this.#options.createProber(netns);
    const unchanged: SameCheck = moved ? (a, b) => a === undefined && b === undefined : compareChecks();
    this.#swapping = true;
    this.#checker.sync(this.#targets(), transitionHistory, unchanged);
    this.#swapping = false;
    this.#settled = new Map(
      Array.from(this.#config.backends.values(), ({ name, address }) => [name, address]),
    );
    if (moved) oldProber.close();
  }

  #targets(): CheckerTarget[] {
    const { backends, healthchecks } = this.#config;
    return Array.from(backends.values(), (backend) => {
      const { name, address, family, healthcheck } = backend;
      const admin = effectiveAdmin(backend, this.#overrides);
      const base = { name, address, family, admin };
      return healthcheck === undefined
        ? base
        : { ...base, check: must(healthchecks.get(healthcheck), `health check ${healthcheck}`) };
    });
  }

  #weightInputs(frontend: string): WeightInputs {
    return {
      stateOf: (backend) => this.#checker.state(backend) ?? 'removed',
      weightOf: (pool, backend) => runtimeWeight(frontend, pool, backend, this.#overrides),
    };
  }

  #hear(backend: string, transition: Transition): void {
    const { events, log } = this.#options;
    const event: BackendEvent = { kind: 'backend', backend, transition };
    const { from, to, code, detail } = transition;
    events.append(event);
    log.info('backend-transition', { backend, from, to, code, detail });
    const address = this.#config.backends.get(backend)?.address;
    const isNew = address !== this.#settled.get(backend);
    if (address !== undefined) this.#options.onChange?.backendChanged(backend, transition, isNew);
    // In the middle of a swap the picture is not whole; afterwards every frontend is looked at anyway.
    if (!this.#swapping) this.#watch.update(this.usedBy(backend), event);
  }

  #logProblems(result: ConfigResult): void {
    const { log } = this.#options;
    const describe = ({ kind, path, line, column, message }: ConfigProblem) => ({
      kind,
      path,
      line,
      column,
      why: message,
    });
    for (const warning of result.warnings) log.warn('config-warning', describe(warning));
    if (!result.ok) for (const error of result.errors) log.error('config-error', describe(error));
  }
}

function indexUse(config: Config): ReadonlyMap<string, readonly string[]> {
  const usedBy = new Map<string, string[]>();
  for (const frontend of config.frontends.values()) {
    const names = new Set(frontend.pools.flatMap((pool) => pool.backends.map((backend) => backend.name)));
    for (const name of names) {
      const list = usedBy.get(name);
      if (list) list.push(frontend.name);
      else usedBy.set(name, [frontend.name]);
    }
  }
  return usedBy;
}
