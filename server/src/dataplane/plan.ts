// The difference between what VPP holds and what it is to hold, as an ordered list of operations. Pure; it
// knows neither side's origin. The order is part of the answer: equal inputs give equal operations, and no
// VIP's table is empty in between while one of its servers can serve.
import type { LbOp } from './lb-op.ts';
import {
  byVip,
  type DesiredAs,
  type DesiredConf,
  type DesiredLb,
  type DesiredVip,
  type LbConf,
  type ObservedAs,
  type ObservedLb,
  type ObservedVip,
  prefixText,
  vipName,
} from './lb-state.ts';

/** Whether an AS is owed a cut of its flows; `if-weighted`: only where VPP still gives it a weight. */
export type FlushDebt = 'always' | 'if-weighted';

export interface PlanOptions {
  /** By name of the VIP and text of the address. */
  readonly debtOf: (vip: string, address: string) => FlushDebt | undefined;
  /** Whether a VIP that is not desired stays. */
  readonly keeps: (vip: string) => boolean;
  /** Only these VIPs; absent: all, stale ones and the global parameters included. */
  readonly only?: ReadonlySet<string>;
  /** Not these, whatever they are. */
  readonly except?: ReadonlySet<string>;
}

/**
 * Stages, in order; one is begun when the one before is acknowledged in full. Within a stage operations may
 * be sent without waiting: an addition or increase that VPP refuses must not be followed by a decrease.
 */
export type Plan = readonly (readonly LbOp[])[];

/** Empty when VPP holds what it should. */
export function planLb(desired: DesiredLb, observed: ObservedLb, options: PlanOptions): Plan {
  const { only, except } = options;
  const isMeant = (name: string) => (only === undefined || only.has(name)) && !except?.has(name);
  const wanted = [...desired.vips].filter(([name]) => isMeant(name)).map(([, vip]) => vip);
  const recreated = new Set(wanted.filter((vip) => mustRecreate(vip, observed.vips.get(vipName(vip)))));
  const stale = only === undefined ? staleVips(desired, observed, options) : [];
  const early = new Set(conflictingPrefixes(wanted, recreated, observed));
  const isEarly = (vip: ObservedVip) => early.has(prefixText(vip));

  const grow: LbOp[] = stale.filter(isEarly).flatMap((vip) => deleteVip(vip, 'not in the configuration'));
  for (const vip of recreated) if (early.has(prefixText(vip))) grow.push(...dropForRecreation(vip, observed));
  const shrink: LbOp[] = [];
  for (const vip of wanted) {
    const present = observed.vips.get(vipName(vip));
    if (present !== undefined && !recreated.has(vip)) {
      const ops = changeServers(vip, present, options);
      grow.push(...ops.grow);
      shrink.push(...ops.shrink);
      continue;
    }
    if (recreated.has(vip) && !early.has(prefixText(vip))) grow.push(...dropForRecreation(vip, observed));
    grow.push(...createVip(vip, present === undefined ? 'not in VPP' : 'made anew', options));
  }
  shrink.push(
    ...stale.filter((vip) => !isEarly(vip)).flatMap((vip) => deleteVip(vip, 'not in the configuration')),
  );
  const conf = only === undefined ? planConf(desired.conf, observed.conf) : [];
  return [conf, grow, shrink].filter((stage) => stage.length > 0);
}

function planConf(desired: DesiredConf, observed: LbConf): LbOp[] {
  // What is not set is left as it is.
  const conf = { ...observed, ...desired };
  const changes = describeConfChange(observed, conf);
  return changes.length === 0 ? [] : [{ t: 'conf', conf, why: changes.join(', ') }];
}

/** One text per parameter that differs. */
export function describeConfChange(from: LbConf, to: LbConf): string[] {
  const rows: [string, string | number, string | number][] = [
    ['ipv4-src-address', from.ipv4SrcAddress.text, to.ipv4SrcAddress.text],
    ['ipv6-src-address', from.ipv6SrcAddress.text, to.ipv6SrcAddress.text],
    ['sticky-buckets-per-core', from.stickyBucketsPerCore, to.stickyBucketsPerCore],
    ['flow-timeout', from.flowTimeoutSeconds, to.flowTimeoutSeconds],
  ];
  return rows.filter(([, a, b]) => a !== b).map(([name, a, b]) => `${name} ${a} to ${b}`);
}

function staleVips(desired: DesiredLb, observed: ObservedLb, { keeps, except }: PlanOptions): ObservedVip[] {
  return [...observed.vips]
    .filter(
      ([name]) => !desired.vips.has(name) && !desired.held.has(name) && !keeps(name) && !except?.has(name),
    )
    .map(([, vip]) => vip)
    .sort(byVip);
}

/** What a VIP is made with. */
type Made = Pick<ObservedVip, 'encap' | 'newFlowsTableLength' | 'srcIpSticky'>;

/** One text per property of a VIP that differs and cannot be changed in place. */
export function describeRemaking(from: Made, to: Made): string[] {
  const rows: [string, unknown, unknown][] = [
    ['encap', from.encap, to.encap],
    ['new-flows-table-length', from.newFlowsTableLength, to.newFlowsTableLength],
    ['src-ip-sticky', from.srcIpSticky, to.srcIpSticky],
  ];
  return rows.filter(([, a, b]) => a !== b).map(([name, a, b]) => `${name} ${a} to ${b}`);
}

/** What differs first between a VIP and what it is to be, flushes apart; undefined: nothing. */
export function findVipChange(desired: DesiredVip, observed: ObservedVip): string | undefined {
  const [recreation] = describeRemaking(observed, desired);
  if (recreation !== undefined) return recreation;
  const { grow, shrink } = changeServers(desired, observed, { debtOf: () => undefined, keeps: () => false });
  return [...grow, ...shrink][0]?.why;
}

function mustRecreate(desired: DesiredVip, observed: ObservedVip | undefined): boolean {
  return observed !== undefined && describeRemaking(observed, desired).length > 0;
}

/**
 * VPP holds one encapsulation per prefix, and an all-port VIP excludes the others: what stands in the way of
 * an addition goes before it.
 */
function conflictingPrefixes(
  wanted: readonly DesiredVip[],
  recreated: ReadonlySet<DesiredVip>,
  observed: ObservedLb,
): string[] {
  return wanted
    .filter((vip) => {
      const present = observed.vips.get(vipName(vip));
      return present === undefined || (recreated.has(vip) && present.encap !== vip.encap);
    })
    .map(prefixText);
}

function dropForRecreation(vip: DesiredVip, observed: ObservedLb): LbOp[] {
  const present = observed.vips.get(vipName(vip)) as ObservedVip;
  const why = `made anew: ${describeRemaking(present, vip).join(', ')}`;
  return deleteVip(present, why, vip.frontend);
}

/** VPP's own deletion of a VIP leaves the flows of its servers: they are deleted first, with their flows. */
function deleteVip(vip: ObservedVip, why: string, frontend?: string): LbOp[] {
  const because = { why, ...(frontend !== undefined && { frontend }) };
  const servers = vip.applicationServers.map(
    ({ address }): LbOp => ({ t: 'as-delete', vip, address, ...because }),
  );
  return [...servers, { t: 'vip-delete', vip, ...because }];
}

function createVip(vip: DesiredVip, why: string, options: PlanOptions): LbOp[] {
  const { frontend } = vip;
  const servers = vip.applicationServers.map((server) => addServer(vip, server, why, options));
  return [{ t: 'vip-add', vip, frontend, why }, ...servers];
}

function addServer(vip: DesiredVip, server: DesiredAs, why: string, { debtOf }: PlanOptions): LbOp {
  const { address, weight, backend } = server;
  const flush = debtOf(vipName(vip), address.text) === 'always';
  return { t: 'as-add', vip, address, weight, flush, frontend: vip.frontend, backend, why };
}

/** Additions and increases, and apart from them decreases and deletions; each in order of address. */
function changeServers(
  vip: DesiredVip,
  present: ObservedVip,
  options: PlanOptions,
): { readonly grow: LbOp[]; readonly shrink: LbOp[] } {
  const held = new Map(present.applicationServers.map((server) => [server.address.text, server]));
  const grow: LbOp[] = [];
  const shrink: LbOp[] = [];
  for (const server of vip.applicationServers) {
    const old = held.get(server.address.text);
    held.delete(server.address.text);
    if (old === undefined) grow.push(addServer(vip, server, 'not in VPP', options));
    else {
      const op = changeWeight(vip, server, old, options);
      if (op !== undefined) (server.weight > old.weight ? grow : shrink).push(op);
    }
  }
  for (const { address } of held.values()) {
    const why = 'not in the configuration';
    shrink.push({ t: 'as-delete', vip, address, frontend: vip.frontend, why });
  }
  return { grow, shrink };
}

function changeWeight(
  vip: DesiredVip,
  { address, weight, backend }: DesiredAs,
  old: ObservedAs,
  { debtOf }: PlanOptions,
): LbOp | undefined {
  const debt = debtOf(vipName(vip), address.text);
  const flush = debt === 'always' || (debt === 'if-weighted' && old.weight > 0);
  if (weight === old.weight && !flush) return undefined;
  const change = weight === old.weight ? `weight ${weight}` : `weight ${old.weight} to ${weight}`;
  const why = flush ? `${change}, flows cut` : change;
  return { t: 'as-weight', vip, address, weight, flush, frontend: vip.frontend, backend, why };
}
