// Whom the contract is asked of: the fake, the simulator over its socket, and a real VPP where the
// environment names its sockets. Opens and closes them; knows no case.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataplane } from '../../src/dataplane/dataplane.ts';
import { startSimulator } from '../../src/dataplane/simulator/simulator.ts';
import { Connection } from '../../src/dataplane/vpp/connection.ts';
import { StatsSegment } from '../../src/dataplane/vpp/stats-segment.ts';
import { createVppDataplane } from '../../src/dataplane/vpp/vpp-dataplane.ts';
import { type VppPaths, vppSockets } from '../../src/dataplane/vpp/vpp-sockets.ts';
import { realClock } from '../../src/lib/clock.ts';
import type { Log } from '../../src/lib/log.ts';
import { loadTestNative } from '../support/addon.ts';
import { createFakeDataplane } from '../support/fake-dataplane.ts';
import { RawClient } from '../support/simulator.ts';
import type { MessageTarget } from './case.ts';

export type Close = () => Promise<void>;

/** Something that the contract binds; `sockets` absent: it has none, and no messages. */
export interface Target {
  readonly name: string;
  readonly open: () => Promise<{ readonly dataplane: Dataplane; readonly close: Close }>;
  readonly sockets?: () => Promise<{ readonly paths: VppPaths; readonly close: Close }>;
}

const { VPP_API_SOCKET, VPP_STATS_SOCKET } = process.env;
export const realVppSkip =
  VPP_API_SOCKET === undefined || VPP_STATS_SOCKET === undefined
    ? 'no real VPP was asked: set VPP_API_SOCKET and VPP_STATS_SOCKET to its sockets'
    : false;

const silence = () => undefined;
const silentLog: Log = { isDebug: false, debug: silence, info: silence, warn: silence, error: silence };

/** Started; rejects when it does not connect at once. */
async function started(dataplane: Dataplane): Promise<Dataplane> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = () => {
    const { connection, reason } = dataplane.info();
    if (connection === 'connected') resolve();
    else if (connection !== 'connecting') reject(new Error(`${connection}: ${reason}`));
  };
  const end = dataplane.watch(look);
  dataplane.start();
  try {
    await promise;
  } catch (error) {
    await dataplane.stop();
    throw error;
  } finally {
    end();
  }
  return dataplane;
}

const overSockets = (paths: VppPaths) =>
  started(createVppDataplane({ clock: realClock, log: silentLog, ...vppSockets(loadTestNative(), paths) }));

async function simulatorSockets() {
  const directory = await mkdtemp(join(tmpdir(), 'maglev-contract-'));
  const paths = { apiPath: join(directory, 'api.sock'), statsPath: join(directory, 'stats.sock') };
  const simulator = await startSimulator({ native: loadTestNative(), clock: realClock, ...paths });
  const close = async () => {
    await simulator.stop();
    await rm(directory, { recursive: true });
  };
  return { paths, close };
}

const realSockets = async () => ({
  paths: { apiPath: VPP_API_SOCKET ?? '', statsPath: VPP_STATS_SOCKET ?? '' },
  close: async () => undefined,
});

/** A dataplane over sockets, which close after it. */
function opener(sockets: NonNullable<Target['sockets']>): Target['open'] {
  return async () => {
    const { paths, close } = await sockets();
    const dataplane = await overSockets(paths);
    return { dataplane, close: () => dataplane.stop().then(close) };
  };
}

export const targets: readonly Target[] = [
  {
    name: 'fake',
    async open() {
      const dataplane = await started(createFakeDataplane(realClock));
      return { dataplane, close: () => dataplane.stop() };
    },
  },
  { name: 'simulator', open: opener(simulatorSockets), sockets: simulatorSockets },
  { name: 'real VPP', open: opener(realSockets), sockets: realSockets },
];

/** Two connections and the stats segment. */
export async function openMessageTarget(
  { apiPath, statsPath }: VppPaths,
  isReal: boolean,
): Promise<{ readonly target: MessageTarget; readonly close: Close }> {
  const { openTransport, openStats } = vppSockets(loadTestNative(), { apiPath, statsPath });
  const connection = await Connection.open({ clock: realClock, open: openTransport, onClosed: silence });
  const stats = new StatsSegment(await openStats());
  const socket = connect(apiPath);
  await once(socket, 'connect');
  const raw = new RawClient(socket);
  await raw.greet();
  const close = async () => {
    raw.close();
    await raw.closed;
    connection.close();
    stats.close();
  };
  return { target: { connection, raw, stats, isReal }, close };
}
