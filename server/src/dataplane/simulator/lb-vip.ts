// One VIP and its application servers as VPP's lb plugin holds them, and the table of new flows that follows
// from them. Knows nothing of requests and of other VIPs. Source: lb/lb.h, lb.c.
import { buildMaglevTable, countBuckets } from '../maglev-table.ts';
import { type Ip46, type Ip46Prefix, isIpv4Prefix } from './ip46.ts';
import { Pool } from './pool.ts';

/** Both the class of a VIP's address and how its packets are carried; all VIPs of one prefix share it. */
export interface VipType {
  readonly family: 4 | 6;
  readonly encap: 'gre4' | 'gre6' | 'l3dsr' | 'nat4' | 'nat6';
}

/** What a pool slot keeps of its last user: one byte is DSCP or service type, whoever asks. */
export interface EncapArguments {
  byte: number;
  /** As it came from the wire. */
  targetPort: number;
}

export interface LbAs {
  readonly ip: Ip46;
  readonly vipIndex: number;
  weight: number;
  used: boolean;
  /** Seconds since the start of VPP at which it was last deleted. */
  lastUsed: number;
}

export interface LbVip {
  readonly prefix: Ip46Prefix;
  readonly protocol: number;
  readonly port: number;
  readonly type: VipType;
  readonly tableLength: number;
  readonly srcIpSticky: boolean;
  readonly encapArguments: EncapArguments;
  /** Pool indexes of its servers, in the order in which VPP lists them. */
  readonly asIndexes: Pool<number>;
  used: boolean;
  lastGarbageCollection: number;
  /** Of new flows; absent until somebody asks after a change. */
  table?: FlowTable;
}

export interface FlowTable {
  /** AS pool index of each bucket, 0 = none. */
  readonly owners: Uint32Array;
  readonly buckets: ReadonlyMap<number, number>;
}

export function typeText({ family, encap }: VipType): string {
  return `ip${family}-${encap}`;
}

const encapsOf = { 4: ['gre4', 'gre6', 'l3dsr', 'nat4'], 6: ['gre4', 'gre6', '', '', 'nat6'] } as const;

/**
 * What VPP makes of an encap number (lb/api.c): everything it has no type for becomes ip6-gre6, which an IPv4
 * prefix is then refused for and an IPv6 prefix is not (K15).
 */
export function vipType(prefix: Ip46Prefix, encapNumber: number): VipType {
  const family = isIpv4Prefix(prefix) ? 4 : 6;
  const encap = encapsOf[family][encapNumber];
  return encap ? { family, encap } : { family: 6, encap: 'gre6' };
}

/** Takes index 0, as in VPP. */
export function placeholderVip(): LbVip {
  return {
    prefix: { ip: new Uint8Array(16).fill(255), length: 0 },
    protocol: 255,
    port: 0,
    type: { family: 6, encap: 'gre6' },
    tableLength: 1,
    srcIpSticky: false,
    encapArguments: { byte: 0, targetPort: 0 },
    asIndexes: new Pool(),
    used: true,
    lastGarbageCollection: 0,
  };
}

/** Takes index 0, as in VPP. */
export function placeholderAs(): LbAs {
  return { ip: new Uint8Array(16).fill(255), vipIndex: -1, weight: 0, used: false, lastUsed: 0 };
}

/** Whether its servers have IPv4 addresses. */
export function carriesToIpv4({ encap }: VipType): boolean {
  return encap === 'gre4' || encap === 'l3dsr' || encap === 'nat4';
}

/** VPP builds it on each change; here the first question does. `asOf` looks up a server by pool index. */
export function flowTable(vip: LbVip, asOf: (index: number) => LbAs): FlowTable {
  if (vip.table) return vip.table;
  const indexes = vip.asIndexes.entries().map(([, index]) => index);
  const serving = indexes.filter((index) => asOf(index).used && asOf(index).weight > 0);
  const entries = serving.map((index) => ({ key: asOf(index).ip, weight: asOf(index).weight }));
  const table = buildMaglevTable(entries, vip.tableLength);
  const counts = countBuckets(table, entries.length);
  const owners = new Uint32Array(table.length);
  for (const [bucket, owner] of table.entries()) if (owner >= 0) owners[bucket] = serving[owner] as number;
  vip.table = {
    owners,
    buckets: new Map(serving.map((index, place) => [index, counts[place] as number])),
  };
  return vip.table;
}
