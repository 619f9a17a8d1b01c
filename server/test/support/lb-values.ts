// Values of the dataplane for tests, in few words, and VPP as a plain model: what an operation makes of
// what VPP holds, and what VPP refuses. It must not know a wire.
import assert from 'node:assert/strict';
import type { LbOp } from '../../src/dataplane/lb-op.ts';
import {
  byVip,
  type DesiredAs,
  type DesiredLb,
  type DesiredVip,
  type LbConf,
  type ObservedAs,
  type ObservedLb,
  type ObservedVip,
  prefixText,
  protocolNumbers,
  type VipKey,
  vipName,
} from '../../src/dataplane/lb-state.ts';
import type { Address } from '../../src/lib/address.ts';
import { byAddress, parseAddress } from '../../src/lib/address.ts';

export function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.address;
}

/** From its name: `192.0.2.1 tcp 80`, `2001:db8::1 any`, or with a prefix length. */
export function vip(name: string): VipKey {
  const [prefix = '', word = '', port = '0'] = name.split(' ');
  const [text = '', length] = prefix.split('/');
  const parsed = address(text);
  const protocol = protocolNumbers[word as keyof typeof protocolNumbers];
  return {
    address: parsed,
    prefixLength: Number(length ?? parsed.bytes.length * 8),
    protocol,
    port: Number(port),
  };
}

/** Weights by address. */
export type Weights = Readonly<Record<string, number>>;
type Made = Partial<Pick<DesiredVip, 'encap' | 'newFlowsTableLength' | 'srcIpSticky'>>;
const usual = { encap: 'gre4', newFlowsTableLength: 16, srcIpSticky: false } as const;

export function desiredVip(name: string, weights: Weights, made: Made = {}): DesiredVip {
  const applicationServers = Object.entries(weights).map(
    ([text, weight]): DesiredAs => ({ address: address(text), weight, backend: `b-${text}` }),
  );
  applicationServers.sort((a, b) => byAddress(a.address, b.address));
  return { ...vip(name), ...usual, frontend: `f-${name}`, applicationServers, ...made };
}

export function observedVip(
  name: string,
  weights: Weights,
  made: Partial<Pick<ObservedVip, 'encap' | 'newFlowsTableLength' | 'srcIpSticky' | 'index'>> = {},
): ObservedVip {
  const applicationServers = Object.entries(weights).map(
    ([text, weight]): ObservedAs => ({ address: address(text), weight, buckets: 0 }),
  );
  applicationServers.sort((a, b) => byAddress(a.address, b.address));
  return { ...vip(name), ...usual, index: 1, applicationServers, ...made };
}

export const confValue: LbConf = {
  ipv4SrcAddress: address('10.255.0.1'),
  ipv6SrcAddress: address('2001:db8:ffff::1'),
  stickyBucketsPerCore: 1024,
  flowTimeoutSeconds: 40,
};

export function observed(vips: readonly ObservedVip[], conf: LbConf = confValue): ObservedLb {
  return { atMs: 0, conf, vips: new Map(vips.toSorted(byVip).map((one) => [vipName(one), one])) };
}

export function desired(
  vips: readonly DesiredVip[],
  rest: Partial<Pick<DesiredLb, 'conf' | 'held'>> = {},
): DesiredLb {
  const sorted = new Map(vips.toSorted(byVip).map((one) => [vipName(one), one]));
  return { conf: confValue, held: new Set(), vips: sorted, ...rest };
}

/** VPP's refusals, by the number that it gives. */
export type Refusal = -6 | -73 | -81 | -97;

/** What VPP holds after an operation, or the number with which VPP refuses it. */
export function applyOp(state: ObservedLb, op: LbOp): ObservedLb | Refusal {
  if (op.t === 'conf') return { ...state, conf: op.conf };
  const name = vipName(op.vip);
  const present = state.vips.get(name);
  if (op.t === 'vip-add') {
    const refusal = refuseVipAddition(state, op.vip, op.vip.encap);
    if (refusal !== undefined) return refusal;
    const { address, prefixLength, protocol, port, encap, newFlowsTableLength, srcIpSticky } = op.vip;
    const index = Math.max(0, ...Array.from(state.vips.values(), (one) => one.index)) + 1;
    const key = { address, prefixLength, protocol, port };
    const added = { ...key, encap, newFlowsTableLength, srcIpSticky, index, applicationServers: [] };
    return observed([...state.vips.values(), added], state.conf);
  }
  if (present === undefined) return -6;
  const others = [...state.vips.values()].filter((one) => one !== present);
  if (op.t === 'vip-delete') return observed(others, state.conf);
  const servers = changeServers(present, op);
  if (typeof servers === 'number') return servers;
  servers.sort((a, b) => byAddress(a.address, b.address));
  return observed([...others, { ...present, applicationServers: servers }], state.conf);
}

function refuseVipAddition({ vips }: ObservedLb, key: VipKey, encap: string): Refusal | undefined {
  if (vips.has(vipName(key))) return -81;
  const prefix = prefixText(key);
  const beside = [...vips.values()].filter((one) => prefixText(one) === prefix);
  if (beside.some((one) => (one.port === 0) !== (key.port === 0))) return -81;
  return beside.some((one) => one.encap !== encap) ? -73 : undefined;
}

type ServerOp = Extract<LbOp, { readonly address: Address }>;

function changeServers(present: ObservedVip, op: ServerOp): ObservedAs[] | Refusal {
  const { text, family } = op.address;
  const others = present.applicationServers.filter((one) => one.address.text !== text);
  const isThere = others.length < present.applicationServers.length;
  if (op.t === 'as-add') {
    if (isThere) return -81;
    if (family !== (present.encap === 'gre4' ? 4 : 6)) return -97;
  } else if (!isThere) return -6;
  if (op.t === 'as-delete') return others;
  return [...others, { address: op.address, weight: op.weight, buckets: 0 }];
}
