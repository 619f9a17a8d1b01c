// The whole daemon inside this process, on virtual time and an instant network, with nothing that listens.
import type { Config, ConfigResult } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { createDaemon, type Daemon } from '../../src/daemon.ts';
import type { Log } from '../../src/lib/log.ts';
import { createPrng } from '../../src/lib/prng.ts';
import { createOverridesStore } from '../../src/overrides/store.ts';
import { BrokenRun } from '../trial.ts';
import { createInstantNetwork, type InstantNetwork } from './instant-network.ts';
import { createVirtualClock } from './virtual-clock.ts';

const silent = () => undefined;
export const silentLog: Log = { isDebug: false, debug: silent, info: silent, warn: silent, error: silent };

export interface VirtualDaemon {
  readonly daemon: Daemon;
  readonly network: InstantNetwork;
}

/** @param readConfig read again at each reload */
export async function startVirtualDaemon(readConfig: () => ConfigResult): Promise<VirtualDaemon> {
  const clock = createVirtualClock();
  const network = createInstantNetwork(clock);
  const daemon = await createDaemon({
    clock,
    prng: createPrng(1),
    config: usable(readConfig()),
    readConfig: async () => readConfig(),
    createLog: () => silentLog,
    createStore: (log) => createOverridesStore({ stateDir: '', log, wallMs: clock.wallMs }),
    createProber: () => ({ prepare: network.prepare, close: silent }),
  });
  return { daemon, network };
}

function usable(result: ConfigResult): Config {
  if (result.ok) return result.config;
  const [first] = result.errors;
  throw new BrokenRun(`the trial's configuration is refused: ${first?.path}: ${first?.message}`);
}

/** The configuration of a text that the bench has written itself. */
export function parseOwn(yaml: string): Config {
  return usable(parseConfig(yaml));
}
