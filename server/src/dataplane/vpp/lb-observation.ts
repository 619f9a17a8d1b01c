// From VPP's answers to what it holds: dumps and text joined, normalised, without what lingers. Pure; the
// quirks that it evens out are those of VPP's lb plugin (api.c, v26.10-rc0).

import { type Address, byAddress } from '../../lib/address.ts';
import { AddressBook } from '../../lib/address-book.ts';
import type { Encap, LbConf, ObservedAs, ObservedLb, ObservedVip, VipKey } from '../lb-state.ts';
import { byVip, prefixText, vipName } from '../lb-state.ts';
import { tableKey } from '../maglev-table.ts';
import { MalformedMessage } from './bytes.ts';
import type { Values, WireAddress, WirePrefix } from './codec.ts';
import { refuseVip } from './lb-requests.ts';
import { parseVipsVerbose, type VipText } from './lb-text.ts';
import {
  encapNumbers,
  type lbAsV2Details,
  type lbAsV2Dump,
  type lbConfGetReply,
  type lbVipDetails,
} from './messages.ts';

type VipDetails = Values<typeof lbVipDetails.fields>;
type AsDetails = Values<typeof lbAsV2Details.fields>;

/** AS flag: in use. Without it, it was deleted and lingers. */
const asUsedFlag = 1;
const encapWords = new Map(
  Object.entries(encapNumbers).map(([word, number]) => [number as number, word as Encap]),
);

export function confOf(reply: Values<typeof lbConfGetReply.fields>, addresses = new AddressBook()): LbConf {
  return {
    ipv4SrcAddress: addresses.fromBytes(reply.ipv4SrcAddress),
    ipv6SrcAddress: addresses.fromBytes(reply.ipv6SrcAddress),
    stickyBucketsPerCore: reply.stickyBucketsPerCore,
    flowTimeoutSeconds: reply.flowTimeout,
  };
}

/**
 * All that VPP holds. Undefined: the answers do not fit each other, because something changed between them;
 * ask again. VIPs that cannot be named in a request (a length or protocol that VPP should have refused) are
 * left out.
 */
export function joinObservation(
  atMs: number,
  conf: LbConf,
  vipRows: readonly VipDetails[],
  asRows: readonly AsDetails[],
  text: string,
  addresses = new AddressBook(),
): ObservedLb | undefined {
  const texts = parseVipsVerbose(text);
  if (texts === undefined) throw new MalformedMessage('"show lb vips verbose" has an unknown form');
  const byKey = new Map(texts.map((row) => [textKey(row), row]));
  const servers = groupServers(asRows, addresses);
  const vips: ObservedVip[] = [];
  for (const row of vipRows) {
    const key = vipKey(row, addresses);
    if (refuseVip(key) !== undefined) continue;
    const known = byKey.get(textKey({ prefix: prefixText(key), protocol: key.protocol, port: key.port }));
    if (known === undefined) return undefined;
    const { index, srcIpSticky, newFlowsTableLength } = known;
    const encap = encapWords.get(row.encap) ?? 'gre6';
    const applicationServers = servers.get(vipName(key)) ?? [];
    vips.push({ ...key, encap, newFlowsTableLength, srcIpSticky, index, applicationServers });
  }
  vips.sort(byVip);
  return { atMs, conf, vips: new Map(vips.map((vip) => [vipName(vip), vip])) };
}

const textKey = ({ prefix, protocol, port }: Pick<VipText, 'prefix' | 'protocol' | 'port'>) =>
  `${prefix} ${protocol} ${port}`;

/** Application servers in use, by address, under the names of their VIPs. */
export function groupServers(
  rows: readonly AsDetails[],
  addresses = new AddressBook(),
): ReadonlyMap<string, readonly ObservedAs[]> {
  const groups = new Map<string, ObservedAs[]>();
  let last: AsDetails | undefined;
  let group: ObservedAs[] = [];
  for (const row of rows) {
    if ((row.flags & asUsedFlag) === 0) continue;
    // VPP lists them VIP by VIP, and a name costs more than all the rest of a row.
    if (last === undefined || !isSameVip(last, row)) {
      const name = vipName(vipKey(row, addresses));
      group = groups.get(name) ?? [];
      groups.set(name, group);
      last = row;
    }
    group.push({ address: addressOf(row.asAddress, addresses), weight: row.weight, buckets: row.numBuckets });
  }
  for (const group of groups.values()) group.sort((a, b) => byAddress(a.address, b.address));
  return groups;
}

function isSameVip(a: AsDetails, b: AsDetails): boolean {
  const isSamePrefix = a.prefix.af === b.prefix.af && a.prefix.length === b.prefix.length;
  if (!isSamePrefix || a.protocol !== b.protocol || a.port !== b.port) return false;
  return Buffer.compare(a.prefix.bytes, b.prefix.bytes) === 0;
}

/** The dump of all; the filter of one VIP compares raw bytes, in which an IPv4 address stands last. */
export function asDumpOf(vip: VipKey | undefined): Values<typeof lbAsV2Dump.fields> {
  const bytes = vip === undefined ? new Uint8Array(16) : tableKey(vip.address);
  const prefix: WirePrefix = { af: vip?.address.family === 6 ? 1 : 0, bytes, length: vip?.prefixLength ?? 0 };
  return { prefix, protocol: vip?.protocol ?? 0, port: vip?.port ?? 0 };
}

function vipKey(
  { prefix, protocol, port }: Pick<VipDetails, 'prefix' | 'protocol' | 'port'>,
  addresses: AddressBook,
): VipKey {
  return { address: addressOf(prefix, addresses), prefixLength: prefix.length, protocol, port };
}

function addressOf({ af, bytes }: WireAddress, addresses: AddressBook): Address {
  if (af !== 0 && af !== 1) throw new MalformedMessage(`address family ${af}`);
  return addresses.fromBytes(af === 0 ? bytes.subarray(0, 4) : bytes);
}
