// The dataplane port over a VPP in memory: answers later, on the clock that it is given, refuses what VPP
// refuses, loses what VPP loses, and notes calls that the port forbids (two at once, a change after a failure
// unseen).
import type {
  ApplyOutcome,
  CountersSample,
  Dataplane,
  DataplaneFault,
  DataplaneInfo,
  Observation,
  VipCounters,
} from '../../src/dataplane/dataplane.ts';
import type { LbOp } from '../../src/dataplane/lb-op.ts';
import {
  type ObservedAs,
  type ObservedLb,
  type ObservedVip,
  type VipKey,
  vipName,
} from '../../src/dataplane/lb-state.ts';
import { vppErrorName } from '../../src/dataplane/vpp/error-names.ts';
import { asDumpOf, groupServers } from '../../src/dataplane/vpp/lb-observation.ts';
import { lbRequest, wirePrefix } from '../../src/dataplane/vpp/lb-requests.ts';
import type { Clock, Timer } from '../../src/lib/clock.ts';
import { vppApplyWindow, vppReconnectMsMin } from '../../src/lib/limits.ts';
import { createFakeVpp, type FakeVpp } from './fake-vpp.ts';

export interface FakeDataplane extends Dataplane {
  readonly vpp: FakeVpp;
}

/** Not connected until `start`, as the real one. */
export function createFakeDataplane(clock: Clock, vpp: FakeVpp = createFakeVpp(clock)): FakeDataplane {
  const client = new FakeClient(clock, vpp);
  return {
    vpp,
    info: () => client.info(),
    watch: (onChange) => client.watch(onChange),
    observe: () => client.observe(),
    observeServers: (vips) => client.observeServers(vips),
    apply: (ops, onAcknowledged) => client.apply(ops, onAcknowledged),
    counters: () => client.counters(),
    start: () => client.start(),
    stop: async () => client.stop(),
  };
}

const lost = (message: string): DataplaneFault => ({ t: 'lost', message });

class FakeClient {
  readonly #clock: Clock;
  readonly #vpp: FakeVpp;
  readonly #watchers = new Set<(sameVpp: boolean) => void>();
  /** Answers under way; `false`: the connection is gone. */
  readonly #waiting = new Set<(answered: boolean) => void>();
  #state: DataplaneInfo['connection'] = 'connecting';
  #reason: string | undefined;
  #lastPid: number | undefined;
  #retryTimer: Timer | undefined;
  #unwatch: (() => void) | undefined;
  #call: string | undefined;
  /** Nothing may be changed before it is looked at. */
  #isBlind = true;
  #observed: ReadonlyMap<string, ObservedVip> = new Map();

  constructor(clock: Clock, vpp: FakeVpp) {
    this.#clock = clock;
    this.#vpp = vpp;
  }

  info(): DataplaneInfo {
    const { pid } = this.#vpp;
    const reason = this.#reason === undefined ? {} : { reason: this.#reason };
    const known = this.#lastPid === undefined ? {} : { version: '26.10-fake', pid: pid() };
    return { connection: this.#state, ...known, ...reason, missingCapabilities: [] };
  }

  watch(onChange: (sameVpp: boolean) => void): () => void {
    const own = (sameVpp: boolean) => onChange(sameVpp);
    this.#watchers.add(own);
    return () => void this.#watchers.delete(own);
  }

  // --- coming and going

  start(): void {
    this.#unwatch = this.#vpp.watch(() => {
      if (this.#state === 'connected') this.#drop('closed by VPP');
    });
    this.#connect();
  }

  stop(): void {
    this.#unwatch?.();
    this.#retryTimer?.cancel();
    this.#state = 'disconnected';
    this.#abandon();
  }

  #connect(): void {
    if (!this.#vpp.isReachable()) {
      this.#drop('connect: no such file or directory');
      return;
    }
    const pid = this.#vpp.pid();
    const sameVpp = pid === this.#lastPid;
    this.#lastPid = pid;
    this.#isBlind = true;
    this.#change('connected', undefined, sameVpp);
  }

  #drop(reason: string): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = this.#clock.setTimer(vppReconnectMsMin, () => this.#connect());
    this.#abandon();
    this.#change('disconnected', reason, false);
  }

  #change(state: DataplaneInfo['connection'], reason: string | undefined, sameVpp: boolean): void {
    const isNews = state !== this.#state || reason !== this.#reason;
    this.#state = state;
    this.#reason = reason;
    if (isNews) for (const watcher of [...this.#watchers]) watcher(sameVpp);
  }

  #abandon(): void {
    for (const settle of [...this.#waiting]) settle(false);
  }

  /** Until VPP gets to it; false: it never will. */
  #turn(): Promise<boolean> {
    if (this.#state !== 'connected') return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const settle = (answered: boolean) => {
      timer.cancel();
      this.#waiting.delete(settle);
      resolve(answered);
    };
    const { delayMs } = this.#vpp;
    const answer = () => settle(true);
    const timer = delayMs > 0 ? this.#clock.setTimer(delayMs, answer) : this.#clock.afterIo(answer);
    this.#waiting.add(settle);
    return promise;
  }

  /** Calls of the port never overlap. */
  async #alone<T>(call: string, work: () => Promise<T>): Promise<T> {
    if (this.#call !== undefined) this.#vpp.violations.push(`invariant 4: ${call} during ${this.#call}`);
    this.#call = call;
    try {
      return await work();
    } finally {
      this.#call = undefined;
    }
  }

  // --- the port

  observe(): Promise<Observation<ObservedLb>> {
    return this.#alone('observe', async () => {
      if (!(await this.#turn())) return { ok: false, fault: lost('not connected to VPP') };
      this.#vpp.collectGarbage();
      const held = this.#vpp.look();
      this.#isBlind = false;
      this.#observed = held.vips;
      return { ok: true, value: held };
    });
  }

  observeServers(vips: readonly VipKey[]): Promise<Observation<readonly (readonly ObservedAs[])[]>> {
    return this.#alone('observeServers', async () => {
      if (!(await this.#turn())) return { ok: false, fault: lost('not connected to VPP') };
      const rows = vips.map((vip) => this.#vpp.model.dumpAses(asDumpOf(vip)));
      const value = rows.map((row, index) => groupServers(row).get(vipName(vips[index] as VipKey)) ?? []);
      return { ok: true, value };
    });
  }

  apply(ops: readonly LbOp[], onAcknowledged?: (op: LbOp) => void): Promise<ApplyOutcome> {
    return this.#alone('apply', async () => {
      if (this.#isBlind) {
        this.#vpp.violations.push('invariant 4: apply without an observe after a failure');
      }
      this.#vpp.handOver();
      const outcome = await this.#applyAll(ops, onAcknowledged);
      if (outcome.failure !== undefined) this.#isBlind = true;
      return outcome;
    });
  }

  async #applyAll(ops: readonly LbOp[], onAcknowledged?: (op: LbOp) => void): Promise<ApplyOutcome> {
    const acknowledged: LbOp[] = [];
    let failure: ApplyOutcome['failure'];
    let end = ops.length;
    for (let index = 0; index < end; index++) {
      const op = ops[index] as LbOp;
      const fault = await this.#applyOne(op, ops);
      if (fault === undefined) {
        acknowledged.push(op);
        onAcknowledged?.(op);
      } else {
        failure ??= { op, fault };
        // What was sent ahead of the answer is executed all the same; nothing is on a lost connection.
        const isSent = fault.t === 'refused' && fault.code !== 0;
        end = isSent ? Math.min(end, index + vppApplyWindow) : index;
      }
    }
    return failure === undefined ? { acknowledged } : { acknowledged, failure };
  }

  async #applyOne(op: LbOp, stage: readonly LbOp[]): Promise<DataplaneFault | undefined> {
    const asked = lbRequest(op);
    if ('refusal' in asked) {
      return { t: 'refused', code: 0, name: 'UNSAFE', message: `not sent to VPP: ${asked.refusal}` };
    }
    if (!(await this.#turn())) return lost(this.#reason ?? 'not connected to VPP');
    const executed = this.#vpp.execute(op, asked, stage);
    if (executed.t === 'lost') {
      this.#drop('closed by VPP');
      return lost('closed by VPP');
    }
    const code = executed.retval;
    if (code >= 0) return undefined;
    const name = vppErrorName(code);
    return { t: 'refused', code, name, message: `VPP refused: ${name} (${code})` };
  }

  counters(): CountersSample | undefined {
    if (this.#state !== 'connected' || this.#isBlind) return undefined;
    const { model } = this.#vpp;
    const byVip = new Map<string, { key: VipKey; counters: VipCounters }>();
    for (const [name, vip] of this.#observed) {
      const counts = model.counters()[vip.index];
      const { retval, statsIndex } = model.lookupRoute(wirePrefix(vip), true);
      const route = retval === 0 ? model.routeCounters()[statsIndex] : undefined;
      const counters = {
        next: BigInt(counts?.next ?? 0),
        first: BigInt(counts?.first ?? 0),
        untracked: BigInt(counts?.untracked ?? 0),
        noServer: BigInt(counts?.noServer ?? 0),
        ...(route && { routePackets: BigInt(route.packets), routeBytes: BigInt(route.bytes) }),
      };
      byVip.set(name, { key: vip, counters });
    }
    return { atMs: this.#clock.wallMs(), byVip };
  }
}
