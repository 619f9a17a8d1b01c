// Keeps frames and stats segments flying over sockets of its own, with nothing but the addon: for tests that
// end it at a bad moment. Runs in a worker thread (told by workerData) or as a process (told by arguments).
import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { FrameSplitter, forEachFrame, frameMessage } from '../../src/dataplane/vpp/framing.ts';
import { loadNative, type Native } from '../../src/native.ts';

type How = 'wait' | 'exit' | 'throw';
/** Answers, and segments opened, before the traffic counts as running. */
const warmUpCount = 100;
const bytesMax = 2 ** 24;

/** An echo of frames; more is always under way than a socket takes at once. */
function talkForever(native: Native, path: string, onAnswer: () => void): void {
  const server = createServer((socket) => {
    const splitter = new FrameSplitter(bytesMax);
    socket.on('data', (chunk: Buffer) => {
      for (const message of splitter.push(chunk)) socket.write(frameMessage(message));
    });
  });
  server.listen(path, () => {
    const transport = native.openVppTransport({
      path,
      frameBytesMax: bytesMax,
      outgoingBytesMax: bytesMax,
      onFrames(bytes) {
        forEachFrame(bytes, (message) => {
          transport.send([message]);
          onAnswer();
        });
      },
      onClosed({ message }) {
        throw new Error(message);
      },
    });
    transport.send(Array.from({ length: 64 }, (_, index) => new Uint8Array(1 + index * 500)));
  });
}

function openForever(native: Native, path: string, onOpened: () => void): void {
  const server = native.serveStats({ path, size: 65_536 });
  let epoch = 0n;
  const again = async (): Promise<void> => {
    const mapping = await native.openStats({ path, timeoutMs: 10_000 });
    epoch += 1n;
    server.writeU64(16, epoch);
    if (mapping.header().epoch !== epoch || mapping.read(0, 65_536).length !== 65_536)
      throw new Error('read');
    // Half of them are left to the garbage collector and to the end.
    if (epoch % 2n === 0n) mapping.close();
    onOpened();
    return again();
  };
  void again();
}

/** `how` the traffic ends once it runs: by whoever started it, or within a callback. */
function runTraffic(addonPath: string, folder: string, how: How, onRunning: () => void): void {
  const native = loadNative(addonPath);
  let [answers, openings] = [0, 0];
  const onProgress = () => {
    if (Math.min(answers, openings) !== warmUpCount) return;
    onRunning();
    if (how === 'exit') process.exit(7);
    if (how === 'throw') throw new Error('thrown in a callback');
  };
  talkForever(native, `${folder}/api.sock`, () => {
    answers += 1;
    onProgress();
  });
  openForever(native, `${folder}/stats.sock`, () => {
    openings += 1;
    onProgress();
  });
}

const [, , pathArgument, folderArgument = '', howArgument = 'wait'] = process.argv;
if (parentPort !== null) {
  const port = parentPort;
  const { addonPath, folder, how } = workerData as { addonPath: string; folder: string; how: How };
  runTraffic(addonPath, folder, how, () => port.postMessage('running'));
} else if (pathArgument !== undefined) {
  runTraffic(pathArgument, folderArgument, howArgument as How, () => process.stdout.write('running\n'));
}
