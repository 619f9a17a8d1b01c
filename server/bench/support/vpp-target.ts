// What the trials of the dataplane program: the VPP that VPP_API_SOCKET and VPP_STATS_SOCKET name, else the
// simulator in a process of its own. It must not know what is measured.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Connection } from '../../src/dataplane/vpp/connection.ts';
import { cliInband, cliInbandReply } from '../../src/dataplane/vpp/messages.ts';
import { createVppDataplane } from '../../src/dataplane/vpp/vpp-dataplane.ts';
import { type VppPaths, vppSockets } from '../../src/dataplane/vpp/vpp-sockets.ts';
import { realClock } from '../../src/lib/clock.ts';
import { loadNative } from '../../src/native.ts';
import { BrokenRun, type TrialContext } from '../trial.ts';
import { type Program, waitUntil } from './process-group.ts';
import { silentLog } from './virtual-daemon.ts';

const programPath = fileURLToPath(new URL('./simulator-program.ts', import.meta.url));
const startPatienceMs = 10_000;
/** VPP looks for what can be freed every minute, and not before it has been removed for a while. */
const collectPatienceMs = 200_000;
const pollMs = 1000;

export interface VppTarget {
  readonly name: 'VPP' | 'simulator';
  readonly paths: VppPaths;
  /** Makes it hold no VIP; of VPP also waits until nothing remains of those that were deleted. */
  empty(): Promise<void>;
  /** Ends the simulator; VPP itself is emptied. */
  stop(): Promise<void>;
}

export async function startVppTarget(context: TrialContext): Promise<VppTarget> {
  const apiPath = process.env['VPP_API_SOCKET'];
  const statsPath = process.env['VPP_STATS_SOCKET'];
  if (apiPath !== undefined && statsPath !== undefined) {
    const paths = { apiPath, statsPath };
    const empty = () => emptyVpp(context, paths);
    const target: VppTarget = { name: 'VPP', paths, empty, stop: empty };
    await target.empty();
    return target;
  }
  context.progress('VPP_API_SOCKET and VPP_STATS_SOCKET name no VPP: the simulator is measured instead');
  const paths = {
    apiPath: join(context.directory, 'api.sock'),
    statsPath: join(context.directory, 'stats.sock'),
  };
  const program = await startSimulatorProgram(context, paths);
  return { name: 'simulator', paths, empty: () => deleteAll(paths), stop: () => program.stop() };
}

async function startSimulatorProgram({ processes, cpus }: TrialContext, paths: VppPaths): Promise<Program> {
  const args = [programPath, paths.apiPath, paths.statsPath];
  const program = processes.start({ name: 'simulator', cpu: cpus.target, command: process.execPath, args });
  const isReady = async () => program.output().includes('ready');
  await waitUntil('the simulator is ready', program, startPatienceMs, isReady);
  return program;
}

/** A connection of the bench's own, beside the daemon's. */
export function connectTo(paths: VppPaths): Promise<Connection> {
  const { openTransport } = vppSockets(loadNative(), paths);
  return Connection.open({ clock: realClock, open: openTransport, onClosed: () => undefined });
}

async function emptyVpp({ progress }: TrialContext, paths: VppPaths): Promise<void> {
  await deleteAll(paths);
  const connection = await connectTo(paths);
  const endMs = performance.now() + collectPatienceMs;
  for (let said = false; ; said = true) {
    const { reply } = await connection.request(cliInband, { command: 'show lb vips' }, cliInbandReply);
    if (reply.trim() === '') break;
    if (!said) progress('waiting until VPP has freed what was deleted');
    if (performance.now() > endMs) throw new BrokenRun('VPP does not free VIPs that were deleted');
    await sleep(pollMs);
  }
  connection.close();
}

/** Deletes through our own dataplane, so that nothing is sent that VPP does not bear. */
async function deleteAll(paths: VppPaths): Promise<void> {
  const sockets = vppSockets(loadNative(), paths);
  const dataplane = createVppDataplane({ clock: realClock, log: silentLog, ...sockets });
  const { promise, resolve } = Promise.withResolvers<void>();
  dataplane.watch(() => resolve());
  dataplane.start();
  await promise;
  const observed = await dataplane.observe();
  if (!observed.ok) throw new BrokenRun(`VPP cannot be read: ${observed.fault.message}`);
  for (const vip of observed.value.vips.values()) {
    const why = 'bench';
    const servers = vip.applicationServers.map(
      ({ address }) => ({ t: 'as-delete', vip, address, why }) as const,
    );
    const { failure } = await dataplane.apply([...servers, { t: 'vip-delete', vip, why }]);
    if (failure !== undefined) throw new BrokenRun(`VPP cannot be emptied: ${failure.fault.message}`);
  }
  await dataplane.stop();
}
