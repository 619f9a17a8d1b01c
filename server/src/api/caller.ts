// Who asks, as every handler, log line and override names them. Decided once per request, in access.
export type Role = 'viewer' | 'operator';

export interface Caller {
  readonly role: Role;
  /** Where the request comes from, as people write it: IPv4 as IPv4; `unix` for the Unix socket. */
  readonly address: string;
  /** Name of the credential or certificate; absent: none was shown. */
  readonly user?: string;
  /** The same in the answer's header `x-request-id`, in the log and in events. */
  readonly requestId: string;
}

/** As overrides, events and logs name the caller: `alice (192.0.2.7)`, or the address alone. */
export function describeCaller({ user, address }: Pick<Caller, 'user' | 'address'>): string {
  return user === undefined ? address : `${user} (${address})`;
}
