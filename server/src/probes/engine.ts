// The engine of one network namespace as plain probes and echoes use it: who runs in which slot, starts
// collected into batches, reports handed out. Knows no protocol; what a report means is the run's to say.
import { getSystemErrorName } from 'node:util';
import { assert } from '../lib/assert.ts';
import { engineBatchBytes, engineReportsPerTake, engineSlotsMax } from '../lib/limits.ts';
import { isNativeError, type Native } from '../native.ts';
import type {
  EchoRecord,
  EchoTarget,
  EngineReport,
  EngineState,
  EngineTarget,
  NativeEngine,
} from '../native-engine.ts';
import type { SystemError } from './net-error.ts';

/** What the engine refused: an error of the operating system, or a bound of ours. */
export interface EngineRefusal extends SystemError {
  readonly message: string;
}

/** A run as the engine sees it. `slot` and `generation` are the engine's. */
export interface EngineRun {
  slot: number;
  generation: number;
  /** How late the engine itself was for it; set before it is told something, and by `settle`. */
  delayedMs: number;
  /** It has got its slot and generation: the last moment to write in the record that it was started with. */
  onSlot?(): void;
  /** Connected; there was nothing to send. The run is over. */
  onReached(elapsedMs: number): void;
  /** A view that is valid during the call only. Unless the run ends in it, more is read. */
  onBytes(bytes: Uint8Array, elapsedMs: number): void;
  /** The peer closed its side. The run is over. */
  onClosed(elapsedMs: number): void;
  /** The run is over. */
  onFailed(error: SystemError, elapsedMs: number): void;
  /** It never came to a start; told from the turn that asked for it. The run is over. */
  onRefused(refusal: EngineRefusal): void;
}

export interface ProbeEngine {
  /** What `start` takes; built once for all runs. */
  record(target: EngineTarget): Uint8Array<ArrayBuffer>;
  /** The same for an echo. */
  echoRecord(target: EchoTarget): EchoRecord;
  /** The run begins with this turn's batch. `onRefused` may be called before this returns. */
  start(run: EngineRun, record: Uint8Array<ArrayBuffer>): void;
  /**
   * How far the run is, from its socket and not from what was told so far. What can be told is told before
   * this returns, to any run. Only before `end`.
   */
  settle(run: EngineRun): EngineState;
  /** Whether answers to an echo may have been lost here since its start. Only before `end`. */
  hasLost(run: EngineRun): boolean;
  /** The run is told nothing more and its socket is closed; idempotent. */
  end(run: EngineRun): void;
  /** Ends the thread. No run may be under way. */
  close(): void;
}

const noSlot = -1;

export interface ProbeEngineOptions {
  readonly native: Native;
  readonly netnsPath: string | undefined;
}

/** The thread is started with the first probe. */
export function createProbeEngine(options: ProbeEngineOptions): ProbeEngine {
  return new SlottedEngine(options);
}

/**
 * A class, with arrays that live as long as it: thousands of runs per second pass through, and what lives
 * from one collection of garbage to the next is what makes the collector halt everything.
 */
class SlottedEngine implements ProbeEngine {
  readonly #options: ProbeEngineOptions;
  #native: NativeEngine | undefined;
  #isClosed = false;
  #isDraining = false;
  readonly #runs: (EngineRun | undefined)[] = [];
  readonly #generations: number[] = [];
  /** Slots that were in use and are free. */
  readonly #free: number[] = [];
  readonly #batch = new Uint8Array(engineBatchBytes);
  readonly #batchWords = new Uint32Array(this.#batch.buffer);
  #batchLength = 0;
  #batchRuns: EngineRun[] = [];
  /** Slot and generation of runs that ended in their reports: given up together, one call for all. */
  readonly #ended = new Int32Array(2 * engineReportsPerTake);
  #endedCount = 0;
  readonly #flushLater = () => this.#flush();

  constructor(options: ProbeEngineOptions) {
    this.#options = options;
  }

  record(target: EngineTarget): Uint8Array<ArrayBuffer> {
    return this.#options.native.engineRecord(target);
  }

  echoRecord(target: EchoTarget): EchoRecord {
    return this.#options.native.engineEchoRecord(target);
  }

  start(run: EngineRun, record: Uint8Array<ArrayBuffer>): void {
    assert(!this.#isClosed, 'no probe starts after close');
    const refusal = this.#open() ?? this.#takeSlot(run);
    if (refusal !== undefined) {
      run.onRefused(refusal);
      return;
    }
    run.onSlot?.();
    if (record.length > this.#batch.length - this.#batchLength) this.#flush();
    if (record.length > this.#batch.length) this.#startAlone(run, record);
    else this.#addToBatch(run, record);
  }

  settle(run: EngineRun): EngineState {
    if (run.slot === noSlot || this.#native === undefined) return 'over';
    const state = this.#native.settle(run.slot, run.generation);
    // What waits or still connects has nothing to tell.
    if (state === 'over' || state === 'connected') this.#drain();
    if (run.slot !== noSlot) run.delayedMs = this.#delayMs(run, state);
    return state;
  }

  hasLost({ slot, generation }: EngineRun): boolean {
    return slot !== noSlot && this.#native?.hasLost(slot, generation) === true;
  }

  end(run: EngineRun): void {
    if (run.slot === noSlot) return;
    if (this.#isDraining) this.#endLater(run);
    else this.#native?.end(run.slot, run.generation);
    this.#release(run);
  }

  close(): void {
    this.#isClosed = true;
    this.#native?.close();
    this.#native = undefined;
  }

  #open(): EngineRefusal | undefined {
    if (this.#native !== undefined) return undefined;
    const { native, netnsPath } = this.#options;
    try {
      this.#native = native.openEngine({ netnsPath, onReady: () => this.#drain() });
      return undefined;
    } catch (error) {
      if (!isNativeError(error)) throw error;
      return error;
    }
  }

  #takeSlot(run: EngineRun): EngineRefusal | undefined {
    const slot = this.#free.pop() ?? this.#runs.length;
    if (slot >= engineSlotsMax) return { message: `more than ${engineSlotsMax} probes at a time` };
    run.slot = slot;
    // 32 bits, as the engine has them; a slot is not used 2^31 times while one report waits.
    run.generation = ((this.#generations[slot] ?? 0) + 1) | 0;
    this.#generations[slot] = run.generation;
    this.#runs[slot] = run;
    return undefined;
  }

  #release(run: EngineRun): void {
    this.#runs[run.slot] = undefined;
    this.#free.push(run.slot);
    run.slot = noSlot;
  }

  #endLater({ slot, generation }: EngineRun): void {
    if (2 * this.#endedCount === this.#ended.length) this.#endAll();
    this.#ended[2 * this.#endedCount] = slot;
    this.#ended[2 * this.#endedCount + 1] = generation;
    this.#endedCount++;
  }

  #endAll(): void {
    if (this.#endedCount === 0) return;
    this.#native?.endAll(this.#ended, this.#endedCount);
    this.#endedCount = 0;
  }

  #addToBatch(run: EngineRun, record: Uint8Array): void {
    if (this.#batchLength === 0) queueMicrotask(this.#flushLater);
    this.#batch.set(record, this.#batchLength);
    const word = this.#batchLength / Uint32Array.BYTES_PER_ELEMENT;
    this.#batchWords[word] = run.slot;
    this.#batchWords[word + 1] = run.generation;
    this.#batchLength += record.length;
    this.#batchRuns.push(run);
  }

  #startAlone(run: EngineRun, record: Uint8Array<ArrayBuffer>): void {
    const words = new Uint32Array(record.buffer);
    words[0] = run.slot;
    words[1] = run.generation;
    if (this.#native?.start(record, record.length) === false) this.#refuse(run);
  }

  #flush(): void {
    if (this.#batchLength === 0) return;
    const runs = this.#batchRuns;
    const isTaken = this.#native?.start(this.#batch, this.#batchLength);
    this.#batchLength = 0;
    if (isTaken === false) {
      // A run that has ended meanwhile has no slot any more, or another's.
      for (const run of runs) if (this.#runs[run.slot] === run) this.#refuse(run);
    }
    runs.length = 0;
  }

  #refuse(run: EngineRun): void {
    this.#release(run);
    run.onRefused({ code: 'ENOMEM', message: 'no room for more requests' });
  }

  /** Hands out all that the engine has; what it gets meanwhile as well. */
  #drain(): void {
    // A run may settle another from within its report: the arrays of reports are in use then.
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let count = this.#take(); count > 0; count = this.#take()) {
        this.#deliver(count);
        this.#endAll();
      }
    } finally {
      this.#endAll();
      this.#isDraining = false;
    }
  }

  #delayMs({ slot, generation }: EngineRun, state: EngineState): number {
    if (state === 'waiting') return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#native?.delayMs(slot, generation) ?? 0);
  }

  #take(): number {
    return this.#native?.take() ?? 0;
  }

  #deliver(count: number): void {
    for (let index = 0; index < count; index++) {
      const native = this.#native;
      if (native === undefined) return;
      const report = native.report(index);
      const run = this.#runs[report.slot];
      // Ended by one of the reports before.
      if (run === undefined || run.generation !== report.generation) continue;
      this.#tell(run, report, native);
    }
  }

  #tell(run: EngineRun, report: EngineReport, native: NativeEngine): void {
    const { event, elapsedMs } = report;
    run.delayedMs = report.delayedMs;
    if (event === 'bytes') {
      const { slot, generation } = run;
      run.onBytes(native.bytes.subarray(report.start, report.end), elapsedMs);
      if (run.slot === slot && run.generation === generation) native.resume(slot, generation);
      return;
    }
    this.#release(run);
    if (event === 'reached') run.onReached(elapsedMs);
    else if (event === 'closed') run.onClosed(elapsedMs);
    else run.onFailed(errorOf(report), elapsedMs);
  }
}

function errorOf({ errno, syscall }: EngineReport): SystemError {
  return { code: getSystemErrorName(-errno), errno: -errno, syscall };
}
