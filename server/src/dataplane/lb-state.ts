// What a VPP's lb plugin holds, and what it is to hold, in VPP's words: vip, as, bucket, flush, encap.
// Pure values with one name and one order for each; frontends, pools and health are unknown here.
import { type Address, byAddress } from '../lib/address.ts';

/** IP protocol numbers as VPP keeps them; an all-port VIP has 255 and port 0. */
export const protocolNumbers = { tcp: 6, udp: 17, any: 255 } as const;

export type Encap = 'gre4' | 'gre6' | 'l3dsr' | 'nat4' | 'nat6';

/** What VPP tells VIPs apart by. */
export interface VipKey {
  readonly address: Address;
  /** 0..32 or 0..128; ours are 32 and 128. */
  readonly prefixLength: number;
  /** IP protocol number. */
  readonly protocol: number;
  /** 0: all ports. */
  readonly port: number;
}

export interface ObservedAs {
  readonly address: Address;
  /** 0..255, as VPP holds it. */
  readonly weight: number;
  /** Buckets of the new-flow table that are its own. */
  readonly buckets: number;
}

export interface ObservedVip extends VipKey {
  readonly encap: Encap;
  readonly newFlowsTableLength: number;
  readonly srcIpSticky: boolean;
  /** VPP's pool index: the place of its counters in the stats segment. */
  readonly index: number;
  /** In use, by address; what was deleted and lingers is not among them. */
  readonly applicationServers: readonly ObservedAs[];
}

/** Global parameters. */
export interface LbConf {
  readonly ipv4SrcAddress: Address;
  readonly ipv6SrcAddress: Address;
  readonly stickyBucketsPerCore: number;
  readonly flowTimeoutSeconds: number;
}

export interface ObservedLb {
  /** Wall time at which it was read, ms. */
  readonly atMs: number;
  readonly conf: LbConf;
  /** By `vipName`. */
  readonly vips: ReadonlyMap<string, ObservedVip>;
}

export interface DesiredAs {
  readonly address: Address;
  /** Programmed weight, 0..100. */
  readonly weight: number;
  /** For people. */
  readonly backend: string;
}

export interface DesiredVip extends VipKey {
  readonly encap: 'gre4' | 'gre6';
  readonly newFlowsTableLength: number;
  readonly srcIpSticky: boolean;
  /** For people. */
  readonly frontend: string;
  /** By address. */
  readonly applicationServers: readonly DesiredAs[];
}

/** What is set; an absent address is left as VPP has it. */
export interface DesiredConf {
  readonly ipv4SrcAddress?: Address;
  readonly ipv6SrcAddress?: Address;
  readonly stickyBucketsPerCore: number;
  readonly flowTimeoutSeconds: number;
}

export interface DesiredLb {
  readonly conf: DesiredConf;
  /** By `vipName`, in the order of `byVip`. */
  readonly vips: ReadonlyMap<string, DesiredVip>;
  /** Names of VIPs that are ours, but not to be touched yet. */
  readonly held: ReadonlySet<string>;
}

const protocolWords = new Map<number, string>(
  Object.entries(protocolNumbers).map(([word, number]) => [number, word]),
);

export function protocolWord(protocol: number): string {
  return protocolWords.get(protocol) ?? String(protocol);
}

export function prefixText({ address, prefixLength }: Pick<VipKey, 'address' | 'prefixLength'>): string {
  return `${address.text}/${prefixLength}`;
}

/** The one name of a VIP, e.g. `198.51.100.80/32 tcp 80`, or `198.51.100.80/32 any`. */
export function vipName(key: VipKey): string {
  const port = key.port === 0 ? '' : ` ${key.port}`;
  return `${prefixText(key)} ${protocolWord(key.protocol)}${port}`;
}

/** Comparator: address (IPv4 first, numeric), prefix length, protocol, port. */
export function byVip(a: VipKey, b: VipKey): number {
  return (
    byAddress(a.address, b.address) ||
    a.prefixLength - b.prefixLength ||
    a.protocol - b.protocol ||
    a.port - b.port
  );
}
