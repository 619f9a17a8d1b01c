// What one probe gave, and what goes between the probing thread and the rest. Types and pure words only.

export type Verdict =
  /** A status of 200 to 399, or the connect of a tcp probe. */
  | 'ok'
  | 'timeout'
  /** A whole answer with another status, or one that is no HTTP. */
  | 'http-err'
  /** No connection, no TLS, or one that broke. */
  | 'net-err';

export interface Outcome {
  readonly verdict: Verdict;
  /** From the connect (or the request on a kept connection) to the whole answer, or to the failure. */
  readonly latencyMs: number;
  /** When that was, on the clock of `Clock.nowMs`. */
  readonly atMs: number;
  /** Status code; 0: none came. */
  readonly status: number;
  /** Why it failed; empty when it did not. */
  readonly detail: string;
  /** Of the header to tally; absent: the answer had none, or there was no answer. */
  readonly value?: string;
}

export interface Result extends Outcome {
  /** Index of the target. */
  readonly target: number;
  /** The longest that our own thread stood still meanwhile; 0: not to speak of. */
  readonly lagMs: number;
}

/** What the probing side says, some twenty times a second. */
export interface Report {
  readonly atMs: number;
  readonly results: readonly Result[];
  /** How late our own timers were at worst since the last report: time that no VIP is to blame for. */
  readonly lagMsMax: number;
  /** Moments at which a VIP was due and its probe still under way. */
  readonly skipped: number;
  /** Probes that this machine could not send: neither passed nor failed. */
  readonly notSent: number;
  /** Why, the last time; empty when all were sent. */
  readonly notSentDetail: string;
  /** Every VIP has had its --count. */
  readonly finished: boolean;
}

/** Faults of this machine, not of the VIP. */
const ownFaults: Readonly<Record<string, string>> = {
  EMFILE: 'too many open files here: raise ulimit -n',
  ENFILE: 'too many open files on this machine',
  EADDRNOTAVAIL: 'no free source port or address here',
  ENOBUFS: 'no buffers here',
  ENOMEM: 'no memory here',
  EACCES: 'not allowed here',
  EPERM: 'refused by this machine (a local firewall?)',
  EAFNOSUPPORT: 'this machine has no such address family',
};

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed while sending',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connect timed out in the kernel',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate is for another name (see --host, --insecure)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate (see --insecure)',
  SELF_SIGNED_CERT_IN_CHAIN: 'self-signed certificate in the chain (see --insecure)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate of an unknown issuer (see --insecure)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate of an unknown issuer (see --insecure)',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not valid yet',
};

/** undefined: the fault is not this machine's. */
export function ownFault(code: string | undefined): string | undefined {
  const word = ownFaults[code ?? ''];
  return word === undefined ? undefined : `${code}: ${word}`;
}

/** OpenSSL's long line: `...error:<number>:<library>:<function>:<reason>:<file>...`. */
const tlsReason = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/;
const notTls = ['wrong version number', 'packet length too long', 'http request'];

/** A cause in a few words; an unknown one as the system puts it. */
export function describeError(error: { readonly code?: string; readonly message: string }): string {
  const reason = tlsReason.exec(error.message)?.[1];
  if (reason !== undefined) return notTls.includes(reason) ? 'the answer is not TLS' : `TLS: ${reason}`;
  return words[error.code ?? ''] ?? (error.message || error.code || 'unknown error');
}
