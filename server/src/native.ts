// Typed loader of the addon: the only file that knows where it lies and what it exports. Checks arguments and
// words what the operating system refused; it must not know what a socket is for.
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getSystemErrorMessage } from 'node:util';
import { assert } from './lib/assert.ts';
import {
  buildEchoRecord,
  buildRecord,
  describeEngineRefusal,
  type EchoRecord,
  type EchoTarget,
  type EngineBinding,
  type EngineTarget,
  type NativeEngine,
  type OpenEngineOptions,
  openEngine,
} from './native-engine.ts';
import { type NotifyBinding, type NotifyResult, sendNotification } from './native-notify.ts';
import {
  describeVppRefusal,
  type OpenStatsOptions,
  type OpenVppOptions,
  openStats,
  openVppTransport,
  type ServeStatsOptions,
  type StatsMapping,
  type StatsServer,
  serveStats,
  type VppBinding,
  type VppTransport,
} from './native-vpp.ts';

/**
 * Thrown when the operating system refuses. `code` is the errno's name and `errno` its negative number, as
 * Node's errors have them; `syscall` is the step that failed: open or setns (of the namespace), socket,
 * setsockopt, bind. `message` is for people, e.g. `enter netns "dataplane": operation not permitted`.
 */
export interface NativeError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
}

export interface OpenSocketOptions {
  readonly family: 4 | 6;
  readonly type: 'stream' | 'dgram';
  /** IP protocol number; 0 = the type's default. */
  readonly protocol: number;
  /** Path of a network namespace (`/run/netns/NAME`); absent: the one the process is in. */
  readonly netnsPath?: string | undefined;
  /** Bound source address (port 0); absent: the kernel chooses. */
  readonly source?: string | undefined;
}

export interface Native {
  /** A non-blocking, close-on-exec descriptor that the caller owns. Throws a NativeError. */
  openSocket(options: OpenSocketOptions): number;
  /** Starts the thread of a probe engine. Throws a NativeError. */
  openEngine(options: OpenEngineOptions): NativeEngine;
  /** A start for any engine, as `NativeEngine.start` takes it, but for its first two 32-bit words. */
  engineRecord(target: EngineTarget): Uint8Array<ArrayBuffer>;
  /** The same for an ICMP echo, which needs CAP_NET_RAW. */
  engineEchoRecord(target: EchoTarget): EchoRecord;
  /** Connects at once. Throws a NativeError, e.g. `connect /run/vpp/api.sock: no such file or directory`. */
  openVppTransport(options: OpenVppOptions): VppTransport;
  /** Maps VPP's stats segment. Rejects with a NativeError. */
  openStats(options: OpenStatsOptions): Promise<StatsMapping>;
  /** A stats segment of our own, for the simulator. Throws a NativeError. */
  serveStats(options: ServeStatsOptions): StatsServer;
  /** Sends `text` to the service manager's datagram socket. Never blocks. */
  notifyManager(socketPath: string, text: string): NotifyResult;
}

/** What C exports; arguments by position, `undefined` for what is absent. */
interface Binding extends VppBinding, EngineBinding, NotifyBinding {
  readonly SOCK_STREAM: number;
  readonly SOCK_DGRAM: number;
  openSocket(...request: SocketRequest): number;
}

type SocketRequest = [
  family: number,
  type: number,
  protocol: number,
  netnsPath: string | undefined,
  source: string | undefined,
];

const builtPath = fileURLToPath(new URL('../native/build/maglev.node', import.meta.url));

/** Loads the addon. Throws when it was not built, or not for this machine. */
export function loadNative(path: string = builtPath): Native {
  const binding = loadBinding(path);
  return {
    openSocket: (options) => openSocket(binding, options),
    openEngine: (options) => wordedBy(describeEngineRefusal, () => openEngine(binding, options)),
    engineRecord: (target) => buildRecord(binding, target),
    engineEchoRecord: (target) => buildEchoRecord(binding, target),
    openVppTransport: (options) => wordedVpp(options.path, () => openVppTransport(binding, options)),
    openStats: (options) => openStats(binding, options).catch((error) => rethrowVpp(options.path, error)),
    serveStats: (options) => wordedVpp(options.path, () => serveStats(binding, options)),
    notifyManager: (socketPath, text) => sendNotification(binding, socketPath, text),
  };
}

/** True for what the addon throws when the operating system refuses; anything else is a bug of ours. */
export function isNativeError(error: unknown): error is NativeError {
  return error instanceof Error && 'syscall' in error && 'errno' in error && 'code' in error;
}

function loadBinding(path: string): Binding {
  try {
    return createRequire(import.meta.url)(path) as Binding;
  } catch (error) {
    throw new Error(`cannot load the native addon ${path}: run npm run build`, { cause: error });
  }
}

function openSocket(binding: Binding, options: OpenSocketOptions): number {
  const request = socketRequest(binding, options);
  return worded(options, () => binding.openSocket(...request));
}

function socketRequest(binding: Binding, options: OpenSocketOptions): SocketRequest {
  const { family, type, protocol, netnsPath, source } = options;
  assert(Number.isInteger(protocol) && protocol >= 0 && protocol <= 255, 'protocol is 0..255');
  assert(netnsPath === undefined || netnsPath.startsWith('/'), 'the path of a namespace is absolute');
  assert(
    source === undefined || (isIP(source) === family && !source.includes('%')),
    'source fits the family',
  );
  const types = { stream: binding.SOCK_STREAM, dgram: binding.SOCK_DGRAM };
  return [family === 4 ? binding.AF_INET : binding.AF_INET6, types[type], protocol, netnsPath, source];
}

/**
 * Runs `call`; a refusal of the operating system gets a message for people, whatever else is thrown stays.
 */
function worded<T>(options: OpenSocketOptions, call: () => T): T {
  return wordedBy((error) => describeRefusal(error, options), call);
}

function wordedBy<T>(describe: (error: NativeError) => string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (isNativeError(error)) error.message = describe(error);
    throw error;
  }
}

/** The same for what has a path. */
function wordedVpp<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    return rethrowVpp(path, error);
  }
}

function rethrowVpp(path: string, error: unknown): never {
  if (isNativeError(error)) error.message = describeVppRefusal(error, path);
  throw error;
}

function describeRefusal(error: NativeError, options: OpenSocketOptions): string {
  const reason = getSystemErrorMessage(error.errno);
  switch (error.syscall) {
    case 'open':
    case 'setns':
      return `enter netns "${basename(options.netnsPath ?? '')}": ${reason}`;
    case 'bind':
      return `bind source ${options.source}: ${reason}`;
    default:
      return `${error.syscall}: ${reason}`;
  }
}
