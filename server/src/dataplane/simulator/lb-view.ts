// VIPs and application servers as others see them: as API messages with the quirks of VPP's own, as values,
// and as the text of `show lb vips verbose`. Pure. Source: lb/api.c, format_lb_vip_detailed in lb/lb.c.
import type { Address } from '../../lib/address.ts';
import type { Values } from '../vpp/codec.ts';
import { encapNumbers, type lbAsV2Details, type lbVipDetails } from '../vpp/messages.ts';
import { encodeAddress, encodePrefix, isIpv4Prefix, toAddress } from './ip46.ts';
import { type LbAs, type LbVip, typeText, type VipType } from './lb-vip.ts';

export type LbCounter = 'next' | 'first' | 'untracked' | 'noServer';
export type LbCounters = Record<LbCounter, number>;

/** In VPP's order, with the names that it counts under. */
export const counterNames: Readonly<Record<LbCounter, string>> = {
  next: 'packet from existing sessions',
  first: 'first session packet',
  untracked: 'untracked packet',
  noServer: 'no server configured',
};

export interface ServerView {
  readonly address: Address;
  readonly weight: number;
  /** False: deleted, and lingering. */
  readonly used: boolean;
}

export interface AsView extends ServerView {
  /** Pool index, never 0. */
  readonly index: number;
  readonly buckets: number;
  /** Sticky entries that name it, expired ones included. */
  readonly flows: number;
}

export interface VipView {
  readonly index: number;
  readonly used: boolean;
  readonly address: Address;
  /** Natural: 0..32 or 0..128. */
  readonly prefixLength: number;
  readonly protocol: number;
  readonly port: number;
  readonly type: VipType;
  readonly newFlowsTableLength: number;
  readonly srcIpSticky: boolean;
  readonly dscp: number;
  readonly targetPort: number;
  readonly counters: Readonly<LbCounters>;
  readonly applicationServers: readonly AsView[];
}

const swap16 = (value: number) => ((value & 0xff) << 8) | (value >> 8);

export function vipDetails(vip: LbVip): Values<typeof lbVipDetails.fields> {
  return {
    prefix: encodePrefix(vip.prefix),
    protocol: vip.protocol,
    port: vip.port,
    encap: encapNumbers[vip.type.encap],
    dscp: vip.encapArguments.byte, // K11
    srvType: vip.encapArguments.byte * 2 ** 24, // K9
    targetPort: swap16(vip.encapArguments.targetPort), // K10
    flowTableLength: vip.tableLength & 0xffff, // K12
  };
}

export function asDetails(vip: LbVip, as: LbAs, numBuckets: number): Values<typeof lbAsV2Details.fields> {
  return {
    prefix: encodePrefix(vip.prefix),
    protocol: vip.protocol,
    port: vip.port,
    asAddress: encodeAddress(as.ip),
    flags: as.used ? 1 : 0,
    inUseSince: as.lastUsed,
    weight: as.weight,
    numBuckets,
  };
}

export function serverView({ ip, weight, used }: LbAs): ServerView {
  return { address: toAddress(ip), weight, used };
}

export function asView(index: number, as: LbAs, buckets: number, flows: number): AsView {
  return { index, address: toAddress(as.ip), weight: as.weight, buckets, flows, used: as.used };
}

export function vipView(
  index: number,
  vip: LbVip,
  counters: LbCounters,
  applicationServers: readonly AsView[],
): VipView {
  const { prefix, protocol, port, type, srcIpSticky, used, encapArguments } = vip;
  const ipv4 = isIpv4Prefix(prefix);
  return {
    index,
    used,
    address: toAddress(prefix.ip, !ipv4),
    prefixLength: ipv4 ? prefix.length - 96 : prefix.length,
    protocol,
    port,
    type,
    newFlowsTableLength: vip.tableLength,
    srcIpSticky,
    dscp: encapArguments.byte,
    targetPort: encapArguments.targetPort,
    counters: { ...counters },
    applicationServers,
  };
}

/** One record per VIP, a blank line after each. */
export function vipsVerboseText(vips: readonly VipView[]): string {
  return vips.map((vip) => `${vipLines(vip).join('\n')}\n\n`).join('');
}

function vipLines(vip: VipView): string[] {
  const { type, address, prefixLength, port, applicationServers } = vip;
  const flags = `${vip.srcIpSticky ? ' src_ip_sticky' : ''}${vip.used ? '' : ' removed'}`;
  return [
    ` ${typeText(type)} [${vip.index}] ${address.text}/${prefixLength}${flags}`,
    `  new_size:${vip.newFlowsTableLength}`,
    ...(port === 0 ? [] : [`  protocol:${vip.protocol} port:${port}`]),
    ...(type.encap === 'l3dsr' ? [`  dscp:${vip.dscp}`] : []),
    `${natText(vip)}  counters:`,
    ...Object.entries(counterNames).map(([key, name]) => `    ${name}: ${vip.counters[key as LbCounter]}`),
    `  #as:${applicationServers.length}`,
    ...applicationServers.map(asLine),
  ];
}

/** Without a line end, and with the port's bytes swapped: so VPP prints it. */
function natText({ type, port, dscp, targetPort }: VipView): string {
  if (type.encap !== 'nat4' && type.encap !== 'nat6') return '';
  const service = dscp === 0 ? 'clusterip' : 'nodeport';
  return `  type:${service} port:${swap16(port)} target_port:${targetPort}`;
}

function asLine({ index, address, weight, buckets, flows, used }: AsView): string {
  const state = used ? 'used' : ' removed';
  // The number of a forwarding object means nothing here.
  return `    ${address.text} weight:${weight} buckets:${buckets} flows:${flows} dpo:${index} ${state}`;
}
