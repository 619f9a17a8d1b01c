// Keeps plain probes flying over loopback with nothing but the addon: for tests that end it at a bad moment.
// Runs in a worker thread (told by workerData) or as a process of its own (told by arguments).
import { parentPort, workerData } from 'node:worker_threads';
import { loadNative } from '../../src/native.ts';

const inFlight = 64;
/** Reports before the traffic counts as running. */
const warmUpCount = 300;
const request = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n');

export interface TrafficPorts {
  /** Answers. */
  readonly ok: number;
  /** Connects and says nothing. */
  readonly silent: number;
}

/**
 * `how` the traffic ends once it runs: by whoever started it, by process.exit, or by an exception in a
 * callback.
 */
function runTraffic(path: string, ports: TrafficPorts, how: string, onRunning: () => void): void {
  const native = loadNative(path);
  let count = 0;
  let generation = 0;
  const records = [
    native.engineRecord({ family: 4, address: '127.0.0.1', port: ports.ok, request }),
    native.engineRecord({ family: 4, address: '127.0.0.1', port: ports.ok }),
  ];
  const start = (slot: number, record: Uint8Array<ArrayBuffer> | undefined) => {
    if (record === undefined) throw new Error('no such record');
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
    start(report.slot, records[count % records.length]);
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
  for (let slot = 0; slot < inFlight; slot++) start(slot, slot % 8 === 0 ? silent : records[slot % 2]);
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
