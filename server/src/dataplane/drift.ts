// What VPP holds otherwise than we left it: somebody else was there. Pure; it compares and repairs nothing.

import type { ObservedAs, ObservedLb, ObservedVip } from './lb-state.ts';
import { describeConfChange, describeRemaking } from './plan.ts';

export interface Drift {
  /** Name of the VIP; absent: the global parameters. */
  readonly vip?: string;
  readonly what: string;
}

/** Differences of what is observed now from what was left there, in the order of the latter. */
export function findDrift(left: ObservedLb, now: ObservedLb): Drift[] {
  const drifts: Drift[] = describeConfChange(left.conf, now.conf).map((what) => ({ what }));
  for (const [name, vip] of left.vips) {
    const present = now.vips.get(name);
    const changes = present === undefined ? ['was deleted'] : describeVipDrift(vip, present);
    drifts.push(...changes.map((what) => ({ vip: name, what })));
  }
  for (const name of now.vips.keys()) if (!left.vips.has(name)) drifts.push({ vip: name, what: 'was added' });
  return drifts;
}

function describeVipDrift(left: ObservedVip, now: ObservedVip): string[] {
  return [
    ...describeRemaking(left, now),
    ...describeServerDrift(left.applicationServers, now.applicationServers),
  ];
}

/** One text per application server that differs. */
export function describeServerDrift(left: readonly ObservedAs[], now: readonly ObservedAs[]): string[] {
  const present = new Map(now.map((server) => [server.address.text, server]));
  const changes: string[] = [];
  for (const { address, weight } of left) {
    const other = present.get(address.text);
    present.delete(address.text);
    if (other === undefined) changes.push(`as ${address.text} was deleted`);
    else if (other.weight !== weight) {
      changes.push(`weight of as ${address.text} was changed, ${weight} to ${other.weight}`);
    }
  }
  for (const text of present.keys()) changes.push(`as ${text} was added`);
  return changes;
}
