// Keeps VPP at what configuration and health ask for: the sole writer of what is believed to be in VPP.
// Wake-ups carry no instruction; what is done follows from the present alone. One run at a time.
import type { EventLog } from '../events/event-log.ts';
import type { Transition } from '../health/backend-health.ts';
import { AddressBook } from '../lib/address-book.ts';
import { must } from '../lib/assert.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { readBackDelayMs, reconcileRetryMsMax, reconcileRetryMsMin } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';
import { type Dataplane, describeConnection } from './dataplane.ts';
import { backendAddress, desiredLb, vipKeyOf } from './desired.ts';
import { findDrift } from './drift.ts';
import { FlushDebts } from './flush-debts.ts';
import { type DesiredLb, type ObservedLb, type ObservedVip, vipName } from './lb-state.ts';
import type { LbSyncCounts } from './lb-sync-counts.ts';
import type { FlushDebt } from './plan.ts';
import { type Job, ReconcileQueue, type SyncOutcome } from './reconcile-queue.ts';
import { type RunResult, readBack, rebuildTable, reconcile } from './reconcile-run.ts';
import { describeFailure, type RunFailure, SyncJournal } from './sync-journal.ts';
import { TableCheck } from './table-check.ts';
import { WarmupGate, type WarmupSource } from './warmup-gate.ts';

/** What the reconciler reads of our side. */
export interface ReconcilerSource extends WarmupSource {
  /** Frontends that list a backend. */
  usedBy(backend: string): readonly string[];
}

export interface ReconcilerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventLog;
  readonly dataplane: Dataplane;
  readonly source: ReconcilerSource;
  /** Leave VIPs alone that neither the configuration knows nor ever did since the start. */
  readonly keepUnknown: boolean;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #debts = new FlushDebts();
  readonly #tables = new TableCheck();
  readonly #addresses = new AddressBook();
  readonly #gate: WarmupGate;
  /** Names of VIPs that were ours at some time since the start. */
  readonly #ours = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #journal: SyncJournal;
  /** Names of frontends by their VIPs. */
  #frontends: ReadonlyMap<string, string> = new Map();
  /** What VPP was left with; undefined: nothing is believed. */
  #belief: ObservedLb | undefined;
  readonly #queue = new ReconcileQueue();
  #running: Promise<void> | undefined;
  #retryMs = reconcileRetryMsMin;
  #retryTimer: Timer | undefined;
  #readBackTimer: Timer | undefined;
  #syncTimer: Timer | undefined;
  #unwatch: (() => void) | undefined;
  /** Whether a VPP was connected since the start. */
  #knowsVpp = false;
  #stopped = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { clock, log, events, source } = options;
    this.#gate = new WarmupGate({ clock, source, onPhase: () => this.#wakeForAll() });
    this.#journal = new SyncJournal({ log, events, frontendOf: (vip) => this.#frontends.get(vip) });
  }

  start(): void {
    const { dataplane } = this.#options;
    this.configChanged();
    this.#unwatch = dataplane.watch((sameVpp) => this.#connectionChanged(sameVpp));
    dataplane.start();
  }

  /** Waits for the run under way. VPP stays as it is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of [this.#retryTimer, this.#syncTimer, this.#readBackTimer]) timer?.cancel();
    this.#gate.stop();
    this.#unwatch?.();
    await this.#options.dataplane.stop();
    await this.#running;
    this.#queue.refuseWishes('maglevd is stopping');
  }

  // --- what wakes it

  /** `isNew`: the backend was introduced with this state, which says nothing about flows of its own. */
  backendChanged(backend: string, { from, to }: Transition, isNew: boolean): void {
    const { source } = this.#options;
    const frontends = source.usedBy(backend);
    for (const name of frontends) {
      const frontend = must(source.config().frontends.get(name), `frontend ${name}`);
      const owes = to === 'disabled' || (to === 'down' && frontend.flushOnDown);
      if (owes) {
        const conditional = isNew || (to === 'down' && from === 'unknown');
        this.#owe(name, backend, conditional ? 'if-weighted' : 'always');
      }
      this.#queue.add(vipName(vipKeyOf(frontend, this.#addresses)));
    }
    if (frontends.length > 0) this.#wake();
  }

  configChanged(): void {
    const config = this.#options.source.config();
    this.#frontends = new Map(
      Array.from(config.frontends.values(), (one) => [vipName(vipKeyOf(one, this.#addresses)), one.name]),
    );
    this.#gate.configChanged();
    this.#journal.forgetOthers();
    this.#tables.retain(this.#frontends);
    if (!this.#debts.isEmpty()) this.#forgetOtherDebts([...config.frontends.keys()]);
    this.#planSync();
    this.#wakeForAll();
  }

  /** A runtime weight was set or taken back; `flush`: its flows in this frontend are to be cut. */
  weightChanged(frontend: string, backend: string, flush: boolean): void {
    if (flush) this.#owe(frontend, backend, 'always');
    this.#queue.add(this.#vipOf(frontend));
    this.#wake();
  }

  /** An operator wants VPP to be looked at and repaired now: all of it, or one frontend. */
  sync(frontend?: string): Promise<SyncOutcome> {
    const info = this.#options.dataplane.info();
    if (info.connection !== 'connected') {
      const message = describeConnection(info);
      return Promise.resolve({ ok: false, code: 'unavailable', message });
    }
    const warm = this.#gate.refusal(frontend);
    if (warm !== undefined) return Promise.resolve({ ok: false, code: 'failed-precondition', message: warm });
    const { promise, resolve } = Promise.withResolvers<SyncOutcome>();
    const scope = frontend === undefined ? {} : { vip: this.#vipOf(frontend) };
    this.#queue.addWish({ ...scope, settle: resolve });
    this.#wake();
    return promise;
  }

  // --- what others read

  /** A VIP as it was left or read last; undefined: not known, or VPP is not connected. */
  held(vip: string): ObservedVip | undefined {
    if (this.#options.dataplane.info().connection !== 'connected') return undefined;
    return this.#belief?.vips.get(vip);
  }

  journal(): Pick<SyncJournal, 'alarms' | 'operations' | 'runs' | 'driftCount'> {
    return this.#journal;
  }

  /** Buckets that each server of a VIP is to have, in their order. */
  predict(vip: ObservedVip): readonly number[] {
    return this.#tables.predict(vip);
  }

  /** Everything VPP is to hold by now, held-back VIPs apart. */
  desired(): DesiredLb {
    return this.#desired([...this.#options.source.config().frontends.keys()]);
  }

  /** True while a run is under way. */
  isRunning(): boolean {
    return this.#running !== undefined;
  }

  // --- runs

  #connectionChanged(sameVpp: boolean): void {
    const info = this.#options.dataplane.info();
    const { connection } = info;
    this.#journal.connection(info);
    if (connection !== 'connected') {
      this.#queue.refuseWishes(`VPP is ${connection}`);
      return;
    }
    if (!sameVpp) {
      this.#belief = undefined;
      // One that took the place of another has no flows; the first one may have been there all the time.
      if (this.#knowsVpp) this.#debts.clear();
    }
    this.#knowsVpp = true;
    this.#retryMs = reconcileRetryMsMin;
    this.#wakeForAll();
  }

  #planSync(): void {
    const { clock, source } = this.#options;
    this.#syncTimer?.cancel();
    if (this.#stopped) return;
    this.#syncTimer = clock.setTimer(source.config().lb.syncIntervalMs, () => {
      this.#planSync();
      this.#wakeForAll();
    });
  }

  #canRun(): boolean {
    if (this.#stopped || this.#options.dataplane.info().connection !== 'connected') return false;
    return this.#gate.phase() !== 'hands-off';
  }

  #wakeForAll(): void {
    this.#queue.addAll();
    this.#wake();
  }

  #wake(): void {
    if (this.#running !== undefined || this.#queue.isEmpty() || !this.#canRun()) return;
    // Not in this very turn: whoever wakes may still be in the middle of a change.
    this.#running = Promise.resolve()
      .then(() => this.#runAll())
      .finally(() => {
        this.#running = undefined;
        // What came after the last look of the run that has just ended, and found it still there.
        this.#wake();
      });
  }

  async #runAll(): Promise<void> {
    while (this.#canRun() && !this.#queue.isEmpty()) {
      const job = this.#queue.take();
      if (job === undefined) await this.#verify();
      else await this.#run(job);
    }
  }

  async #run({ only, wishes }: Job): Promise<void> {
    if (only === undefined) {
      this.#retryTimer?.cancel();
      this.#retryTimer = undefined;
    }
    // Who asks for one frontend wants VPP to be looked at, not what is believed of it.
    if (only !== undefined && wishes.length > 0) {
      this.#belief = await this.#observeFirst();
      // Nor is it enough that there is nothing to change: its table is looked at, too.
      this.#queue.addTouched(only);
    }
    const { failure, counts } = await this.#runOnce(only, wishes.length > 0);
    const alarms = this.#journal.alarms();
    for (const { vip, settle } of wishes) {
      const inSync = vip === undefined ? alarms.size === 0 : !alarms.has(vip);
      if (failure === undefined) settle({ ok: true, counts, inSync });
      else settle({ ok: false, code: 'unavailable', message: describeFailure(failure) });
    }
  }

  async #observeFirst(): Promise<ObservedLb | undefined> {
    const before = this.#belief;
    const observation = await this.#options.dataplane.observe();
    if (!observation.ok) return undefined;
    if (before !== undefined) this.#journal.drift(findDrift(before, observation.value));
    return observation.value;
  }

  /** `atOnce`: what was changed is read back before anything else. */
  async #runOnce(
    only: ReadonlySet<string> | undefined,
    atOnce: boolean,
  ): Promise<{ readonly counts: LbSyncCounts; readonly failure?: RunFailure | undefined }> {
    const { dataplane, keepUnknown, log } = this.#options;
    const scope = only === undefined ? 'full' : 'vip';
    const result = await reconcile(
      {
        dataplane,
        debts: this.#debts,
        tables: this.#tables,
        keeps: (vip) => keepUnknown && !this.#ours.has(vip),
        onDrift: (drifts) => this.#journal.drift(drifts),
        onApplied: (op) => this.#journal.applied(scope, op),
      },
      {
        desired: () => {
          this.#gate.release();
          const desired = only === undefined ? this.desired() : this.#desired(this.#frontendsOf(only));
          for (const vip of desired.vips.keys()) this.#ours.add(vip);
          return desired;
        },
        isDue: (vip) => this.#queue.holds(vip),
        refused: this.#refused,
        ...(only && { only }),
      },
      this.#belief,
    );
    this.#belief = result.belief;
    this.#journal.ended(scope, result.failure);
    const { counts, failure, touched, checked } = result;
    if (log.isDebug) log.debug('vpp-lb-sync', { scope, ...counts });
    if (failure !== undefined) return { counts, failure: this.#fail(failure) };
    if (only === undefined) this.#refused.clear();
    const isWell = only === undefined && [...checked.values()].every((mismatch) => mismatch === undefined);
    if (isWell) this.#retryMs = reconcileRetryMsMin;
    this.#queue.addTouched(touched);
    if (!atOnce) this.#planReadBack();
    else this.#queue.ripen();
    let trouble = await this.#judge(checked);
    while (atOnce && trouble === undefined && this.#queue.hasUnverified()) trouble = await this.#verify();
    return { counts, failure: trouble };
  }

  #planReadBack(): void {
    if (this.#stopped || !this.#queue.hasTouched()) return;
    this.#readBackTimer ??= this.#options.clock.setTimer(readBackDelayMs, () => {
      this.#readBackTimer = undefined;
      this.#queue.ripen();
      this.#wake();
    });
  }

  /** Reads back one VIP that was changed. */
  async #verify(): Promise<RunFailure | undefined> {
    const belief = this.#belief;
    const name = this.#queue.takeUnverified();
    if (belief === undefined || name === undefined) return undefined;
    const { dataplane } = this.#options;
    const read = await readBack({ dataplane, tables: this.#tables }, belief, [name]);
    if ('t' in read) return this.#fail({ fault: read });
    this.#belief = read.belief;
    this.#journal.drift(read.drifts);
    for (const { vip } of read.drifts) if (vip !== undefined) this.#queue.add(vip);
    return this.#judge(read.checked);
  }

  /**
   * VPP took everything; where what it holds is something else, its table is built again and read once more.
   */
  async #judge(checked: RunResult['checked']): Promise<RunFailure | undefined> {
    let isWell = true;
    for (const [name, mismatch] of checked) {
      this.#refused.delete(name);
      const vip = mismatch && this.#desired(this.#frontendsOf([name])).vips.get(name);
      if (!vip) {
        this.#journal.clear(name);
        continue;
      }
      // It is about to be changed, and read back then.
      if (this.#queue.holds(name)) continue;
      const again = await rebuildTable(this.#options.dataplane, this.#tables, vip);
      if (again.fault !== undefined) return this.#fail({ fault: again.fault });
      if (this.#queue.holds(name)) continue;
      if (again.mismatch === undefined) this.#journal.clear(name);
      else this.#journal.raise(name, again.mismatch);
      isWell = false;
    }
    if (!isWell) {
      // Even where it is well again, it was not what was left there: all of VPP is looked at anew.
      this.#belief = undefined;
      this.#retryLater();
    }
    return undefined;
  }

  #fail(failure: RunFailure): RunFailure {
    const { fault, op } = failure;
    this.#belief = undefined;
    if (this.#stopped) return failure;
    if (fault.t === 'refused' && op !== undefined && op.t !== 'conf') this.#refused.add(vipName(op.vip));
    this.#journal.failed(failure, this.#retryMs);
    this.#retryLater();
    return failure;
  }

  #retryLater(): void {
    this.#retryTimer?.cancel();
    if (this.#stopped) return;
    this.#retryTimer = this.#options.clock.setTimer(this.#retryMs, () => this.#wakeForAll());
    this.#retryMs = Math.min(this.#retryMs * 2, reconcileRetryMsMax);
  }

  #forgetOtherDebts(frontends: readonly string[]): void {
    const { vips } = this.#desired(frontends, () => true);
    this.#debts.retain((vip, address) =>
      Boolean(vips.get(vip)?.applicationServers.some((server) => server.address.text === address)),
    );
  }

  // --- look-ups

  /** What the named frontends are to be in VPP. */
  #desired(names: readonly string[], isReleased = (name: string) => this.#gate.isReleased(name)): DesiredLb {
    const { source } = this.#options;
    const config = source.config();
    const statusOf = (name: string) => must(source.frontendStatus(name), `status of frontend ${name}`);
    return desiredLb({ config, addresses: this.#addresses, names, statusOf, isReleased });
  }

  #frontendsOf(vips: Iterable<string>): string[] {
    return Array.from(vips, (vip) => this.#frontends.get(vip)).filter((name) => name !== undefined);
  }

  #vipOf(frontend: string): string {
    const found = this.#options.source.config().frontends.get(frontend);
    return vipName(vipKeyOf(must(found, `frontend ${frontend}`), this.#addresses));
  }

  #owe(frontend: string, backend: string, kind: FlushDebt): void {
    const address = backendAddress(backend, this.#options.source.config());
    this.#debts.owe(this.#vipOf(frontend), address, kind);
  }
}
