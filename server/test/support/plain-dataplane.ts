// A dataplane in memory that holds what it is told, refuses what VPP refuses, and can be made to refuse,
// lose, drift or build a wrong table. It must not know the reconciler.
import type {
  ApplyOutcome,
  ConnectionState,
  CountersSample,
  Dataplane,
  DataplaneFault,
  Observation,
} from '../../src/dataplane/dataplane.ts';
import type { LbOp } from '../../src/dataplane/lb-op.ts';
import { type ObservedAs, type ObservedLb, type VipKey, vipName } from '../../src/dataplane/lb-state.ts';
import { predictBuckets } from '../../src/dataplane/maglev-table.ts';
import { vppErrorName } from '../../src/dataplane/vpp/error-names.ts';
import { applyOp, confValue, observed } from './lb-values.ts';

const lost: DataplaneFault = { t: 'lost', message: 'connection lost' };

export class PlainDataplane implements Dataplane {
  /** What VPP holds; a test may change it, as somebody else would. Buckets are worked out when asked for. */
  state: ObservedLb = observed([], { ...confValue, stickyBucketsPerCore: 512 });
  /** Acknowledged, in order. */
  readonly applied: LbOp[] = [];
  observeCount = 0;
  /** Calls under way at a time. */
  callsMax = 0;
  /** VPP's number for an operation that it refuses. */
  refuses: (op: LbOp) => number | undefined = () => undefined;
  /** The operation is done, but its acknowledgement is lost, and the connection with it. */
  loses: (op: LbOp) => boolean = () => false;
  /** Names of VIPs with a wrong table: until it is built again, or for good. */
  readonly wrong = new Map<string, 'once' | 'always'>();
  /** Calls wait for it. */
  latch: Promise<void> = Promise.resolve();
  /** What counters() gives. */
  sample: CountersSample | undefined;
  #connection: ConnectionState = 'connecting';
  readonly #watchers = new Set<(sameVpp: boolean) => void>();
  #calls = 0;

  info() {
    return { connection: this.#connection, missingCapabilities: [] };
  }

  watch(onChange: (sameVpp: boolean) => void): () => void {
    this.#watchers.add(onChange);
    return () => void this.#watchers.delete(onChange);
  }

  watcherCount(): number {
    return this.#watchers.size;
  }

  connect(sameVpp: boolean): void {
    this.#become('connected', sameVpp);
  }

  disconnect(): void {
    this.#become('disconnected', false);
  }

  /** VPP starts again, empty. */
  restart(): void {
    this.disconnect();
    this.state = new PlainDataplane().state;
    this.connect(false);
  }

  #become(connection: ConnectionState, sameVpp: boolean): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    for (const watcher of this.#watchers) watcher(sameVpp);
  }

  async #call<T>(answer: () => T): Promise<T> {
    this.callsMax = Math.max(this.callsMax, ++this.#calls);
    await this.latch;
    this.#calls--;
    return answer();
  }

  observe(): Promise<Observation<ObservedLb>> {
    this.observeCount++;
    return this.#call(() => {
      if (this.#connection !== 'connected') return { ok: false, fault: lost };
      const vips = [...this.state.vips.values()];
      const value = vips.map((vip) => ({ ...vip, applicationServers: this.#servers(vip) }));
      return { ok: true, value: observed(value, this.state.conf) };
    });
  }

  observeServers(vips: readonly VipKey[]): Promise<Observation<readonly (readonly ObservedAs[])[]>> {
    return this.#call(() => {
      if (this.#connection !== 'connected') return { ok: false, fault: lost };
      return { ok: true, value: vips.map((vip) => this.#servers(vip)) };
    });
  }

  #servers(key: VipKey): readonly ObservedAs[] {
    const vip = this.state.vips.get(vipName(key));
    if (vip === undefined) return [];
    const buckets = predictBuckets(vip.applicationServers, vip.newFlowsTableLength);
    const extra = this.wrong.has(vipName(key)) ? 1 : 0;
    return vip.applicationServers.map((server, index) => ({
      ...server,
      buckets: (buckets[index] ?? 0) + extra,
    }));
  }

  /** As VPP does it: what was sent behind a refused operation is done all the same. */
  apply(ops: readonly LbOp[], onAcknowledged?: (op: LbOp) => void): Promise<ApplyOutcome> {
    return this.#call(() => {
      const acknowledged: LbOp[] = [];
      let failure: ApplyOutcome['failure'];
      for (const op of ops) {
        const fault = this.#do(op);
        if (fault === undefined) acknowledged.push(op);
        else failure ??= { op, fault };
      }
      this.applied.push(...acknowledged);
      for (const op of acknowledged) onAcknowledged?.(op);
      return failure === undefined ? { acknowledged } : { acknowledged, failure };
    });
  }

  #do(op: LbOp): DataplaneFault | undefined {
    if (this.#connection !== 'connected') return lost;
    const code = this.refuses(op);
    const next = code ?? applyOp(this.state, op);
    if (typeof next === 'number') {
      const name = vppErrorName(next);
      return { t: 'refused', code: next, name, message: `VPP refused: ${name} (${next})` };
    }
    this.state = next;
    if (op.t !== 'conf' && this.wrong.get(vipName(op.vip)) === 'once') this.wrong.delete(vipName(op.vip));
    if (!this.loses(op)) return undefined;
    this.disconnect();
    return lost;
  }

  counters(): CountersSample | undefined {
    return this.sample;
  }

  start(): void {
    this.connect(false);
  }

  async stop(): Promise<void> {
    this.#connection = 'disconnected';
  }
}
