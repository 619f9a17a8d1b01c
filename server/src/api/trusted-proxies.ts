// Whose word about the client's address is taken: `--trusted-proxies`, and X-Forwarded-For. Pure text; it
// must not know what an address may do.
import { BlockList, isIP, SocketAddress } from 'node:net';
import { parseAddress } from '../lib/address.ts';
import { forwardedHopsMax, trustedProxiesMax } from '../lib/limits.ts';

/** Names in lower case, as Node gives them; HTTP/2 pseudo-headers with their colon. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface TrustedProxies {
  /** `address` as `canonicalAddress` writes it. */
  has(address: string): boolean;
}

export const noTrustedProxies: TrustedProxies = { has: () => false };

/**
 * A comma list of addresses and prefixes: `192.0.2.1, 2001:db8::/64`. Empty: none. The refusal is a whole
 * sentence about the first fault.
 */
export function parseTrustedProxies(
  text: string,
): { readonly proxies: TrustedProxies } | { readonly refusal: string } {
  if (text.trim() === '') return { proxies: noTrustedProxies };
  const words = text.split(',').map((word) => word.trim());
  if (words.length > trustedProxiesMax) return { refusal: `more than ${trustedProxiesMax} entries` };
  const list = new BlockList();
  for (const word of words) {
    const reason = addTo(list, word);
    if (reason !== undefined) return { refusal: `"${word.slice(0, 80)}" ${reason}` };
  }
  return { proxies: { has: (address) => list.check(address, familyOf(address)) } };
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Adds one entry; gives what is wrong with it, as the end of a sentence. */
function addTo(list: BlockList, word: string): string | undefined {
  if (word === '') return 'is empty: leave out the comma';
  const [host = '', length, ...rest] = word.split('/');
  const parsed = parseAddress(host);
  if (!parsed.ok) return parsed.reason;
  const { family, text, bytes } = parsed.address;
  const bits = bytes.length * 8;
  if (length === undefined) {
    list.addAddress(text, `ipv${family}`);
    return undefined;
  }
  if (rest.length > 0 || !/^[0-9]{1,3}$/.test(length) || Number(length) > bits) {
    return `has no prefix length between 1 and ${bits}`;
  }
  const prefix = Number(length);
  if (prefix === 0) return 'is every address: each client could name itself what it likes';
  const isSet = (bit: number) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
  for (let bit = prefix; bit < bits; bit += 1) {
    if (isSet(bit)) return `has bits beyond its prefix of ${prefix}: give the first address of the network`;
  }
  list.addSubnet(text, prefix, `ipv${family}`);
  return undefined;
}

/**
 * An address as people write it: IPv4 as IPv4 also where a socket serves both families, IPv6 in its shortest
 * form, no zone. Undefined: it is none.
 */
export function canonicalAddress(text: string): string | undefined {
  const zoneless = text.split('%', 1)[0] ?? '';
  const version = isIP(zoneless);
  if (version === 0) return undefined;
  if (version === 4) return zoneless;
  const { address } = new SocketAddress({ address: zoneless, family: 'ipv6' });
  return /^::ffff:[0-9.]+$/.test(address) ? address.slice('::ffff:'.length) : address;
}

/** What proxies add. A browser cannot be made to send these; a client that forges one only loses by it. */
const proxySigns = [
  'x-forwarded-for',
  'forwarded',
  'x-real-ip',
  'via',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-original-forwarded-for',
  'x-envoy-external-address',
  'true-client-ip',
  'cf-connecting-ip',
];

/** Whether somebody stands between the client and us, as far as the request tells. */
export function isProxied(peer: string, headers: RequestHeaders, proxies: TrustedProxies): boolean {
  return proxies.has(peer) || proxySigns.some((name) => headers[name] !== undefined);
}

/**
 * The client's address behind a trusted proxy: of X-Forwarded-For the rightmost address that is no trusted
 * proxy. What the proxies did not write stands left of it and counts for nothing. A list that cannot be read
 * up to there: the peer's own. All of them proxies: the leftmost. `peer` as `canonicalAddress` writes it.
 */
export function clientAddress(peer: string, headers: RequestHeaders, proxies: TrustedProxies): string {
  const header = headers['x-forwarded-for'];
  if (header === undefined || !proxies.has(peer)) return peer;
  const hops = (typeof header === 'string' ? header : header.join(',')).split(',');
  let client = peer;
  for (const hop of hops.slice(-forwardedHopsMax).reverse()) {
    const address = hopAddress(hop.trim());
    if (address === undefined) return peer;
    client = address;
    if (!proxies.has(address)) return client;
  }
  return hops.length > forwardedHopsMax ? peer : client;
}

/** Some proxies write the client's port as well: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function hopAddress(hop: string): string | undefined {
  const match = /^\[([^\]]+)\](?::[0-9]{1,5})?$/.exec(hop) ?? /^([0-9.]+):[0-9]{1,5}$/.exec(hop);
  return canonicalAddress(match?.[1] ?? hop);
}
