// The addon's part for VPP, typed: the API socket's transport and the stats segment. Checks arguments and
// words refusals; it must not know what a message or a counter means. Loaded by native.ts alone.
import { getSystemErrorMessage } from 'node:util';
import { assert } from './lib/assert.ts';
import { statsSegmentBytesMax } from './lib/limits.ts';
import type { NativeError } from './native.ts';

export interface OpenVppOptions {
  /** Of VPP's API socket. */
  readonly path: string;
  /** Longest message that is taken, header not counted; VPP itself has no bound. */
  readonly frameBytesMax: number;
  /** What may wait to be sent, headers included. */
  readonly outgoingBytesMax: number;
  /** One or more whole frames, headers included (see forEachFrame); fresh memory, the callee's to keep. */
  readonly onFrames: (bytes: Uint8Array) => void;
  /** Called once, from the event loop; not after close(). The transport is closed by then. */
  readonly onClosed: (reason: VppClosed) => void;
}

export interface VppClosed {
  /**
   * Positive; 0 = VPP closed the socket between two frames. EPROTO: a malformed frame, ENOBUFS: VPP does not
   * read, ECONNRESET: closed in the middle of a frame, or with our requests unread.
   */
  readonly errno: number;
  /** For people: `closed by VPP`, `malformed frame: a message of 0 bytes` ... */
  readonly message: string;
}

/** A connection on the event loop; it keeps the process alive until it is closed. */
export interface VppTransport {
  /**
   * Sends each message as one frame, none of them empty. What the socket does not take waits; more than
   * `outgoingBytesMax` ends the connection, as every error does: `onClosed` tells. On a closed transport
   * nothing happens.
   */
  send(messages: readonly Uint8Array[]): void;
  /** Bytes that wait to be sent, headers included; 0 once closed. */
  pendingBytes(): number;
  /** Idempotent; drops what waits. Nothing is called back afterwards. */
  close(): void;
}

export interface OpenStatsOptions {
  /** Of VPP's stats socket. */
  readonly path: string;
  /** For VPP to hand over its segment; VPP accepts from its main loop. */
  readonly timeoutMs: number;
}

/** Start of a stats segment (VPP's src/vlib/stats/shared.h); all as VPP has it, not checked. */
export interface StatsHeader {
  readonly version: bigint;
  /** VPP's own address of the segment: a pointer in it, less this, is an offset. */
  readonly base: bigint;
  readonly epoch: bigint;
  /** Not 0 while the layout changes. */
  readonly inProgress: bigint;
  /** Pointer to the directory's vector. */
  readonly directory: bigint;
}

/** A mapping, read-only. It stays valid, but frozen, when VPP is gone. */
export interface StatsMapping {
  readonly size: number;
  /** Throws an Error once closed. */
  header(): StatsHeader;
  /** A copy. Throws a RangeError outside of the segment, an Error once closed. */
  read(offset: number, length: number): Buffer;
  /** Idempotent; garbage collection does it, too. */
  close(): void;
}

export interface ServeStatsOptions {
  /** A socket file there that nobody listens on is replaced. */
  readonly path: string;
  /** Bytes of the segment, at first zero. */
  readonly size: number;
}

/** A segment and who hands it out: each client that connects gets the descriptor, and is let go. */
export interface StatsServer {
  /** Throws a RangeError outside of the segment, an Error once closed. */
  write(offset: number, bytes: Uint8Array): void;
  /** Host order, with release semantics; `offset` is a multiple of 8. Throws as write does. */
  writeU64(offset: number, value: bigint): void;
  /** Idempotent. Removes the socket file; mappings of clients stay valid. */
  close(): void;
}

type TransportHandle = { readonly transportHandle: unique symbol };
type MappingHandle = { readonly mappingHandle: unique symbol };
type ServerHandle = { readonly serverHandle: unique symbol };
type HeaderWords = [version: bigint, base: bigint, epoch: bigint, inProgress: bigint, directory: bigint];

/** What C exports for VPP; arguments by position. */
export interface VppBinding {
  vppOpen(
    path: string,
    messageBytesMax: number,
    outgoingBytesMax: number,
    onFrames: (bytes: Uint8Array) => void,
    onClosed: (errno: number, message: string) => void,
  ): TransportHandle;
  vppSend(handle: TransportHandle, messages: readonly Uint8Array[]): void;
  vppPending(handle: TransportHandle): number;
  vppClose(handle: TransportHandle): void;
  statsOpen(
    path: string,
    timeoutMs: number,
    sizeMax: number,
    done: (error: NativeError | undefined, handle: MappingHandle | undefined) => void,
  ): void;
  statsSize(handle: MappingHandle): number;
  statsHeader(handle: MappingHandle): HeaderWords;
  statsRead(handle: MappingHandle, offset: number, length: number): Buffer;
  statsClose(handle: MappingHandle): void;
  statsServe(path: string, size: number): ServerHandle;
  statsWrite(handle: ServerHandle, offset: number, bytes: Uint8Array): void;
  statsWriteU64(handle: ServerHandle, offset: number, value: bigint): void;
  statsServerClose(handle: ServerHandle): void;
}

export function openVppTransport(binding: VppBinding, options: OpenVppOptions): VppTransport {
  const { path, frameBytesMax, outgoingBytesMax, onFrames, onClosed } = options;
  assertPath(path);
  const report = (errno: number, message: string) => onClosed({ errno, message });
  const handle = binding.vppOpen(path, frameBytesMax, outgoingBytesMax, onFrames, report);
  return {
    send: (messages) => binding.vppSend(handle, messages),
    pendingBytes: () => binding.vppPending(handle),
    close: () => binding.vppClose(handle),
  };
}

export async function openStats(binding: VppBinding, options: OpenStatsOptions): Promise<StatsMapping> {
  assertPath(options.path);
  const handle = await new Promise<MappingHandle>((resolve, reject) => {
    binding.statsOpen(options.path, options.timeoutMs, statsSegmentBytesMax, (error, opened) => {
      if (opened === undefined) reject(error);
      else resolve(opened);
    });
  });
  return {
    size: binding.statsSize(handle),
    header() {
      const [version, base, epoch, inProgress, directory] = binding.statsHeader(handle);
      return { version, base, epoch, inProgress, directory };
    },
    read: (offset, length) => binding.statsRead(handle, offset, length),
    close: () => binding.statsClose(handle),
  };
}

export function serveStats(binding: VppBinding, options: ServeStatsOptions): StatsServer {
  assertPath(options.path);
  const handle = binding.statsServe(options.path, options.size);
  return {
    write(offset, bytes) {
      if (bytes.length > 0) binding.statsWrite(handle, offset, bytes);
    },
    writeU64: (offset, value) => binding.statsWriteU64(handle, offset, value),
    close: () => binding.statsServerClose(handle),
  };
}

function assertPath(path: string): void {
  assert(path !== '' && !path.includes('\0'), 'the path of a socket is not empty and has no NUL');
}

/** A refusal for people, with the path of the socket. `syscall` says which step it was. */
export function describeVppRefusal(error: NativeError, path: string): string {
  switch (error.syscall) {
    case 'poll':
      return `stats segment ${path}: VPP did not hand it over in time`;
    case 'recvmsg':
      return `stats segment ${path}: VPP did not hand over a descriptor (${reasonOf(error)})`;
    case 'fcntl':
      return `stats segment ${path}: it is not sealed against shrinking`;
    case 'fstat':
      return `stats segment ${path}: bad size (${reasonOf(error)})`;
    default:
      return `${error.syscall} ${path}: ${reasonOf(error)}`;
  }
}

function reasonOf(error: NativeError): string {
  return getSystemErrorMessage(error.errno);
}
