// Typed loader of the addon: the only file that knows where it lies and what it exports.

/** Thrown by the addon when the operating system refuses; `code` is the errno's name, as Node's errors have it. */
export interface NativeError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
}

export interface OpenSocketOptions {
  readonly family: 4 | 6;
  readonly type: 'stream' | 'dgram' | 'raw';
  /** IP protocol number; 0 = the type's default. */
  readonly protocol: number;
  /** Path of a network namespace (`/run/netns/NAME`); absent: the one the process is in. */
  readonly netnsPath?: string;
  /** Bound source address (port 0); absent: the kernel chooses. */
  readonly source?: string;
}
