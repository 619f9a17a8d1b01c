// Explicit wiring of the whole daemon: start, reload, stop. Tests call this very function, with fakes at its
// edges. It knows every room and no rule.
import type { FastifyInstance } from 'fastify';
import { type AuthFile, openAuthFile } from './api/auth-file.ts';
import type { DashboardSettings } from './api/dashboard.ts';
import { createAccess } from './api/identify.ts';
import { listenTcp } from './api/port-listen.ts';
import { type ApiServer, createApiServer, createPlainServer } from './api/server.ts';
import { openTlsFiles, type TlsPaths } from './api/tls-files.ts';
import { noTrustedProxies, type TrustedProxies } from './api/trusted-proxies.ts';
import { Checker, type ProbeReport } from './checker/checker.ts';
import type { Config, ConfigResult } from './config/config.ts';
import { Control, type ReloadOutcome } from './control.ts';
import type { Dataplane } from './dataplane/dataplane.ts';
import { Reconciler } from './dataplane/reconciler.ts';
import type { ApiCall } from './dataplane/vpp/connection.ts';
import { createEventLog, type EventLog } from './events/event-log.ts';
import { must } from './lib/assert.ts';
import type { Clock } from './lib/clock.ts';
import type { ListenAddress } from './lib/listen-address.ts';
import type { Log } from './lib/log.ts';
import type { Prng } from './lib/prng.ts';
import { CallCounts } from './metrics/call-counts.ts';
import { createMetrics, type Metrics } from './metrics/registry.ts';
import type { MetricsView } from './metrics/samples.ts';
import type { OverridesStore } from './overrides/store.ts';
import type { Prober } from './probes/prober.ts';
import { commit, date, nodeVersion, version } from './version.ts';

export interface DaemonDeps {
  readonly clock: Clock;
  readonly prng: Prng;
  /** A configuration that was read and found valid. */
  readonly config: Config;
  /** Reads it again, for reload and check. */
  readonly readConfig: () => Promise<ConfigResult>;
  readonly createLog: (events: EventLog) => Log;
  readonly createStore: (log: Log) => OverridesStore;
  /** Builds probes for a configuration's namespace; a new one is asked for when the namespace changes. */
  readonly createProber: (netns: string | undefined) => Prober;
  /** What forwards; absent: nothing is programmed. `onCall` counts messages. */
  readonly createDataplane?: (log: Log, onCall: (call: ApiCall) => void) => Dataplane;
  /** Leave VIPs alone that the configuration never knew. */
  readonly keepUnknownVips?: boolean;
  /** Where to listen; absent: nowhere (tests use `inject`). */
  readonly apiAddress?: ListenAddress;
  /** A Unix socket that serves the API as well; `apiAddress` must be there too. */
  readonly apiSocket?: string;
  readonly metricsAddress?: ListenAddress;
  readonly apiAccess?: ApiAccess;
  /** Whether gRPC reflection is answered; absent: it is. */
  readonly reflection?: boolean;
  /** Absent: no pages. */
  readonly dashboard?: DashboardSettings;
}

/** How the API is guarded; absent or empty: as if the flag were not there. */
export interface ApiAccess {
  /** This machine's name, by which pages may call it. */
  readonly hostname?: string;
  readonly authFile?: string;
  readonly trustedProxies?: TrustedProxies;
  readonly tls?: TlsPaths;
}

export interface Daemon {
  readonly control: Control;
  readonly events: EventLog;
  readonly metrics: Metrics;
  /** Made when it is first asked for. */
  readonly api: FastifyInstance;
  readonly log: Log;
  /** Absent where nothing is programmed. */
  readonly lb?: {
    readonly dataplane: Dataplane;
    readonly reconciler: Reconciler;
    readonly calls: CallCounts;
  };
  /** Ports that were bound; absent where nothing listens. */
  readonly apiPort?: number;
  readonly metricsPort?: number;
  /** Reads certificates and credentials again too; what is wrong with those is logged. */
  reload(): Promise<ReloadOutcome>;
  /** Closes the listeners, waits for the command under way, cancels probes. Leaves VPP as it is. */
  stop(): Promise<void>;
}

/** Starts everything; rejects when an address cannot be bound, with nothing left behind. */
export async function createDaemon(deps: DaemonDeps): Promise<Daemon> {
  const { clock } = deps;
  const events = createEventLog(clock, Math.floor(clock.wallMs()).toString(36));
  const log = deps.createLog(events);
  log.info('starting', { version, commit, date, node: nodeVersion });
  const calls = new CallCounts();
  const dataplane = deps.createDataplane?.(log, (call) => calls.count(call));
  // The reconciler reads what control decides, and control tells it: one of the two must come second.
  let reconciler: Reconciler | undefined;
  const control = await createControl(deps, events, log, () => reconciler);
  if (dataplane !== undefined) {
    const keepUnknown = deps.keepUnknownVips ?? false;
    reconciler = new Reconciler({ clock, log, events, dataplane, source: control, keepUnknown });
  }
  const lb = dataplane && reconciler && { dataplane, reconciler, calls };
  const guard = await openGuard(deps, log);
  const metrics: Metrics = createMetrics(
    () => ({
      backends: control.checker().snapshots(),
      config: control.config(),
      statusOf: (name) => must(control.frontendStatus(name), `frontend ${name}`),
      lag: control.checker().lag(),
      probesInFlight: control.checker().inFlight(),
      reload: control.reloadStatus(),
      build: { version, commit, node: nodeVersion },
      api: viewApi(api, guard),
      ...(lb && { vpp: { ...lb, calls: calls.all(), nowMs: clock.wallMs() } }),
    }),
    clock,
  );
  const api = createApiServer({
    ...{ control, clock, log, events, metrics, reflection: deps.reflection ?? true },
    ...{ access: guard.access, ...(guard.tls && { tls: guard.tls }), ...(lb && { lb }) },
    ...(deps.dashboard && { dashboard: deps.dashboard }),
  });
  const metricsApi = deps.metricsAddress && createMetricsServer(metrics);
  const stop = async () => {
    log.info('stopping');
    await Promise.all([api.close(), metricsApi?.close()]);
    await guard.close();
    await reconciler?.stop();
    await control.stop();
    log.info('stopped');
  };
  // The ports come first: a second daemon started by mistake must not probe anybody.
  const ports = await listenAll(deps, api, metricsApi).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  await control.start();
  reconciler?.start();
  api.serving.set(true);
  log.info('listening', { ...ports });
  const parts = { control, events, metrics, log, ...(lb && { lb }) };
  const reload = async () => {
    const [outcome] = await Promise.all([control.reload(), guard.reload()]);
    return outcome;
  };
  return {
    ...parts,
    ...ports,
    get api() {
      return api.app;
    },
    reload,
    stop,
  };
}

function viewApi({ port, feeds }: ApiServer, { tls }: Guard): MetricsView['api'] {
  return {
    ...feeds.counts(),
    connections: port.counts().open,
    ...(tls && { certificateEndsMs: tls.notAfterMs() }),
  };
}

type Guard = Awaited<ReturnType<typeof openGuard>>;

/** What decides about access, and is read from files. Rejects with a sentence that names flag and file. */
async function openGuard({ clock, apiAccess = {} }: DaemonDeps, log: Log) {
  const { authFile: path = '', trustedProxies = noTrustedProxies, hostname = 'localhost' } = apiAccess;
  const tls = openTlsFiles(apiAccess.tls ?? { cert: '', key: '', clientCa: '' }, clock, log);
  let authFile: AuthFile | undefined;
  try {
    if (path !== '') authFile = await openAuthFile({ path, clock, log });
  } catch (error) {
    tls?.close();
    throw error;
  }
  const credentials = authFile && { credentials: authFile.credentials };
  return {
    access: createAccess({ clock, log, trustedProxies, hostname, ...credentials }),
    tls,
    async reload() {
      tls?.reload();
      await authFile?.reload();
    },
    async close() {
      tls?.close();
      await authFile?.stop();
    },
  };
}

function createControl(
  deps: DaemonDeps,
  events: EventLog,
  log: Log,
  reconciler: () => Reconciler | undefined,
): Promise<Control> {
  const { clock, prng, config, readConfig } = deps;
  return Control.create({
    clock,
    log,
    events,
    store: deps.createStore(log),
    readConfig,
    createProber: deps.createProber,
    createChecker: (prepare, onTransition) =>
      new Checker({
        clock,
        prng,
        prepare,
        onTransition,
        ...(log.isDebug && {
          onProbe: ({ backend, outcome, result, durationMs }: ProbeReport) =>
            log.debug('probe', { backend, outcome, ...result, durationMs }),
        }),
      }),
    config,
    onChange: {
      backendChanged: (...change) => reconciler()?.backendChanged(...change),
      configChanged: () => reconciler()?.configChanged(),
      weightChanged: (...change) => reconciler()?.weightChanged(...change),
    },
  });
}

function createMetricsServer(metrics: Metrics): FastifyInstance {
  const app = createPlainServer();
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );
  return app;
}

async function listenAll(deps: DaemonDeps, api: ApiServer, metricsApi?: FastifyInstance) {
  const { apiAddress, apiSocket, metricsAddress } = deps;
  const apiPort = apiAddress && (await api.port.listen(api.app, apiAddress, 'grpc-addr'));
  if (apiSocket !== undefined) await api.port.listenUnix(apiSocket, 'api-socket');
  return {
    ...(apiPort !== undefined && { apiPort }),
    ...(apiSocket !== undefined && { apiSocket }),
    ...(metricsAddress &&
      metricsApi && { metricsPort: await listenTcp(metricsApi, metricsAddress, 'metrics-addr') }),
  };
}
