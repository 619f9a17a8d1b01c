// Raw ICMP through the addon's engine alone: sends any message, also such as no prober would, and collects
// what came for it.
import type { EngineReport, NativeEngine } from '../../src/native-engine.ts';
import { loadTestNative } from './addon.ts';

export interface RawReport extends EngineReport {
  /** A copy of what came. */
  readonly packet: Uint8Array;
}

export interface RawEchoes {
  readonly engine: NativeEngine;
  /** What was reported and not yet asked for by `next`. */
  readonly reports: RawReport[];
  /** Hands one message to the engine; ends the slot's run before. Gives its generation. */
  send(address: string, message: Uint8Array, options?: { slot?: number; identifier?: number }): number;
  /** The next report; a run that failed is told like any other. */
  next(): Promise<RawReport>;
  close(): void;
}

export function openRawEchoes(netnsPath?: string): RawEchoes {
  const native = loadTestNative();
  const reports: RawReport[] = [];
  let generation = 0;
  let wake = (): void => undefined;
  const engine = native.openEngine({
    netnsPath,
    onReady() {
      for (let count = engine.take(); count > 0; count = engine.take()) {
        for (let index = 0; index < count; index++) {
          const report = engine.report(index);
          reports.push({ ...report, packet: engine.bytes.slice(report.start, report.end) });
        }
      }
      wake();
    },
  });
  return {
    engine,
    reports,
    send(address, message, { slot = 0, identifier = 1 } = {}) {
      const family = address.includes(':') ? 6 : 4;
      const { record } = native.engineEchoRecord({ family, address, identifier, message });
      generation += 1;
      new Uint32Array(record.buffer).set([slot, generation]);
      if (!engine.start(record, record.length)) throw new Error('no room for more');
      return generation;
    },
    async next() {
      while (reports.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return reports.shift() as RawReport;
    },
    close: () => engine.close(),
  };
}
