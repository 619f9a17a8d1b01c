// What `maglevd --demo` brings along: an embedded VPP whose VIPs on loopback really forward, web servers
// behind them, and the configuration that joins them. It knows nothing of the daemon that looks at it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startForwarder } from './dataplane/simulator/forwarder.ts';
import { startSimulator } from './dataplane/simulator/simulator.ts';
import { demoConfigText } from './demo/config-text.ts';
import { startDemoServers } from './demo/servers.ts';
import type { Clock, Timer } from './lib/clock.ts';
import type { Log } from './lib/log.ts';
import type { Native } from './native.ts';

/** How long the flipping backend stays well, and ill. */
const flipAfterMs = 8000;
const flipping = 'flipping';

/** By the keys 1, 2, ... */
export const demoBackends = {
  'steady-a': '127.0.0.11',
  'steady-b': '127.0.0.12',
  [flipping]: '127.0.0.13',
  'spare-a': '127.0.0.14',
  'spare-b': '127.0.0.15',
} as const;

export interface DemoOptions {
  readonly clock: Clock;
  /** For the stats segment; without it there is none. */
  readonly native?: Pick<Native, 'serveStats'>;
  readonly log?: Log;
}

export interface Demo {
  /** Text of a maglev.yaml. */
  readonly configText: string;
  /** Sockets of the embedded VPP, in a directory of their own. */
  readonly vppApiPath: string;
  readonly vppStatsPath: string;
  /** In the order of their keys. */
  readonly backends: readonly string[];
  /** URLs of the frontends. */
  readonly urls: readonly string[];
  /** Turns a backend ill, or well again; gives whether it is well now. The flipping one stops flipping. */
  toggle(backend: string): boolean;
  stop(): Promise<void>;
}

/** Rejects when no port is free on all addresses of the backends. */
export async function startDemo({ clock, native, log }: DemoOptions): Promise<Demo> {
  const servers = await startDemoServers(demoBackends);
  const directory = await mkdtemp(join(tmpdir(), 'maglev-demo-'));
  const vppApiPath = join(directory, 'api.sock');
  const vppStatsPath = join(directory, 'stats.sock');
  const common = { clock, ...(log && { log }) };
  const simulator = await startSimulator({
    ...common,
    ...(native && { native }),
    apiPath: vppApiPath,
    statsPath: vppStatsPath,
  });
  const forwarder = startForwarder({ ...common, model: simulator.model, backendPort: () => servers.port });
  let timer: Timer;
  const flip = () => {
    timer = clock.setTimer(flipAfterMs, () => {
      servers.toggle(flipping);
      flip();
    });
  };
  flip();
  const { text, urls } = demoConfigText(demoBackends, servers.port);
  return {
    configText: text,
    vppApiPath,
    vppStatsPath,
    backends: Object.keys(demoBackends),
    urls,
    toggle(backend) {
      if (backend === flipping) timer.cancel();
      return servers.toggle(backend);
    },
    async stop() {
      timer.cancel();
      await forwarder.stop();
      await simulator.stop();
      await servers.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
