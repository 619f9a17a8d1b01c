// The addon's probe engine, typed: plain TCP connections and echoes on a thread of their own. Checks
// arguments and words refusals; it must not know what is probed or why. Loaded by native.ts alone.
import { isIP } from 'node:net';
import { getSystemErrorMessage } from 'node:util';
import { assert } from './lib/assert.ts';
import {
  engineReceivedBytesMax,
  engineReportsPerTake,
  engineSlotsMax,
  engineStartedBytesMax,
  engineWakeDelayMs,
  icmpSocketBufferBytes,
  icmpWaitingBytesMax,
  receiveBufferBytes,
  scheduleTickMs,
  stallNoiseMs,
} from './lib/limits.ts';
import type { NativeError } from './native.ts';

export interface OpenEngineOptions {
  /** Path of a network namespace (`/run/netns/NAME`), looked up for each batch of starts; absent: our own. */
  readonly netnsPath?: string | undefined;
  /** There is something to take. Called from the event loop. */
  readonly onReady: () => void;
}

export interface EngineTarget {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
  readonly source?: string | undefined;
  /** Sent once connected; absent: to be connected is enough. */
  readonly request?: Uint8Array | undefined;
}

export interface EchoTarget {
  readonly family: 4 | 6;
  readonly address: string;
  readonly source?: string | undefined;
  /** Only replies with it, and errors about requests with it, are heard. 0..65535. */
  readonly identifier: number;
  /**
   * An ICMP message, sent as it is (the kernel fills the checksum for IPv6). What comes for its sequence
   * number is for slot `sequence % engineSlotsMax`.
   */
  readonly message: Uint8Array;
}

/** A start, and the place of the message in it, which may be written anew before each start. */
export interface EchoRecord {
  readonly record: Uint8Array<ArrayBuffer>;
  readonly message: Uint8Array;
}

/**
 * What became of a run. Every event but `bytes` is its end, and its socket is closed by then.
 * `reached`: connected, without a request to send. `closed`: the peer closed its side. `failed`: see errno.
 */
export type EngineEvent = 'reached' | 'bytes' | 'closed' | 'failed';

/**
 * `waiting`: the engine has not come to it yet. `over`: its end can be taken, or nobody knows the run.
 * An echo that was sent is `connected`.
 */
export type EngineState = 'waiting' | 'over' | 'connecting' | 'connected';

/** One report of those taken; the object is used again for the next. */
export interface EngineReport {
  slot: number;
  generation: number;
  event: EngineEvent;
  /**
   * `bytes`: where they lie in the engine's `bytes`. For an echo, one ICMP packet: for IPv4 from the IP
   * header on, for IPv6 from the ICMPv6 header on.
   */
  start: number;
  end: number;
  /** `failed`: positive errno and the call that failed. */
  errno: number;
  syscall: string;
  /**
   * From before connect until the engine's thread saw this, however busy JavaScript was; for an echo, from
   * before it was sent until the kernel got this.
   */
  elapsedMs: number;
  /** How much the engine's thread itself was late for the run until then. */
  delayedMs: number;
}

/** A thread and its sockets; it keeps the process alive until it is closed. */
export interface NativeEngine {
  /** Received bytes; valid until the next `take`. */
  readonly bytes: Uint8Array;
  /**
   * Starts the records that lie in the first `length` bytes, each as engineRecord made it, with slot and
   * generation in its first two 32-bit words (the host's order). False when there is no room for them.
   */
  start(records: Uint8Array, length: number): boolean;
  /** Fetches reports; gives their number. To be called until it is 0. */
  take(): number;
  /** The report of that index among those taken. */
  report(index: number): EngineReport;
  /** Looks at the run's socket at once: what lies there can then be taken. Only before `end`. */
  settle(slot: number, generation: number): EngineState;
  /** How much the engine's thread was late so far for a run that connects or is connected; else -1. */
  delayMs(slot: number, generation: number): number;
  /** Whether answers to that echo may have been lost here, for want of room, since its start. */
  hasLost(slot: number, generation: number): boolean;
  /** Nothing is reported for the run any more, and its socket is closed. No effect on one that is over. */
  end(slot: number, generation: number): void;
  /** The same for the first `count` pairs of slot and generation. */
  endAll(runs: Int32Array, count: number): void;
  /** After `bytes`: more of them are wanted. */
  resume(slot: number, generation: number): void;
  /** Idempotent. Ends the thread and closes all sockets; nothing is called back afterwards. */
  close(): void;
}

type EngineHandle = { readonly engineHandle: unique symbol };

/** What C exports for it; arguments by position, `undefined` for what is absent. */
export interface EngineBinding {
  readonly AF_INET: number;
  readonly AF_INET6: number;
  readonly PROBE_CHUNK_BYTES: number;
  readonly PROBE_START_BYTES: number;
  readonly PROBE_REPORT_WORDS: number;
  readonly PROBE_REPORT_TIMES: number;
  readonly PROBE_CONNECTING: number;
  readonly PROBE_CONNECTED: number;
  readonly PROBE_REACHED: number;
  readonly PROBE_BYTES: number;
  readonly PROBE_CLOSED: number;
  readonly PROBE_FAILED: number;
  engineOpen(
    netnsPath: string | undefined,
    slotCount: number,
    receivedBytesMax: number,
    startedBytesMax: number,
    wakeDelayMs: number,
    tickMs: number,
    noiseMs: number,
    icmpBufferBytes: number,
    icmpWaitingBytes: number,
    words: Int32Array,
    times: Float64Array,
    bytes: Uint8Array,
    onReady: () => void,
  ): EngineHandle;
  engineRecord(
    family: number,
    address: string,
    port: number,
    source: string | undefined,
    request: Uint8Array | undefined,
  ): Uint8Array<ArrayBuffer>;
  engineEchoRecord(
    family: number,
    address: string,
    source: string | undefined,
    identifier: number,
    message: Uint8Array,
  ): Uint8Array<ArrayBuffer>;
  engineStart(handle: EngineHandle, records: Uint8Array, length: number): boolean;
  engineTake(handle: EngineHandle): number;
  engineSettle(handle: EngineHandle, slot: number, generation: number): number;
  engineDelay(handle: EngineHandle, slot: number, generation: number): number;
  engineLost(handle: EngineHandle, slot: number, generation: number): boolean;
  engineEnd(handle: EngineHandle, slot: number, generation: number): void;
  engineEndAll(handle: EngineHandle, runs: Int32Array, count: number): void;
  engineResume(handle: EngineHandle, slot: number, generation: number): void;
  engineClose(handle: EngineHandle): void;
  engineSyscalls(): readonly string[];
}

/** Starts the thread. Throws a NativeError. */
export function openEngine(binding: EngineBinding, { netnsPath, onReady }: OpenEngineOptions): NativeEngine {
  assert(netnsPath === undefined || netnsPath.startsWith('/'), 'the path of a namespace is absolute');
  assert(receiveBufferBytes >= binding.PROBE_CHUNK_BYTES, 'a chunk fits into the buffer');
  const words = new Int32Array(binding.PROBE_REPORT_WORDS * engineReportsPerTake);
  const times = new Float64Array(binding.PROBE_REPORT_TIMES * engineReportsPerTake);
  const bytes = new Uint8Array(receiveBufferBytes);
  const handle = binding.engineOpen(
    netnsPath,
    engineSlotsMax,
    engineReceivedBytesMax,
    engineStartedBytesMax,
    engineWakeDelayMs,
    scheduleTickMs,
    stallNoiseMs,
    icmpSocketBufferBytes,
    icmpWaitingBytesMax,
    words,
    times,
    bytes,
    onReady,
  );
  const reader = createReader(binding, words, times);
  return {
    bytes,
    start: (records, length) => binding.engineStart(handle, records, length),
    take: () => {
      reader.rewind();
      return binding.engineTake(handle);
    },
    report: reader.read,
    settle: (slot, generation) => stateOf(binding, binding.engineSettle(handle, slot, generation)),
    delayMs: (slot, generation) => binding.engineDelay(handle, slot, generation),
    hasLost: (slot, generation) => binding.engineLost(handle, slot, generation),
    end: (slot, generation) => binding.engineEnd(handle, slot, generation),
    endAll: (runs, count) => binding.engineEndAll(handle, runs, count),
    resume: (slot, generation) => binding.engineResume(handle, slot, generation),
    close: () => binding.engineClose(handle),
  };
}

/** A start, save its slot and generation: its first two 32-bit words. */
export function buildRecord(binding: EngineBinding, target: EngineTarget): Uint8Array<ArrayBuffer> {
  const { family, address, port, source, request } = target;
  assertAddresses(target);
  assert(request === undefined || request.length > 0, 'a request is not empty');
  return binding.engineRecord(
    family === 4 ? binding.AF_INET : binding.AF_INET6,
    address,
    port,
    source,
    request,
  );
}

/** The same for an echo. */
export function buildEchoRecord(binding: EngineBinding, target: EchoTarget): EchoRecord {
  const { family, address, source, identifier, message } = target;
  assertAddresses(target);
  assert(Number.isInteger(identifier) && identifier >> 16 === 0, 'identifier has 16 bits');
  const record = binding.engineEchoRecord(
    family === 4 ? binding.AF_INET : binding.AF_INET6,
    address,
    source,
    identifier,
    message,
  );
  const start = binding.PROBE_START_BYTES;
  return { record, message: record.subarray(start, start + message.length) };
}

function assertAddresses({ family, address, source }: Pick<EngineTarget, 'family' | 'address' | 'source'>) {
  assert(isIP(address) === family && !address.includes('%'), 'address fits the family');
  assert(source === undefined || (isIP(source) === family && !source.includes('%')), 'so does the source');
}

/** Words what the operating system refused when the engine was opened. */
export function describeEngineRefusal(error: NativeError): string {
  return `${error.syscall}: ${getSystemErrorMessage(error.errno)}`;
}

function stateOf(binding: EngineBinding, state: number): EngineState {
  if (state < 0) return 'waiting';
  if (state === binding.PROBE_CONNECTING) return 'connecting';
  return state === binding.PROBE_CONNECTED ? 'connected' : 'over';
}

/** Reads the reports in their order: bytes lie one after the other. */
function createReader(binding: EngineBinding, words: Int32Array, times: Float64Array) {
  const syscalls = binding.engineSyscalls();
  const { PROBE_REPORT_WORDS: width, PROBE_REPORT_TIMES: timesWidth, PROBE_BYTES } = binding;
  const events = new Map<number, EngineEvent>([
    [binding.PROBE_REACHED, 'reached'],
    [PROBE_BYTES, 'bytes'],
    [binding.PROBE_CLOSED, 'closed'],
    [binding.PROBE_FAILED, 'failed'],
  ]);
  const report: EngineReport = {
    slot: 0,
    generation: 0,
    event: 'closed',
    start: 0,
    end: 0,
    errno: 0,
    syscall: '',
    elapsedMs: 0,
    delayedMs: 0,
  };
  return {
    rewind() {
      report.end = 0;
    },
    read(index: number): EngineReport {
      const at = index * width;
      const value = words[at + 3] as number;
      report.slot = words[at] as number;
      report.generation = words[at + 1] as number;
      report.event = events.get(words[at + 2] as number) as EngineEvent;
      report.start = report.end;
      if (report.event === 'bytes') report.end += value;
      report.errno = report.event === 'failed' ? value : 0;
      report.syscall = syscalls[words[at + 4] as number] ?? '';
      report.elapsedMs = times[index * timesWidth] as number;
      report.delayedMs = times[index * timesWidth + 1] as number;
      return report;
    },
  };
}
