// Keeps plain probes, and echoes where it may, flying over loopback with nothing but the addon: for tests
// that end it at a bad moment. Runs in a worker thread (told by workerData) or as a process of its own (told
// by arguments).
import { parentPort, workerData } from 'node:worker_threads';
import { engineSlotsMax } from '../../src/lib/limits.ts';
import { loadNative, type Native } from '../../src/native.ts';
import { buildEchoRequest } from '../../src/probes/icmp-message.ts';

const inFlight = 64;
/** Reports before the traffic counts as running. */
const warmUpCount = 300;
const request = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n');

export interface TrafficPorts {
  /** Answers. */
  readonly ok: number;
  /** Connects and says nothing. */
  readonly silent: number;
  /** Whether raw sockets can be opened. */
  readonly raw: boolean;
}

/** Gives records of echoes whose messages are for the slot. */
function createEchoes(native: Native) {
  const identifier = process.pid & 0xffff;
  return ([4, 6] as const).map((family) => {
    const payload = new Uint8Array(32);
    const address = family === 4 ? '127.0.0.1' : '::1';
    const message = buildEchoRequest(family, identifier, 0, payload);
    const echo = native.engineEchoRecord({ family, address, identifier, message });
    return (slot: number, generation: number) => {
      const sequence = slot + engineSlotsMax * (generation % 2);
      echo.message.set(buildEchoRequest(family, identifier, sequence, payload));
      return echo.record;
    };
  });
}

/**
 * `how` the traffic ends once it runs: by whoever started it, by process.exit, or by an exception in a
 * callback.
 */
function runTraffic(path: string, ports: TrafficPorts, how: string, onRunning: () => void): void {
  const native = loadNative(path);
  let count = 0;
  let generation = 0;
  const plain = [
    native.engineRecord({ family: 4, address: '127.0.0.1', port: ports.ok, request }),
    native.engineRecord({ family: 4, address: '127.0.0.1', port: ports.ok }),
  ].map((record) => () => record);
  const recordsOf = [...plain, ...(ports.raw ? createEchoes(native) : [])];
  const startSome = (slot: number) => {
    const recordOf = recordsOf[generation % recordsOf.length] as (typeof recordsOf)[number];
    start(slot, recordOf(slot, generation + 1));
  };
  const start = (slot: number, record: Uint8Array<ArrayBuffer>) => {
    generation += 1;
    new Uint32Array(record.buffer).set([slot, generation]);
    if (!engine.start(record, record.length)) throw new Error('no room');
  };
  const onReport = (index: number) => {
    const report = engine.report(index);
    if (report.event === 'failed') throw new Error(`${report.syscall}: errno ${report.errno}`);
    if (report.event === 'bytes') engine.end(report.slot, report.generation);
    count += 1;
    if (count === warmUpCount) {
      onRunning();
      if (how === 'exit') process.exit(7);
      if (how === 'throw') throw new Error('thrown in a callback');
    }
    startSome(report.slot);
  };
  const engine = native.openEngine({
    onReady() {
      for (let taken = engine.take(); taken > 0; taken = engine.take()) {
        for (let index = 0; index < taken; index++) onReport(index);
      }
    },
  });
  // Some that never end.
  const silent = native.engineRecord({ family: 4, address: '127.0.0.1', port: ports.silent, request });
  for (let slot = 0; slot < inFlight; slot++) {
    if (slot % 8 === 0) start(slot, silent);
    else startSome(slot);
  }
}

const [, , pathArgument, portsArgument = '{}', howArgument = 'wait'] = process.argv;
if (parentPort !== null) {
  const port = parentPort;
  const { addonPath, ports, how } = workerData as { addonPath: string; ports: TrafficPorts; how: string };
  runTraffic(addonPath, ports, how, () => port.postMessage('running'));
} else if (pathArgument !== undefined) {
  const ports = JSON.parse(portsArgument) as TrafficPorts;
  runTraffic(pathArgument, ports, howArgument, () => process.stdout.write('running\n'));
}
