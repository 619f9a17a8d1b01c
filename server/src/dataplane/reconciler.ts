// Keeps VPP at what configuration and health ask for: the sole writer of what is believed to be in VPP. Wake-ups
// carry no instruction; what is done follows from the present alone. One run at a time.
import type { EventLog } from '../events/event-log.ts';
import type { Transition } from '../health/backend-health.ts';
import { must } from '../lib/assert.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { reconcileRetryMsMax, reconcileRetryMsMin } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';
import type { Dataplane } from './dataplane.ts';
import { backendAddress, desiredLb, vipKeyOf } from './desired.ts';
import { findDrift } from './drift.ts';
import { FlushDebts } from './flush-debts.ts';
import { type DesiredLb, type DesiredVip, type ObservedLb, type ObservedVip, vipName } from './lb-state.ts';
import type { LbSyncCounts } from './lb-sync-counts.ts';
import type { FlushDebt } from './plan.ts';
import { type RunResult, rebuildTable, reconcile } from './reconcile-run.ts';
import { describeFailure, SyncJournal } from './sync-journal.ts';
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

/** What an operator's wish for a run came to. */
export type SyncOutcome =
  | { readonly ok: true; readonly counts: LbSyncCounts; readonly inSync: boolean }
  | { readonly ok: false; readonly code: 'unavailable' | 'failed-precondition'; readonly message: string };

interface Wish {
  /** Name of a VIP; absent: all. */
  readonly vip?: string;
  readonly settle: (outcome: SyncOutcome) => void;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #debts = new FlushDebts();
  readonly #tables = new TableCheck();
  readonly #gate: WarmupGate;
  /** Names of VIPs that were ours at some time since the start. */
  readonly #ours = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #journal: SyncJournal;
  /** Names of frontends by their VIPs. */
  #frontends: ReadonlyMap<string, string> = new Map();
  /** What VPP was left with; undefined: nothing is believed. */
  #belief: ObservedLb | undefined;
  #fullDue = false;
  #due = new Set<string>();
  #wishes: Wish[] = [];
  #running: Promise<void> | undefined;
  #retryMs = reconcileRetryMsMin;
  #retryTimer: Timer | undefined;
  #syncTimer: Timer | undefined;
  #unwatch: (() => void) | undefined;
  #stopped = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { clock, log, events, source } = options;
    this.#gate = new WarmupGate({ clock, source, onPhase: () => this.#phaseChanged() });
    this.#journal = new SyncJournal({ log, events, frontendOf: (vip) => this.#frontendOf(vip) });
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
    for (const timer of [this.#retryTimer, this.#syncTimer]) timer?.cancel();
    this.#gate.stop();
    this.#unwatch?.();
    await this.#options.dataplane.stop();
    await this.#running;
    this.#refuseWishes('maglevd is stopping');
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
      this.#due.add(vipName(vipKeyOf(frontend)));
    }
    if (frontends.length > 0) this.#wake();
  }

  configChanged(): void {
    const config = this.#options.source.config();
    this.#frontends = new Map(
      Array.from(config.frontends.values(), (one) => [vipName(vipKeyOf(one)), one.name]),
    );
    this.#gate.configChanged();
    this.#journal.forgetOthers();
    const { vips } = this.#desired([...config.frontends.keys()], () => true);
    this.#debts.retain((vip, address) =>
      Boolean(vips.get(vip)?.applicationServers.some((server) => server.address.text === address)),
    );
    this.#fullDue = true;
    this.#planSync();
    this.#wake();
  }

  /** A runtime weight was set or taken back; `flush`: its flows in this frontend are to be cut. */
  weightChanged(frontend: string, backend: string, flush: boolean): void {
    if (flush) this.#owe(frontend, backend, 'always');
    this.#due.add(this.#vipOf(frontend));
    this.#wake();
  }

  /** An operator wants VPP to be looked at and repaired now: all of it, or one frontend. */
  sync(frontend?: string): Promise<SyncOutcome> {
    const info = this.#options.dataplane.info();
    if (info.connection !== 'connected') {
      const why = info.reason === undefined ? '' : `: ${info.reason}`;
      const message = `VPP is ${info.connection}${why}`;
      return Promise.resolve({ ok: false, code: 'unavailable', message });
    }
    const warm = this.#gate.refusal(frontend);
    if (warm !== undefined) return Promise.resolve({ ok: false, code: 'failed-precondition', message: warm });
    const { promise, resolve } = Promise.withResolvers<SyncOutcome>();
    const scope = frontend === undefined ? {} : { vip: this.#vipOf(frontend) };
    this.#wishes.push({ ...scope, settle: resolve });
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
  predict(vip: Pick<ObservedVip, 'applicationServers' | 'newFlowsTableLength'>): readonly number[] {
    return this.#tables.predict(vip.applicationServers, vip.newFlowsTableLength);
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

  #phaseChanged(): void {
    this.#fullDue = true;
    this.#wake();
  }

  #connectionChanged(sameVpp: boolean): void {
    const info = this.#options.dataplane.info();
    const { connection } = info;
    this.#journal.connection(info);
    if (connection !== 'connected') {
      this.#refuseWishes(`VPP is ${connection}`);
      return;
    }
    if (!sameVpp) {
      this.#belief = undefined;
      this.#debts.clear();
    }
    this.#fullDue = true;
    this.#retryMs = reconcileRetryMsMin;
    this.#wake();
  }

  #planSync(): void {
    const { clock, source } = this.#options;
    this.#syncTimer?.cancel();
    if (this.#stopped) return;
    this.#syncTimer = clock.setTimer(source.config().lb.syncIntervalMs, () => {
      this.#fullDue = true;
      this.#planSync();
      this.#wake();
    });
  }

  #canRun(): boolean {
    if (this.#stopped || this.#options.dataplane.info().connection !== 'connected') return false;
    return this.#gate.phase() !== 'hands-off';
  }

  #wake(): void {
    if (this.#running !== undefined || !this.#hasWork() || !this.#canRun()) return;
    // Not in this very turn: whoever wakes may still be in the middle of a change.
    this.#running = Promise.resolve()
      .then(() => this.#runAll())
      .finally(() => {
        this.#running = undefined;
        // What came after the last look of the run that has just ended, and found it still there.
        this.#wake();
      });
  }

  #hasWork(): boolean {
    return this.#fullDue || this.#due.size > 0 || this.#wishes.length > 0;
  }

  async #runAll(): Promise<void> {
    while (this.#canRun() && this.#hasWork()) {
      this.#retryTimer?.cancel();
      this.#retryTimer = undefined;
      const wishes = this.#wishes.splice(0);
      const isFull =
        this.#fullDue || this.#belief === undefined || wishes.some(({ vip }) => vip === undefined);
      const only = isFull ? undefined : new Set([...this.#due, ...wishes.map(({ vip }) => vip ?? '')]);
      this.#fullDue = false;
      this.#due = new Set();
      // Who asks for one frontend wants VPP to be looked at, not what is believed of it.
      if (!isFull && wishes.length > 0) this.#belief = await this.#observeFirst();
      await this.#runOnce(only, wishes);
    }
  }

  async #observeFirst(): Promise<ObservedLb | undefined> {
    const before = this.#belief;
    const observation = await this.#options.dataplane.observe();
    if (!observation.ok) return undefined;
    if (before !== undefined) this.#journal.drift(findDrift(before, observation.value));
    return observation.value;
  }

  async #runOnce(only: ReadonlySet<string> | undefined, wishes: readonly Wish[]): Promise<void> {
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
        refused: this.#refused,
        ...(only && { only }),
      },
      this.#belief,
    );
    this.#belief = result.belief;
    this.#journal.ended(scope, result.failure);
    if (result.failure !== undefined) this.#fail(result.failure);
    else {
      if (only === undefined) this.#refused.clear();
      await this.#accept(result);
    }
    const { counts, failure } = result;
    if (failure === undefined && log.isDebug) log.debug('vpp-lb-sync', { scope, ...counts });
    for (const { settle } of wishes) {
      if (failure === undefined) settle({ ok: true, counts, inSync: this.#isInSync(result.checked) });
      else settle({ ok: false, code: 'unavailable', message: describeFailure(failure) });
    }
  }

  #isInSync(checked: readonly DesiredVip[]): boolean {
    return checked.every((vip) => !this.#journal.alarms().has(vipName(vip)));
  }

  /** VPP took everything; what it holds is compared with what it should, and once more after a rebuild. */
  async #accept({ checked, mismatches }: RunResult): Promise<void> {
    if (mismatches.size === 0) this.#retryMs = reconcileRetryMsMin;
    for (const vip of checked) {
      const name = vipName(vip);
      this.#refused.delete(name);
      if (!mismatches.has(name)) {
        this.#journal.clear(name);
        continue;
      }
      const { mismatch, fault } = await rebuildTable(this.#options.dataplane, this.#tables, vip);
      if (fault !== undefined) return this.#fail({ fault });
      if (mismatch === undefined) {
        this.#journal.clear(name);
        this.#fullDue = true;
      } else {
        this.#journal.raise(name, mismatch);
        this.#belief = undefined;
        this.#retryLater();
      }
    }
  }

  #fail(failure: NonNullable<RunResult['failure']>): void {
    const { fault, op } = failure;
    this.#belief = undefined;
    if (this.#stopped) return;
    if (fault.t === 'refused' && op !== undefined && op.t !== 'conf') this.#refused.add(vipName(op.vip));
    this.#journal.failed(failure, this.#retryMs);
    this.#retryLater();
  }

  #retryLater(): void {
    this.#retryTimer?.cancel();
    if (this.#stopped) return;
    this.#retryTimer = this.#options.clock.setTimer(this.#retryMs, () => {
      this.#fullDue = true;
      this.#wake();
    });
    this.#retryMs = Math.min(this.#retryMs * 2, reconcileRetryMsMax);
  }

  #refuseWishes(message: string): void {
    for (const { settle } of this.#wishes.splice(0)) settle({ ok: false, code: 'unavailable', message });
  }

  // --- look-ups

  /** What the named frontends are to be in VPP. */
  #desired(names: readonly string[], isReleased = (name: string) => this.#gate.isReleased(name)): DesiredLb {
    const { source } = this.#options;
    const config = source.config();
    const statusOf = (name: string) => must(source.frontendStatus(name), `status of frontend ${name}`);
    return desiredLb({ config, names, statusOf, isReleased });
  }

  #frontendOf(vip: string): string | undefined {
    return this.#frontends.get(vip);
  }

  #frontendsOf(vips: ReadonlySet<string>): string[] {
    return [...vips].map((vip) => this.#frontendOf(vip)).filter((name) => name !== undefined);
  }

  #vipOf(frontend: string): string {
    const found = this.#options.source.config().frontends.get(frontend);
    return vipName(vipKeyOf(must(found, `frontend ${frontend}`)));
  }

  #owe(frontend: string, backend: string, kind: FlushDebt): void {
    const { text } = backendAddress(backend, this.#options.source.config());
    this.#debts.owe(this.#vipOf(frontend), text, kind);
  }
}
