// Who may do what: the role that a caller was given against the role that an operation needs, and changes
// that a browser sends on behalf of another site's page. Pure; how a caller got its role is identify.ts.
import { BlockList, isIP } from 'node:net';
import type { Caller, Role } from './caller.ts';
import { ApiError } from './errors.ts';
import type { RequestHeaders } from './trusted-proxies.ts';

/** A caller, and what decides how it is told no. */
export interface IdentifiedCaller extends Caller {
  /** Why a request that came from this machine is not taken for one: a proxy sent it, or a foreign page. */
  readonly distrust?: 'proxy' | 'host';
  /** Why the client certificate that was shown does not count. */
  readonly certificateFault?: string;
  /** Whether there are credentials that could be shown. */
  readonly hasAuthFile: boolean;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an address is one of this machine's loopback addresses, IPv4-mapped ones included. */
export function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Throws ApiError unless the caller has `role`; reads are open to everybody. Changes from another site's page
 * are refused whoever sends them: a browser shows its user's credentials without being asked.
 */
export function requireRole(caller: IdentifiedCaller, role: Role, headers: RequestHeaders): void {
  if (role === 'viewer') return;
  refuseForeignPage(headers);
  if (caller.role === 'operator') return;
  const { user, address, certificateFault, hasAuthFile } = caller;
  if (user !== undefined) {
    const remedy = hasAuthFile ? 'give it the role operator in the auth file' : 'show another credential';
    throw new ApiError('permission_denied', `${user} is a viewer and cannot change anything: ${remedy}`);
  }
  const fault = certificateFault === undefined ? '' : ` (its client certificate fails: ${certificateFault})`;
  const who = `changes from ${address}${fault}${reasons[caller.distrust ?? 'none']} need credentials`;
  if (hasAuthFile) {
    const message = `${who}: a password (HTTP Basic) or a bearer token of role operator`;
    throw new ApiError('unauthenticated', message, [], { 'www-authenticate': challenge(headers) });
  }
  const remedy = 'start maglevd with --auth-file (maglevd hash-password makes its entries)';
  throw new ApiError('permission_denied', `${who}: ${remedy}, or ${otherWays[caller.distrust ?? 'none']}`);
}

const reasons = {
  none: '',
  proxy: ' (through a proxy, which is never taken for this machine)',
  host: ' (for a page whose host is not a name of this machine)',
};
const otherWays = {
  none: 'ask from this machine',
  proxy: 'ask from this machine without a proxy',
  host: 'open the page as localhost or by address',
};

/**
 * What 401 asks for. A page's own requests are not asked for a password: the browser would put its dialog
 * between them and the page.
 */
export function challenge(headers: RequestHeaders): string {
  const mode = headers['sec-fetch-mode'];
  const bearer = 'Bearer realm="maglevd"';
  return mode === undefined || mode === 'navigate'
    ? `Basic realm="maglevd", charset="UTF-8", ${bearer}`
    : bearer;
}

/** The host that a request names: over HTTP/2 in a field of its own. */
export function hostOf(headers: RequestHeaders): string | undefined {
  const host = headers[':authority'] ?? headers['host'];
  return typeof host === 'string' ? host : undefined;
}

/** A browser that sends a change on behalf of another site's page says so in these headers. */
function refuseForeignPage(headers: RequestHeaders): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new ApiError('permission_denied', 'a change from a page of another site is refused');
  }
  const origin = headers['origin'];
  if (origin === undefined || isSameHost(origin, hostOf(headers))) return;
  const message =
    'a change from a page of another site is refused: its Origin differs from the Host of the request ' +
    '(a proxy in between must pass Host on as it is)';
  throw new ApiError('permission_denied', message);
}

/** `null`, and what is no origin, is foreign. A default port may be written out. */
function isSameHost(origin: string | readonly string[], host: string | undefined): boolean {
  if (typeof origin !== 'string' || host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === originHost;
}
