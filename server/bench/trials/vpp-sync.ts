// A full sync into an empty VPP, beside the same requests sent blindly over a plain socket, and one that
// finds nothing to do.
import { createWriteStream } from 'node:fs';
import { connect } from 'node:net';
import { createDaemon, type Daemon } from '../../src/daemon.ts';
import type { LbOp } from '../../src/dataplane/lb-op.ts';
import { planLb } from '../../src/dataplane/plan.ts';
import { decode, encode } from '../../src/dataplane/vpp/codec.ts';
import { FrameSplitter, frameMessage } from '../../src/dataplane/vpp/framing.ts';
import { lbRequest } from '../../src/dataplane/vpp/lb-requests.ts';
import { MessageTable } from '../../src/dataplane/vpp/message-table.ts';
import { socketCreate, socketCreateId, socketCreateReply } from '../../src/dataplane/vpp/messages.ts';
import { createVppDataplane } from '../../src/dataplane/vpp/vpp-dataplane.ts';
import { vppSockets } from '../../src/dataplane/vpp/vpp-sockets.ts';
import { realClock } from '../../src/lib/clock.ts';
import { vppFrameBytesMax } from '../../src/lib/limits.ts';
import { createPrng } from '../../src/lib/prng.ts';
import { createLog } from '../../src/logger.ts';
import { loadNative } from '../../src/native.ts';
import { createOverridesStore } from '../../src/overrides/store.ts';
import { vipYaml } from '../support/maglev-yaml.ts';
import { medianOf } from '../support/stopwatch.ts';
import { parseOwn } from '../support/virtual-daemon.ts';
import { startVppTarget, type VppTarget } from '../support/vpp-target.ts';
import { BrokenRun, type Figure, type Trial } from '../trial.ts';

const vipCount = 500;
const serverCount = 20;
const idleRounds = 7;
const settleMsMax = 120_000;
/** The original's setting, in which VPP is quickest, and ours. */
const settings = [
  { length: 1024, weightSteps: 100, bars: true },
  { length: 16384, weightSteps: 10, bars: false },
];

export const vppSync: Trial = {
  name: 'vpp-sync',
  about: `full sync of ${vipCount} VIPs with ${serverCount} ASes each into VPP, beside a blind socket`,
  needs: [],
  async run(context) {
    const target = await startVppTarget(context);
    const figures: Figure[] = [];
    for (const { length, weightSteps, bars } of settings) {
      context.progress(`table length ${length}, weights in ${weightSteps} steps`);
      const daemon = await startDaemon(target, vipYaml(vipCount, serverCount, { length, weightSteps }));
      const ops = await planAll(daemon);
      const operationCount = ops.length;
      await target.empty();
      const blindMs = await sendBlindly(target, ops);
      await target.empty();
      const syncMs = await syncOnce(daemon, operationCount);
      const idleMs = await syncIdle(daemon);
      await daemon.stop();
      await target.empty();
      // What a simulator written in JavaScript answers blindly says nothing about us: the bars are VPP's.
      const isBarred = bars && target.name === 'VPP';
      const rate = (ms: number) => (operationCount / ms) * 1000;
      figures.push(
        {
          name: `operations/s, length ${length}`,
          unit: '1/s',
          value: rate(syncMs),
          baseline: { name: 'blind socket', value: rate(blindMs) },
          ...(isBarred && { bar: { on: 'ratio', min: 0.9 } }),
        },
        { name: '- sync as a whole', unit: 'ms', value: syncMs },
        {
          name: '- nothing to do',
          unit: 'ms',
          value: idleMs,
          ...(isBarred && { bar: { on: 'value', max: 300 } }),
        },
      );
    }
    return {
      figures,
      notes: [`Against ${target.name}; the sync is measured with what is read before and after.`],
    };
  },
};

async function startDaemon(target: VppTarget, yaml: string): Promise<Daemon> {
  const config = parseOwn(yaml);
  const stream = createWriteStream('/dev/null');
  return createDaemon({
    clock: realClock,
    prng: createPrng(1),
    config,
    readConfig: async () => ({ ok: true, config, warnings: [] }),
    createLog: (events) => createLog('info', stream, events),
    createStore: (log) => createOverridesStore({ stateDir: '', log, wallMs: realClock.wallMs }),
    createProber: () => ({ prepare: unprobed, close: () => undefined }),
    createDataplane: (log, onCall) =>
      createVppDataplane({ clock: realClock, log, onCall, ...vppSockets(loadNative(), target.paths) }),
  });
}

function unprobed(): never {
  throw new BrokenRun('static backends are not probed');
}

const parts = ({ lb }: Daemon) => {
  if (lb === undefined) throw new BrokenRun('the daemon has no dataplane');
  return lb;
};

/** Everything that an empty VPP is to be told, once the daemon has programmed it by itself. */
async function planAll(daemon: Daemon): Promise<readonly LbOp[]> {
  const { reconciler } = parts(daemon);
  const endMs = performance.now() + settleMsMax;
  while (reconciler.journal().runs().get('full ok') === undefined || reconciler.isRunning()) {
    if (performance.now() > endMs) throw new BrokenRun('VPP was not programmed in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const conf = { atMs: 0, conf: undefined as never, vips: new Map() };
  const options = {
    debtOf: () => undefined,
    keeps: () => false,
    only: new Set(reconciler.desired().vips.keys()),
  };
  return planLb(reconciler.desired(), conf, options).flat();
}

async function syncOnce(daemon: Daemon, operationCount: number): Promise<number> {
  const { dataplane, reconciler } = parts(daemon);
  const endMs = performance.now() + settleMsMax;
  while (dataplane.info().connection !== 'connected' || reconciler.isRunning()) {
    if (performance.now() > endMs) throw new BrokenRun('VPP was not connected again in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const startMs = performance.now();
  const outcome = await reconciler.sync();
  const elapsedMs = performance.now() - startMs;
  if (!outcome.ok) throw new BrokenRun(outcome.message);
  const { vipsAdded, asesAdded } = outcome.counts;
  if (vipsAdded + asesAdded !== operationCount || !outcome.inSync) {
    throw new BrokenRun(`the sync did ${vipsAdded + asesAdded} operations, not ${operationCount}`);
  }
  return elapsedMs;
}

async function syncIdle(daemon: Daemon): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < idleRounds; round++) {
    const startMs = performance.now();
    const outcome = await parts(daemon).reconciler.sync();
    times.push(performance.now() - startMs);
    if (!outcome.ok || !outcome.inSync) throw new BrokenRun('a sync with nothing to do failed');
  }
  return medianOf(times);
}

/** All requests in one go over a plain socket; time from the first byte to the last answer. */
async function sendBlindly({ paths }: VppTarget, ops: readonly LbOp[]): Promise<number> {
  const socket = connect(paths.apiPath);
  const splitter = new FrameSplitter(vppFrameBytesMax);
  const hello = { id: socketCreateId, clientIndex: 0, context: 1 };
  socket.write(frameMessage(encode(socketCreate, hello, { name: 'bench' })));
  let answers = 0;
  let startMs = 0;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  socket.on('error', reject);
  socket.on('data', (chunk) => {
    for (const message of splitter.push(chunk as Buffer)) {
      if (startMs === 0) {
        const { values } = decode(socketCreateReply, message);
        const bytes = blindBytes(ops, new MessageTable(values.table), values.index);
        startMs = performance.now();
        socket.write(bytes);
      } else {
        if (message.readInt32BE(6) !== 0) reject(new BrokenRun(`VPP refused: ${message.readInt32BE(6)}`));
        if (++answers === ops.length) resolve(performance.now() - startMs);
      }
    }
  });
  return promise.finally(() => socket.destroy());
}

function blindBytes(ops: readonly LbOp[], table: MessageTable, clientIndex: number): Buffer {
  const frames = ops.map((op, index) => {
    const asked = lbRequest(op);
    if ('refusal' in asked) throw new BrokenRun(asked.refusal);
    const id = table.idOf(asked.request);
    if (id === undefined) throw new BrokenRun(`no message ${asked.request.key}`);
    return frameMessage(encode(asked.request, { id, clientIndex, context: index + 2 }, asked.values));
  });
  return Buffer.concat(frames);
}
