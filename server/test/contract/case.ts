// What a case of the contract is, and words to write one in: VIPs, operations, what is expected of them. All
// VIPs of the contract are in prefixes of their own, so that a VPP that others use, too, can be asked.
import assert from 'node:assert/strict';
import type { Dataplane } from '../../src/dataplane/dataplane.ts';
import type { LbOp, NewVip } from '../../src/dataplane/lb-op.ts';
import {
  type ObservedLb,
  type ObservedVip,
  protocolNumbers,
  type VipKey,
  vipName,
} from '../../src/dataplane/lb-state.ts';
import type { Connection } from '../../src/dataplane/vpp/connection.ts';
import type { StatsSegment } from '../../src/dataplane/vpp/stats-segment.ts';
import { type Address, parseAddress } from '../../src/lib/address.ts';
import type { RawClient } from '../support/simulator.ts';

/** A case at the level of the port; the dataplane is connected, and holds no VIP of the contract. */
export interface PortCase {
  readonly name: string;
  readonly run: (dataplane: Dataplane) => Promise<void>;
}

/** What a case at the level of messages is given. */
export interface MessageTarget {
  readonly connection: Connection;
  /** Another connection, to say what a client must not. */
  readonly raw: RawClient;
  readonly stats: StatsSegment;
  /** What harms a real VPP is asked of the simulator only. */
  readonly isReal: boolean;
}

export interface MessageCase {
  readonly name: string;
  readonly run: (target: MessageTarget) => Promise<void>;
}

export function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.address;
}

/** Whether the contract may add it, and delete it. */
export function isOurs({ address: { text } }: Pick<VipKey, 'address'>): boolean {
  return text.startsWith('10.77.') || text.startsWith('2001:db8:77:');
}

type VipOptions = Partial<Omit<NewVip, 'address'>>;

/** A GRE4 VIP of all its address, with a short table; `port` 0 makes it one for all ports. */
export function vip(text: string, port = 80, options: VipOptions = {}): NewVip {
  const parsed = address(text);
  const made = {
    address: parsed,
    prefixLength: parsed.family === 4 ? 32 : 128,
    protocol: port === 0 ? protocolNumbers.any : protocolNumbers.tcp,
    port,
    encap: 'gre4',
    newFlowsTableLength: 64,
    srcIpSticky: false,
    ...options,
  } as const;
  assert.ok(isOurs(made), `${text} is a VIP of the contract`);
  return made;
}

const why = 'contract';

export const conf = (conf: Extract<LbOp, { t: 'conf' }>['conf']): LbOp => ({ t: 'conf', conf, why });
export const addVip = (key: NewVip): LbOp => ({ t: 'vip-add', vip: key, why });
export const deleteVip = (key: VipKey): LbOp => ({ t: 'vip-delete', vip: key, why });
export const addAs = (key: VipKey, text: string, weight: number, flush = false): LbOp => ({
  t: 'as-add',
  vip: key,
  address: address(text),
  weight,
  flush,
  why,
});
export const setWeight = (key: VipKey, text: string, weight: number, flush = false): LbOp => ({
  t: 'as-weight',
  vip: key,
  address: address(text),
  weight,
  flush,
  why,
});
export const deleteAs = (key: VipKey, text: string): LbOp => ({
  t: 'as-delete',
  vip: key,
  address: address(text),
  why,
});

/** All of them are acknowledged, in their order. */
export async function apply(dataplane: Dataplane, ...ops: LbOp[]): Promise<void> {
  const { acknowledged, failure } = await dataplane.apply(ops);
  assert.deepEqual(failure, undefined);
  assert.deepEqual(acknowledged, ops);
}

/** VPP refuses it, and nothing is acknowledged. What was wrong must be seen before the next change. */
export async function refuse(dataplane: Dataplane, op: LbOp, code: number, name: string): Promise<void> {
  const { acknowledged, failure } = await dataplane.apply([op]);
  assert.deepEqual(acknowledged, []);
  assert.equal(failure?.op, op);
  const { fault } = failure;
  assert.ok(fault.t === 'refused', JSON.stringify(fault));
  assert.deepEqual([fault.code, fault.name], [code, name], `${op.t}: ${fault.message}`);
  await observe(dataplane);
}

export async function observe(dataplane: Dataplane): Promise<ObservedLb> {
  const observation = await dataplane.observe();
  assert.ok(observation.ok, JSON.stringify(observation));
  return observation.value;
}

export async function look(dataplane: Dataplane, key: VipKey): Promise<ObservedVip | undefined> {
  return (await observe(dataplane)).vips.get(vipName(key));
}

/** Servers of a VIP as `address weight`, read in both ways that there are, which must agree. */
export async function servers(dataplane: Dataplane, key: VipKey): Promise<readonly string[]> {
  const held = await look(dataplane, key);
  assert.ok(held, `${vipName(key)} is there`);
  const alone = await dataplane.observeServers([key]);
  assert.ok(alone.ok, JSON.stringify(alone));
  assert.deepEqual(alone.value, [held.applicationServers]);
  return held.applicationServers.map((server) => `${server.address.text} ${server.weight}`);
}

/** Deletes what a case left of its own. */
export async function cleanUp(dataplane: Dataplane): Promise<void> {
  const ours = [...(await observe(dataplane)).vips.values()].filter(isOurs);
  for (const held of ours) {
    const gone = held.applicationServers.map((server) => deleteAs(held, server.address.text));
    await apply(dataplane, ...gone, deleteVip(held));
  }
}
