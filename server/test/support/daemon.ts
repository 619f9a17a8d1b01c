// The real daemon in this process, on fakes at its edges: a clock, a network and a disk that tests move by
// hand.
import assert from 'node:assert/strict';
import type { ConfigResult } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { createDaemon, type Daemon, type DaemonDeps } from '../../src/daemon.ts';
import type { Log } from '../../src/lib/log.ts';
import { createPrng } from '../../src/lib/prng.ts';
import { noOverrides } from '../../src/overrides/overrides.ts';
import type { OverridesStore, SaveResult } from '../../src/overrides/store.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { createFakeDataplane } from './fake-dataplane.ts';
import { createFakeNetwork, type FakeNetwork } from './fake-network.ts';
import { createFakeVpp, type FakeVpp } from './fake-vpp.ts';

export interface TestDaemon extends Daemon {
  readonly clock: FakeClock;
  readonly network: FakeNetwork;
  readonly vpp: FakeVpp;
  /** What the next reload reads. */
  setFile(text: string): void;
  /** From now on the disk refuses to save, with this message; undefined: it is well again. */
  failDisk(message: string | undefined): void;
  readonly logged: readonly {
    readonly level: string;
    readonly message: string;
    readonly attributes: object;
  }[];
}

/** A configuration with three probed backends, a static one and two frontends. */
export const exampleText = `
maglev:
  vpp: { lb: { ipv4-src-address: 10.255.0.1 } }
  healthchecks:
    http-ok: { type: http, port: 80, interval: 1s, timeout: 500ms, params: { headers: { X-Check: maglev } } }
    ping: { type: icmp }
  backends:
    b1: { address: 10.0.0.1, healthcheck: http-ok }
    b2: { address: 10.0.0.2, healthcheck: http-ok }
    b3: { address: 10.0.0.3, healthcheck: ping, enabled: false }
    fixed: { address: 10.0.0.4 }
  frontends:
    www:
      description: public web
      address: 10.1.0.1
      protocol: tcp
      port: 80
      pools:
        - { name: primary, backends: { b1: {}, b2: { weight: 50 } } }
        - { name: standby, backends: { b3: {} } }
    all:
      address: 10.1.0.2
      pools: [{ name: only, backends: { fixed: {} } }]
`;

/** Starts it; the caller stops it. */
export async function startTestDaemon(
  text = exampleText,
  more: Pick<DaemonDeps, 'apiAddress' | 'apiSocket' | 'apiAccess' | 'reflection'> = {},
): Promise<TestDaemon> {
  const clock = createFakeClock();
  const network = createFakeNetwork(clock);
  const vpp = createFakeVpp(clock);
  const logged: { level: string; message: string; attributes: object }[] = [];
  let current: ConfigResult = parseConfig(text);
  let diskFailure: string | undefined;
  const line =
    (level: string) =>
    (message: string, attributes: object = {}) => {
      logged.push({ level, message, attributes });
    };
  const log: Log = {
    isDebug: true,
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
  };
  const save = async (): Promise<SaveResult> =>
    diskFailure === undefined
      ? { ok: true }
      : { ok: false, failure: { code: 'EIO', message: diskFailure, fileHolds: 'old' } };
  const store: OverridesStore = { load: async () => noOverrides, save };
  assert.ok(current.ok, JSON.stringify(current));
  const daemon = await createDaemon({
    clock,
    prng: createPrng(1),
    config: current.config,
    readConfig: async () => current,
    createLog: () => log,
    createStore: () => store,
    createProber: () => ({ prepare: network.prepare, close: () => undefined }),
    createDataplane: () => createFakeDataplane(clock, vpp),
    ...more,
  });
  return {
    ...daemon,
    clock,
    network,
    vpp,
    logged,
    setFile(next) {
      current = parseConfig(next);
    },
    failDisk(message) {
      diskFailure = message;
    },
  };
}
