// Keeps echoes flying over loopback, both families, with nothing but the addon: for tests that end it at a
// bad moment. Runs in a worker thread (told by workerData) or as a process of its own (told by arguments).
import { parentPort, workerData } from 'node:worker_threads';
import { loadNative, type Native } from '../../src/native.ts';
import { buildEchoRequest } from '../../src/probes/icmp-message.ts';

const inFlight = 32;
/** Echoes before the traffic counts as running. */
const warmUpCount = 100;

function pingForever(native: Native, family: 4 | 6, identifier: number, onWarm: () => void): void {
  const address = family === 4 ? '127.0.0.1' : '::1';
  let received = 0;
  let sequence = 0;
  const send = () => {
    sequence = (sequence + 1) & 0xffff;
    const errno = socket.send(address, buildEchoRequest(family, identifier, sequence, new Uint8Array(32)));
    if (errno !== 0) throw new Error(`send to ${address}: errno ${errno}`);
  };
  const socket = native.openIcmp({
    family,
    identifier,
    onPacket() {
      received += 1;
      if (received === warmUpCount) onWarm();
      // Descriptors come and go in the middle of it all.
      if (received % 50 === 0) socket.renewSender();
      send();
    },
    onDeaf(errno) {
      throw new Error(`deaf: errno ${errno}`);
    },
  });
  for (let index = 0; index < inFlight; index += 1) send();
}

/**
 * `how` the traffic ends once it runs: by whoever started it, by process.exit, or by an exception in a
 * callback.
 */
export function runTraffic(addonPath: string, how: 'wait' | 'exit' | 'throw', onRunning: () => void): void {
  const native = loadNative(addonPath);
  let warm = 0;
  const onWarm = () => {
    warm += 1;
    if (warm < 2) return;
    onRunning();
    if (how === 'exit') process.exit(7);
    if (how === 'throw') throw new Error('thrown in a callback');
  };
  pingForever(native, 4, process.pid & 0xffff, onWarm);
  pingForever(native, 6, process.pid & 0xffff, onWarm);
}

const [, , pathArgument, howArgument = 'wait'] = process.argv;
if (parentPort !== null) {
  const port = parentPort;
  const { addonPath, how } = workerData as { addonPath: string; how: 'wait' | 'exit' | 'throw' };
  runTraffic(addonPath, how, () => port.postMessage('running'));
} else if (pathArgument !== undefined) {
  runTraffic(pathArgument, howArgument as 'wait' | 'exit' | 'throw', () => process.stdout.write('running\n'));
}
