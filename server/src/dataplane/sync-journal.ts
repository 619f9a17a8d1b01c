// Tells what the reconciler did and found: log, events, counts and alarms. It decides nothing.
import type { VppEvent } from '../events/event.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Log } from '../lib/log.ts';
import type { DataplaneFault, DataplaneInfo } from './dataplane.ts';
import type { Drift } from './drift.ts';
import type { LbOp } from './lb-op.ts';
import { vipName } from './lb-state.ts';

export interface RunFailure {
  readonly fault: DataplaneFault;
  readonly op?: LbOp;
}

/** `full`: over everything; `vip`: over chosen VIPs. */
export type RunScopeName = 'full' | 'vip';

export interface SyncJournalOptions {
  readonly log: Log;
  readonly events: EventLog;
  /** Name of the frontend of a VIP, if it has one. */
  readonly frontendOf: (vip: string) => string | undefined;
}

export class SyncJournal {
  readonly #options: SyncJournalOptions;
  readonly #operations = new Map<string, number>();
  readonly #runs = new Map<string, number>();
  readonly #alarms = new Map<string, string>();
  #drifts = 0;

  constructor(options: SyncJournalOptions) {
    this.#options = options;
  }

  /** Acknowledged operations by `${scope} ${kind}`. */
  operations(): ReadonlyMap<string, number> {
    return this.#operations;
  }

  /** Runs by `${scope} ${result}`: ok, refused or lost. */
  runs(): ReadonlyMap<string, number> {
    return this.#runs;
  }

  /** Differences found that somebody else made. */
  driftCount(): number {
    return this.#drifts;
  }

  /** VIPs that are not what was programmed, with what is wrong. */
  alarms(): ReadonlyMap<string, string> {
    return this.#alarms;
  }

  connection({ connection, reason }: DataplaneInfo): void {
    this.#emit('connection', reason === undefined ? `VPP ${connection}` : `VPP ${connection}: ${reason}`);
  }

  drift(drifts: readonly Drift[]): void {
    for (const { vip, what } of drifts) {
      const frontend = vip === undefined ? undefined : this.#options.frontendOf(vip);
      const named = { ...(frontend !== undefined && { frontend }), ...(vip !== undefined && { vip }) };
      this.#drifts++;
      this.#options.log.warn('vpp-drift', { ...named, what });
      this.#emit('drift', vip === undefined ? what : `${vip}: ${what}`, frontend);
    }
  }

  applied(scope: RunScopeName, op: LbOp): void {
    const { t, frontend, backend, why } = op;
    count(this.#operations, `${scope} ${t}`);
    const vip = t === 'conf' ? {} : { vip: vipName(op.vip) };
    const server = 'address' in op ? { as: op.address.text } : {};
    const weight = 'weight' in op ? { weight: op.weight, flush: op.flush } : {};
    const named = { ...(frontend !== undefined && { frontend }), ...(backend !== undefined && { backend }) };
    this.#options.log.info(`vpp-lb-${t}`, { ...named, ...vip, ...server, ...weight, why });
  }

  ended(scope: RunScopeName, failure: RunFailure | undefined): void {
    count(this.#runs, `${scope} ${failure?.fault.t ?? 'ok'}`);
  }

  failed(failure: RunFailure, retryMs: number): void {
    const { fault, op } = failure;
    const message = describeFailure(failure);
    const frontend = op?.frontend === undefined ? {} : { frontend: op.frontend };
    const code = fault.t === 'refused' ? { code: fault.code, name: fault.name } : {};
    this.#options.log.error('vpp-lb-sync-failed', { ...frontend, ...code, why: message, retryMs });
    this.#emit(fault.t, message, op?.frontend);
  }

  /** A VIP is not what was programmed, although VPP took everything. */
  raise(vip: string, mismatch: string): void {
    if (this.#alarms.get(vip) === mismatch) return;
    this.#alarms.set(vip, mismatch);
    const frontend = this.#options.frontendOf(vip);
    this.#options.log.error('vpp-table-mismatch', { frontend, vip, why: mismatch });
    this.#emit('table-mismatch', `${vip}: ${mismatch}`, frontend);
  }

  clear(vip: string): void {
    if (!this.#alarms.delete(vip)) return;
    const frontend = this.#options.frontendOf(vip);
    this.#options.log.info('vpp-table-repaired', { frontend, vip });
    this.#emit('table-repaired', `${vip} is as it should be again`, frontend);
  }

  /** Alarms of VIPs that are no longer ours end without a word. */
  forgetOthers(): void {
    for (const vip of this.#alarms.keys()) {
      if (this.#options.frontendOf(vip) === undefined) this.#alarms.delete(vip);
    }
  }

  #emit(what: VppEvent['what'], message: string, frontend?: string): void {
    const named = frontend === undefined ? {} : { frontend };
    this.#options.events.append({ kind: 'vpp', what, message, ...named });
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** With the frontend and VPP's error by name and number. */
export function describeFailure({ fault, op }: RunFailure): string {
  if (op === undefined) return fault.message;
  const vip = op.t === 'conf' ? 'global parameters' : vipName(op.vip);
  const server = 'address' in op ? ` as ${op.address.text}` : '';
  const frontend = op.frontend === undefined ? '' : `frontend ${op.frontend}: `;
  return `${frontend}${op.t} ${vip}${server}: ${fault.message}`;
}
