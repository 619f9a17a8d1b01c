// One run of the reconciler: observe, plan, apply, read back. It reports what it saw and did; when to run, and what
// a failure leads to, is decided elsewhere. At most one is under way.
import type { ApplyOutcome, Dataplane, DataplaneFault } from './dataplane.ts';
import { type Drift, findDrift } from './drift.ts';
import type { FlushDebts } from './flush-debts.ts';
import type { LbOp } from './lb-op.ts';
import { type DesiredLb, type DesiredVip, type ObservedLb, type ObservedVip, vipName } from './lb-state.ts';
import { countOp, type LbSyncCounts, noCounts } from './lb-sync-counts.ts';
import { type Plan, planLb } from './plan.ts';
import type { TableCheck } from './table-check.ts';

export interface RunDeps {
  readonly dataplane: Dataplane;
  readonly debts: FlushDebts;
  readonly tables: TableCheck;
  /** Whether a VIP that is not desired stays. */
  readonly keeps: (vip: string) => boolean;
  readonly onDrift: (drifts: readonly Drift[]) => void;
  readonly onApplied: (op: LbOp) => void;
}

export interface RunScope {
  /** What is to be; asked again after each wait, because it may have changed. */
  readonly desired: () => DesiredLb;
  /** Only these VIPs; absent: all, and stale ones go. */
  readonly only?: ReadonlySet<string>;
  /** VIPs that VPP refused before: they come last, so that nobody waits for them. */
  readonly refused: ReadonlySet<string>;
}

export interface RunResult {
  readonly counts: LbSyncCounts;
  /** What VPP holds now; undefined after a failure: nothing is believed. */
  readonly belief: ObservedLb | undefined;
  readonly failure?: { readonly fault: DataplaneFault; readonly op?: LbOp };
  /** What is not as it should be although VPP took everything, by VIP that was looked at. */
  readonly mismatches: ReadonlyMap<string, string>;
  /** VIPs that were looked at. */
  readonly checked: readonly DesiredVip[];
}

/** `belief`: what VPP was left with; undefined, or a run over everything: it is observed first. */
export async function reconcile(
  deps: RunDeps,
  scope: RunScope,
  belief: ObservedLb | undefined,
): Promise<RunResult> {
  const counts = noCounts();
  const failed = (fault: DataplaneFault, op?: LbOp): RunResult => {
    const failure = op === undefined ? { fault } : { fault, op };
    return { counts, belief: undefined, failure, mismatches: new Map(), checked: [] };
  };
  let held = belief;
  if (held === undefined || scope.only === undefined) {
    const observation = await deps.dataplane.observe();
    if (!observation.ok) return failed(observation.fault);
    if (belief !== undefined) deps.onDrift(findDrift(belief, observation.value));
    held = observation.value;
  }
  const desired = scope.desired();
  const mark = deps.debts.mark();
  const applied = await applyPlans(deps, scope, { desired, held, mark, counts });
  if (applied.failure !== undefined) return failed(applied.failure.fault, applied.failure.op);

  const only = scope.only ?? new Set(desired.vips.keys());
  const after =
    applied.count === 0 ? { ok: true as const, value: held } : await readBack(deps, held, applied);
  if (!after.ok) return failed(after.fault);
  const checked = [...desired.vips.values()].filter((vip) => only.has(vipName(vip)));
  for (const vip of checked) deps.debts.settleConditional(vipName(vip), mark);
  return { counts, belief: after.value, ...check(deps, checked, after.value) };
}

interface Planned {
  readonly desired: DesiredLb;
  readonly held: ObservedLb;
  readonly mark: number;
  readonly counts: LbSyncCounts;
}

interface Applied {
  readonly failure?: ApplyOutcome['failure'];
  readonly count: number;
  readonly vips: ReadonlyMap<string, ObservedVip | undefined>;
  /** VIPs or global parameters were changed: what else there is may have changed with them. */
  readonly widely: boolean;
}

async function applyPlans(deps: RunDeps, scope: RunScope, planned: Planned): Promise<Applied> {
  const { desired, held } = planned;
  const common = {
    debtOf: (vip: string, address: string) => deps.debts.of(vip, address),
    keeps: deps.keeps,
    ...(scope.only && { only: scope.only }),
  };
  const plans: Plan[] = [planLb(desired, held, { ...common, except: scope.refused })];
  if (scope.refused.size > 0) {
    const only = new Set([...scope.refused].filter((name) => scope.only?.has(name) ?? true));
    plans.push(planLb(desired, held, { ...common, only }));
  }
  const vips = new Map<string, ObservedVip | undefined>();
  let count = 0;
  let widely = false;
  for (const stage of plans.flat()) {
    const { acknowledged, failure } = await deps.dataplane.apply(stage);
    for (const op of acknowledged) {
      count++;
      if (op.t === 'as-add' || op.t === 'as-delete' || op.t === 'as-weight') {
        const name = vipName(op.vip);
        vips.set(name, held.vips.get(name));
        if (op.t !== 'as-weight' || op.flush) deps.debts.settle(name, op.address.text, planned.mark);
      } else widely = true;
      countOp(planned.counts, op);
      deps.onApplied(op);
    }
    if (failure !== undefined) return { failure, count, vips, widely };
  }
  return { count, vips, widely };
}

/** What VPP holds after the operations: of the touched VIPs, or of all where VIPs came and went. */
async function readBack({ dataplane }: RunDeps, before: ObservedLb, applied: Applied) {
  const touched = [...applied.vips.values()].filter((vip) => vip !== undefined);
  if (applied.widely || touched.length !== applied.vips.size) return dataplane.observe();
  const read = await dataplane.observeServers(touched);
  if (!read.ok) return read;
  const vips = new Map(before.vips);
  for (const [index, vip] of touched.entries()) {
    vips.set(vipName(vip), { ...vip, applicationServers: read.value[index] ?? [] });
  }
  return { ok: true as const, value: { ...before, vips } };
}

function check(
  { tables }: RunDeps,
  checked: readonly DesiredVip[],
  held: ObservedLb,
): Pick<RunResult, 'mismatches' | 'checked'> {
  const mismatches = new Map<string, string>();
  for (const vip of checked) {
    const name = vipName(vip);
    const mismatch = tables.findMismatch(vip, held.vips.get(name)?.applicationServers);
    if (mismatch !== undefined) mismatches.set(name, mismatch);
  }
  return { mismatches, checked };
}

/**
 * Makes VPP build the table of a VIP again without changing it, and reads it back: a weight is set to what it is.
 * Gives what is still wrong, or a failure.
 */
export async function rebuildTable(
  dataplane: Dataplane,
  tables: TableCheck,
  vip: DesiredVip,
): Promise<{ readonly mismatch?: string; readonly fault?: DataplaneFault }> {
  const [server] = vip.applicationServers;
  if (server !== undefined) {
    const { address, weight, backend } = server;
    const why = 'read back wrong: the table is built again';
    const op: LbOp = {
      t: 'as-weight',
      vip,
      address,
      weight,
      flush: false,
      frontend: vip.frontend,
      backend,
      why,
    };
    const { failure } = await dataplane.apply([op]);
    if (failure !== undefined) return { fault: failure.fault };
  }
  const read = await dataplane.observeServers([vip]);
  if (!read.ok) return { fault: read.fault };
  const mismatch = tables.findMismatch(vip, read.value[0]);
  return mismatch === undefined ? {} : { mismatch };
}
