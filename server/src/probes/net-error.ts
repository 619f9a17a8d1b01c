// What the operating system says when a connection cannot be had, in words for people, and whose fault it is.
// Pure: it sees the error's own fields. (Its sibling for ICMP's messages is icmp-error.ts.)
import { getSystemErrorMessage } from 'node:util';

/** As Node's and the addon's errors carry them. */
export interface SystemError {
  /** Name of the errno, e.g. `ECONNREFUSED`. */
  readonly code?: string;
  /** Negative number of the errno. */
  readonly errno?: number;
  /** The call that failed, e.g. `connect`, `bind`, `setns`. */
  readonly syscall?: string;
}

export interface ConnectFailure {
  readonly detail: string;
  /** We ran out of something: it says nothing about the backend. */
  readonly ours: boolean;
}

const wordsByCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset while connecting',
  EHOSTUNREACH: 'host unreachable',
  EHOSTDOWN: 'host down',
  ENETUNREACH: 'network unreachable',
  ENETDOWN: 'network down',
  ENOPROTOOPT: 'protocol unreachable',
  // What the kernel says to a `prohibit` and to a `blackhole` route.
  EACCES: 'administratively prohibited',
  EINVAL: 'blackhole route',
  EPERM: 'refused by the local packet filter',
};

const oursByCode: Readonly<Record<string, string>> = {
  EMFILE: 'out of file descriptors (limit of the process)',
  ENFILE: 'out of file descriptors (limit of the host)',
  ENOBUFS: 'out of socket buffers',
  ENOMEM: 'out of memory for sockets',
  EADDRNOTAVAIL: 'out of local ports',
  EADDRINUSE: 'out of local ports',
  EAGAIN: 'out of local ports',
};

/**
 * Why there is no connection.
 * @param source the configured source address, named when it was the one that could not be bound
 */
export function describeConnectError(error: SystemError, source?: string): ConnectFailure {
  const { code = 'unknown error', errno, syscall } = error;
  const isBind = syscall === 'bind';
  // Binding a source asks for the address; only elsewhere does this errno mean that no port is free.
  const exhausted = isBind && code === 'EADDRNOTAVAIL' ? undefined : oursByCode[code];
  if (exhausted !== undefined) return { detail: exhausted, ours: true };
  const reason = errno === undefined ? code : getSystemErrorMessage(errno);
  if (isBind) return { detail: `bind source ${source ?? 'address'}: ${reason}`, ours: false };
  return { detail: wordsByCode[code] ?? `connect: ${reason}`, ours: false };
}

/** Why a namespace cannot be entered. */
export function describeNetnsError(error: SystemError, netns: string | undefined): ConnectFailure {
  return { detail: `enter netns "${netns}": ${describeReason(error)}`, ours: isExhaustion(error) };
}

/** What the errno means, without the call. */
export function describeReason({ errno }: SystemError): string {
  return errno === undefined ? 'unknown error' : getSystemErrorMessage(errno);
}

/** Why the engine takes no probe: that is ours. */
export function describeRefusal(refusal: SystemError & { readonly message: string }): string {
  const { code, message } = refusal;
  // What pthread_create says by EAGAIN is not what connect says by it.
  return code === 'EAGAIN' || code === undefined ? message : describeConnectError(refusal).detail;
}

/** Are we the ones who ran out of something (descriptors, memory)? For errors of other calls than connect. */
export function isExhaustion({ code = '' }: SystemError): boolean {
  return code !== 'EADDRNOTAVAIL' && oursByCode[code] !== undefined;
}
