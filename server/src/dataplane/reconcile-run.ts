// One run of the reconciler: observe, plan, apply, read back. It reports what it saw and did; when to run,
// and what a failure leads to, is decided elsewhere. At most one is under way.
import { type Address, byAddress } from '../lib/address.ts';
import { must } from '../lib/assert.ts';
import { replansMax } from '../lib/limits.ts';
import type { ApplyOutcome, Dataplane, DataplaneFault } from './dataplane.ts';
import { type Drift, describeServerDrift, findDrift } from './drift.ts';
import type { FlushDebts } from './flush-debts.ts';
import type { LbOp } from './lb-op.ts';
import { type DesiredLb, type DesiredVip, type ObservedAs, type ObservedLb, vipName } from './lb-state.ts';
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
  /** Whether something else may be wanted of the VIP than when `desired` was asked last. */
  readonly isDue: (vip: string) => boolean;
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
  /** VIPs that were read after the last operation, with what is not as it should be, if anything. */
  readonly checked: ReadonlyMap<string, string | undefined>;
  /** VIPs that were changed and are still to be read back. */
  readonly touched: readonly string[];
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
    return { counts, belief: undefined, failure, checked: new Map(), touched: [] };
  };
  let held = belief;
  if (held === undefined || scope.only === undefined) {
    const observation = await deps.dataplane.observe();
    if (!observation.ok) return failed(observation.fault);
    if (belief !== undefined) deps.onDrift(findDrift(belief, observation.value));
    held = observation.value;
  }
  const all: LbOp[] = [];
  let planned = plan(deps, scope, held, counts);
  let applied = await applyPlans(deps, scope, planned);
  // A stage that waits for another one may be of yesterday when its turn comes: it could empty a VIP.
  for (let turn = 1; applied.isOutdated && turn < replansMax; turn++) {
    all.push(...applied.acknowledged);
    const next = believe(planned.held, applied.acknowledged) ?? (await readAll(deps.dataplane));
    if ('t' in next) return failed(next);
    planned = plan(deps, scope, next, counts);
    applied = await applyPlans(deps, scope, planned);
  }
  const { failure, acknowledged } = applied;
  if (failure !== undefined) return failed(failure.fault, failure.op);
  all.push(...acknowledged);

  const { desired, mark } = planned;
  const meant = [...desired.vips.values()].filter((vip) => scope.only?.has(vipName(vip)) ?? true);
  // What is left of an outdated plan is the next run's, with its debts.
  if (!applied.isOutdated) for (const vip of meant) deps.debts.settleConditional(vipName(vip), mark);
  const after = scope.only === undefined ? undefined : believe(planned.held, acknowledged);
  // What is urgent does not wait for what was done to be read back.
  if (after !== undefined) {
    const touched = new Set(all.map((op) => (op.t === 'conf' ? '' : vipName(op.vip))));
    return { counts, belief: after, checked: new Map(), touched: [...touched] };
  }
  const read = all.length === 0 ? planned.held : await readAll(deps.dataplane);
  if ('t' in read) return failed(read);
  return { counts, belief: read, checked: checkAll(deps.tables, meant, read), touched: [] };
}

interface Planned {
  readonly desired: DesiredLb;
  readonly held: ObservedLb;
  readonly mark: number;
  readonly counts: LbSyncCounts;
}

function plan({ debts }: RunDeps, scope: RunScope, held: ObservedLb, counts: LbSyncCounts): Planned {
  return { desired: scope.desired(), held, mark: debts.mark(), counts };
}

interface Applied extends ApplyOutcome {
  /** A stage was not begun, because something else is wanted of one of its VIPs by now. */
  readonly isOutdated: boolean;
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
  // Told one by one: a sync of thousands would otherwise end with all their log lines at once.
  const done: LbOp[] = [];
  const onAcknowledged = (op: LbOp) => {
    done.push(op);
    // A server that is added has no flows but those that its debt was about.
    const isPaid = op.t === 'as-add' || op.t === 'as-delete' || (op.t === 'as-weight' && op.flush);
    if (isPaid) deps.debts.settle(vipName(op.vip), op.address.text, planned.mark);
    // While VPP is busy with the rest there is time for what its table must be.
    const added = op.t === 'vip-add' ? desired.vips.get(vipName(op.vip)) : undefined;
    if (added !== undefined) deps.tables.predict(added);
    countOp(planned.counts, op);
    deps.onApplied(op);
  };
  for (const [index, stage] of plans.flat().entries()) {
    const isOutdated = index > 0 && stage.some((op) => op.t !== 'conf' && scope.isDue(vipName(op.vip)));
    if (isOutdated) return { acknowledged: done, isOutdated };
    const { failure } = await deps.dataplane.apply(stage, onAcknowledged);
    if (failure !== undefined) return { acknowledged: done, failure, isOutdated };
  }
  return { acknowledged: done, isOutdated: false };
}

/**
 * What VPP holds after the operations; undefined where VIPs or global parameters were changed: it must be
 * read.
 */
function believe(held: ObservedLb, ops: readonly LbOp[]): ObservedLb | undefined {
  const vips = new Map(held.vips);
  for (const op of ops) {
    if (op.t === 'conf' || op.t === 'vip-add' || op.t === 'vip-delete') return undefined;
    const name = vipName(op.vip);
    const vip = must(vips.get(name), `VIP ${name}, whose servers were changed`);
    vips.set(name, { ...vip, applicationServers: withOp(vip.applicationServers, op) });
  }
  return { ...held, vips };
}

type ServerOp = Extract<LbOp, { readonly address: Address }>;

function withOp(servers: readonly ObservedAs[], op: ServerOp): readonly ObservedAs[] {
  const { address } = op;
  const isIt = (server: ObservedAs) => server.address.text === address.text;
  if (op.t === 'as-delete') return servers.filter((server) => !isIt(server));
  if (servers.some(isIt)) {
    return servers.map((server) => (isIt(server) ? { ...server, weight: op.weight } : server));
  }
  const added = { address, weight: op.weight, buckets: 0 };
  return [...servers, added].sort((a, b) => byAddress(a.address, b.address));
}

async function readAll(dataplane: Dataplane): Promise<ObservedLb | DataplaneFault> {
  const read = await dataplane.observe();
  return read.ok ? read.value : read.fault;
}

function checkAll(tables: TableCheck, meant: readonly DesiredVip[], held: ObservedLb): RunResult['checked'] {
  return new Map(
    meant.map((vip) => {
      const name = vipName(vip);
      return [name, tables.findMismatch(vip, held.vips.get(name)?.applicationServers)];
    }),
  );
}

export interface ReadBack {
  readonly belief: ObservedLb;
  readonly checked: RunResult['checked'];
  /** What somebody else did since; such a VIP is not among the checked. */
  readonly drifts: readonly Drift[];
}

/** Reads VIPs that were changed, and holds them against what was programmed. */
export async function readBack(
  { dataplane, tables }: Pick<RunDeps, 'dataplane' | 'tables'>,
  belief: ObservedLb,
  names: Iterable<string>,
): Promise<ReadBack | DataplaneFault> {
  const vips = Array.from(names, (name) => belief.vips.get(name)).filter((vip) => vip !== undefined);
  const read = await dataplane.observeServers(vips);
  if (!read.ok) return read.fault;
  const held = new Map(belief.vips);
  const checked = new Map<string, string | undefined>();
  const drifts: Drift[] = [];
  for (const [index, vip] of vips.entries()) {
    const applicationServers = read.value[index] ?? [];
    const changes = describeServerDrift(vip.applicationServers, applicationServers);
    drifts.push(...changes.map((what) => ({ vip: vipName(vip), what })));
    if (changes.length === 0) checked.set(vipName(vip), tables.findMismatch(vip, applicationServers));
    held.set(vipName(vip), { ...vip, applicationServers });
  }
  return { belief: { ...belief, vips: held }, checked, drifts };
}

/**
 * Makes VPP build the table of a VIP again without changing it, and reads it back: a weight is set to what it
 * is. Gives what is still wrong, or a failure.
 */
export async function rebuildTable(
  dataplane: Dataplane,
  tables: TableCheck,
  vip: DesiredVip,
): Promise<{ readonly mismatch?: string; readonly fault?: DataplaneFault }> {
  const [server] = vip.applicationServers;
  if (server !== undefined) {
    const { address, weight, backend } = server;
    const because = { frontend: vip.frontend, backend, why: 'read back wrong: the table is built again' };
    const op: LbOp = { t: 'as-weight', vip, address, weight, flush: false, ...because };
    const { failure } = await dataplane.apply([op]);
    if (failure !== undefined) return { fault: failure.fault };
  }
  const read = await dataplane.observeServers([vip]);
  if (!read.ok) return { fault: read.fault };
  const mismatch = tables.findMismatch(vip, read.value[0]);
  return mismatch === undefined ? {} : { mismatch };
}
