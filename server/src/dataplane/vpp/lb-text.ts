// Reads `show lb vips verbose`. A workaround, until VPP's API says it: the pool index of a VIP, whether it
// keeps flows of a source together, and table lengths above 65535 are in no API message. Pure; format: lb.c
// of VPP, format_lb_vip_detailed.
import { parseAddress } from '../../lib/address.ts';

/** What only the text tells of a VIP that is in use. */
export interface VipText {
  readonly prefix: string;
  /** IP protocol number; 255 of an all-port VIP. */
  readonly protocol: number;
  readonly port: number;
  readonly index: number;
  readonly srcIpSticky: boolean;
  readonly newFlowsTableLength: number;
}

const firstLine = /^\s*\S+ \[(\d+)\] (\S+)(.*)$/;

/** Records of VIPs that are in use, in the text's order; undefined: this is not that text. */
export function parseVipsVerbose(text: string): readonly VipText[] | undefined {
  const vips: VipText[] = [];
  for (const record of text.split(/\n\s*\n/)) {
    if (record.trim() === '') continue;
    const head = firstLine.exec(record.trimStart().split('\n', 1)[0] ?? '');
    const size = /^\s+new_size:(\d+)/m.exec(record);
    if (head === null || size === null) return undefined;
    const [, index, prefix = '', rest = ''] = head;
    const words = rest.split(/\s+/);
    if (words.includes('removed')) continue;
    const ports = /^\s+protocol:(\d+) port:(\d+)/m.exec(record);
    vips.push({
      prefix: canonicalPrefix(prefix),
      protocol: Number(ports?.[1] ?? 255),
      port: Number(ports?.[2] ?? 0),
      index: Number(index),
      srcIpSticky: words.includes('src_ip_sticky'),
      newFlowsTableLength: Number(size[1]),
    });
  }
  return vips;
}

/** VPP shortens IPv6 addresses in a way of its own. */
function canonicalPrefix(text: string): string {
  const [address = '', length = ''] = text.split('/');
  const parsed = parseAddress(address);
  return parsed.ok ? `${parsed.address.text}/${length}` : text;
}
