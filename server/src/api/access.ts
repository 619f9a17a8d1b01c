// Who may do what. For now the one credential is to come from this machine: requests from loopback have the
// operator role, all others have none.
import { BlockList, isIP } from 'node:net';
import { ApiError } from './errors.ts';

export type Role = 'viewer' | 'operator';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an address is one of this machine's loopback addresses, IPv4-mapped ones included. */
export function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** What of a request decides about access. Header names are lower case. */
export interface Caller {
  readonly address: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Throws ApiError unless the caller has `role`. */
export function requireRole(caller: Caller, role: Role): void {
  if (!isLoopback(caller.address)) {
    throw new ApiError(
      'permission_denied',
      `requests from ${caller.address} are refused: this version answers on loopback only`,
    );
  }
  if (role === 'operator') refuseForeignPage(caller);
}

/** A browser that sends a change on behalf of another site's page says so in these headers. */
function refuseForeignPage({ headers }: Caller): void {
  const site = headers['sec-fetch-site'];
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  const origin = headers['origin'];
  const foreignOrigin = typeof origin === 'string' && originHost(origin) !== headers['host'];
  if (foreignSite || foreignOrigin) {
    throw new ApiError('permission_denied', 'a change from a page of another site is refused');
  }
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
