// From an operation to the request that carries it, checked first: some well-formed requests crash VPP,
// others do something else than they say (vpp-api's handlers check next to nothing). The only place that
// makes requests which change VPP. Pure.
import type { Address } from '../../lib/address.ts';
import {
  flowTimeoutMsMax,
  flowTimeoutMsMin,
  newFlowsTableLengthMax,
  stickyBucketsPerCoreMax,
  weightMax,
} from '../../lib/limits.ts';
import type { LbOp, NewVip } from '../lb-op.ts';
import { type LbConf, protocolNumbers, type VipKey } from '../lb-state.ts';
import type { Fields, Message, Values, WireAddress, WirePrefix } from './codec.ts';
import {
  encapNumbers,
  lbAddDelAsV2,
  lbAddDelAsV2Reply,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
  lbAsSetWeight,
  lbAsSetWeightReply,
  lbConf,
  lbConfReply,
} from './messages.ts';

export interface LbRequest {
  readonly request: Message;
  readonly reply: Message;
  readonly values: Values<Fields>;
}

/** The request; or, as a whole sentence, why it must not be sent. */
export function lbRequest(op: LbOp): LbRequest | { readonly refusal: string } {
  const refusal = refuseOp(op);
  return refusal === undefined ? toRequest(op) : { refusal };
}

function toRequest(op: LbOp): LbRequest {
  switch (op.t) {
    case 'conf':
      return {
        request: lbConf,
        reply: lbConfReply,
        values: {
          ipv4SrcAddress: op.conf.ipv4SrcAddress.bytes,
          ipv6SrcAddress: op.conf.ipv6SrcAddress.bytes,
          stickyBucketsPerCore: op.conf.stickyBucketsPerCore,
          flowTimeout: op.conf.flowTimeoutSeconds,
        },
      };
    case 'vip-add':
      return vipRequest(op.vip, op.vip);
    case 'vip-delete':
      return vipRequest(op.vip, undefined);
    case 'as-weight': {
      const values = { ...asValues(op.vip, op.address), weight: op.weight, isFlush: op.flush };
      return { request: lbAsSetWeight, reply: lbAsSetWeightReply, values };
    }
    case 'as-add':
      return asRequest(op.vip, op.address, { weight: op.weight, isDel: false, isFlush: op.flush });
    case 'as-delete':
      return asRequest(op.vip, op.address, { weight: 0, isDel: true, isFlush: true });
  }
}

/**
 * VPP looks at nothing but the key when it deletes; the rest is such that it would be harmless all the same.
 */
function vipRequest(key: VipKey, added: NewVip | undefined): LbRequest {
  const values: Values<typeof lbAddDelVipV2.fields> = {
    ...wireVip(key),
    encap: encapNumbers[added?.encap ?? 'gre4'],
    dscp: 0,
    type: 0,
    targetPort: 0,
    nodePort: 0,
    newFlowsTableLength: added?.newFlowsTableLength ?? 1024,
    srcIpSticky: added?.srcIpSticky ?? false,
    isDel: added === undefined,
  };
  return { request: lbAddDelVipV2, reply: lbAddDelVipV2Reply, values };
}

function asRequest(
  vip: VipKey,
  address: Address,
  change: { readonly weight: number; readonly isDel: boolean; readonly isFlush: boolean },
): LbRequest {
  return {
    request: lbAddDelAsV2,
    reply: lbAddDelAsV2Reply,
    values: { ...asValues(vip, address), ...change },
  };
}

const asValues = (vip: VipKey, address: Address) => ({ ...wireVip(vip), asAddress: wireAddress(address) });

function wireVip(key: VipKey): { prefix: WirePrefix; protocol: number; port: number } {
  return { prefix: wirePrefix(key), protocol: key.protocol, port: key.port };
}

export function wireAddress({ family, bytes }: Address): WireAddress {
  const wide = new Uint8Array(16);
  wide.set(bytes);
  return { af: family === 4 ? 0 : 1, bytes: wide };
}

export function wirePrefix({ address, prefixLength }: VipKey): WirePrefix {
  return { ...wireAddress(address), length: prefixLength };
}

// --- what must not be sent

function refuseOp(op: LbOp): string | undefined {
  switch (op.t) {
    case 'conf':
      return refuseConf(op.conf);
    case 'vip-add':
      return refuseVip(op.vip) ?? refuseNewVip(op.vip);
    case 'vip-delete':
      return refuseVip(op.vip);
    case 'as-delete':
      return refuseVip(op.vip) ?? refuseServer(op.address);
    case 'as-add':
    case 'as-weight':
      return refuseVip(op.vip) ?? refuseServer(op.address) ?? refuseWeight(op.weight);
  }
}

/** Without these VPP segfaults at the next packet, or allocates without bound. */
function refuseConf(conf: LbConf): string | undefined {
  const { ipv4SrcAddress, ipv6SrcAddress, stickyBucketsPerCore: buckets, flowTimeoutSeconds: timeout } = conf;
  if (isMalformed(ipv4SrcAddress) || isMalformed(ipv6SrcAddress)) return 'a source is a malformed address';
  if (ipv4SrcAddress.family !== 4 || ipv6SrcAddress.family !== 6) return 'a source has the wrong family';
  if (!isPowerOfTwo(buckets, stickyBucketsPerCoreMax)) {
    return `${buckets} sticky buckets per core: must be a power of two, 1 to ${stickyBucketsPerCoreMax}`;
  }
  const [least, most] = [flowTimeoutMsMin / 1000, flowTimeoutMsMax / 1000];
  if (Number.isInteger(timeout) && timeout >= least && timeout <= most) return undefined;
  return `a flow timeout of ${timeout} s: must be ${least} to ${most}`;
}

/** A wrong family or length is taken by VPP for another prefix, or crashes it. */
export function refuseVip({ address, prefixLength, protocol, port }: VipKey): string | undefined {
  if (isMalformed(address)) return `${address.text}: malformed address`;
  const bits = address.bytes.length * 8;
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bits) {
    return `prefix length ${prefixLength}: must be 0 to ${bits}`;
  }
  // VPP cuts such bits off in silence, and what is left may be in ::/96.
  if (hasHostBits(address, prefixLength)) return `${address.text}/${prefixLength} has bits beyond its prefix`;
  if (looksLikeIpv4(address)) return `${address.text}: VPP takes addresses in ::/96 for IPv4`;
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) return `port ${port}: must be 0 to 65535`;
  const { any, tcp, udp } = protocolNumbers;
  if (port === 0) return protocol === any ? undefined : 'a VIP without a port has protocol any';
  return protocol === tcp || protocol === udp ? undefined : `protocol ${protocol} with a port: tcp or udp`;
}

/** A length of 0 or a huge one makes VPP abort. */
function refuseNewVip({ encap, newFlowsTableLength: length }: NewVip): string | undefined {
  if (encap !== 'gre4' && encap !== 'gre6') return `encap ${encap}: only gre4 and gre6 are programmed`;
  if (isPowerOfTwo(length, newFlowsTableLengthMax)) return undefined;
  return `a new-flow table of ${length}: must be a power of two, 1 to ${newFlowsTableLengthMax}`;
}

function refuseServer(address: Address): string | undefined {
  if (isMalformed(address)) return `${address.text}: malformed address`;
  if (!looksLikeIpv4(address)) return undefined;
  return `${address.text}: VPP takes addresses in ::/96 for IPv4`;
}

function refuseWeight(weight: number): string | undefined {
  if (Number.isInteger(weight) && weight >= 0 && weight <= weightMax) return undefined;
  return `weight ${weight}: must be 0 to ${weightMax}`;
}

function isPowerOfTwo(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max && (value & (value - 1)) === 0;
}

const isMalformed = ({ family, bytes }: Address) => bytes.length !== (family === 4 ? 4 : 16);

function hasHostBits({ bytes }: Address, prefixLength: number): boolean {
  return bytes.some((byte, index) => {
    const bitsLeft = Math.min(8, Math.max(0, prefixLength - index * 8));
    return (byte & (0xff >> bitsLeft)) !== 0;
  });
}

const looksLikeIpv4 = ({ family, bytes }: Address) =>
  family === 6 && bytes.subarray(0, 12).every((byte) => byte === 0);
