// maglevd's command line: reads argv, env and signals, and hands everything else to createDaemon.
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { readAdmin } from '@vpp-maglev/web/flags';
import { parseServers } from '@vpp-maglev/web/servers';
import { readTokenFile } from '@vpp-maglev/web/token-file';
import type { DashboardSettings } from './api/dashboard.ts';
import { runHashPassword } from './api/hash-password.ts';
import { parseTrustedProxies, type TrustedProxies } from './api/trusted-proxies.ts';
import type { ConfigResult } from './config/config.ts';
import { loadConfig } from './config/load.ts';
import { parseConfig } from './config/parse.ts';
import { checkExitCode, reportLines } from './config/report.ts';
import { renderJsonSchema } from './config/schema.ts';
import { createDaemon, type Daemon, type DaemonDeps } from './daemon.ts';
import { createVppDataplane } from './dataplane/vpp/vpp-dataplane.ts';
import { type VppPaths, vppSockets } from './dataplane/vpp/vpp-sockets.ts';
import { watchDemoKeys } from './demo/keys.ts';
import { startDemo } from './demo.ts';
import type { LogLevel } from './events/event.ts';
import { type Flags, parseFlags, usageText } from './flags.ts';
import { realClock } from './lib/clock.ts';
import { logFinishMsMax, stopDeadlineMs } from './lib/limits.ts';
import { type ListenAddress, parseListenAddress } from './lib/listen-address.ts';
import { createPrng, randomSeed } from './lib/prng.ts';
import { createLog, createReadableStdout, createStdout, type LogDestination } from './logger.ts';
import { loadNative, type Native } from './native.ts';
import { createOverridesStore } from './overrides/store.ts';
import { createProber } from './probes/prober.ts';
import { createServiceNotify, type ServiceNotify } from './service-notify.ts';
import { versionText } from './version.ts';

/** The command line could not be understood. */
const exitUsage = 2;
const exitFailure = 1;
/** The built pages of the dashboard. */
const pagesPath = fileURLToPath(new URL('../../web/dist/', import.meta.url));

function fail(message: string, exitCode: number): never {
  process.stderr.write(`maglevd: ${message}\n`);
  process.exit(exitCode);
}

function listenAddress(flags: Flags, name: 'grpc-addr' | 'metrics-addr'): ListenAddress {
  const address = parseListenAddress(flags.text(name));
  if ('refusal' in address)
    return fail(`flag --${name}: "${flags.text(name)}" ${address.refusal}`, exitUsage);
  return address;
}

function trustedProxies(flags: Flags): TrustedProxies {
  const parsed = parseTrustedProxies(flags.text('trusted-proxies'));
  return 'refusal' in parsed ? fail(`flag --trusted-proxies: ${parsed.refusal}`, exitUsage) : parsed.proxies;
}

function readPeersToken(path: string): Pick<DashboardSettings, 'peersToken'> {
  if (path === '') return {};
  const read = readTokenFile(path);
  if ('refusal' in read) return fail(`flag --peers-token-file: ${read.refusal}`, exitUsage);
  return { peersToken: read.token };
}

function dashboard(flags: Flags): DashboardSettings {
  const peers = parseServers(flags.text('peers'));
  if ('refusal' in peers) return fail(`flag --peers: ${peers.refusal}`, exitUsage);
  const admin = readAdmin(process.env);
  if (admin !== undefined && 'refusal' in admin) return fail(admin.refusal, exitUsage);
  return {
    distPath: pagesPath,
    peers,
    ...readPeersToken(flags.text('peers-token-file')),
    ...(admin && { credentials: admin }),
  };
}

/** `maglevd hash-password`: the one word that is no flag. */
async function hashPassword(words: readonly string[]): Promise<void> {
  process.exitCode = await runHashPassword(words, {
    input: process.stdin,
    writeOut: (text) => process.stdout.write(text),
    writeError: (text) => process.stderr.write(text),
  });
}

const reportText = (result: ConfigResult, source: string) => `${reportLines(result, source).join('\n')}\n`;

/** Prints what is wrong with the configuration, and ends with --check's exit code unless it can be used. */
function usable(result: ConfigResult, source: string) {
  if (result.ok) return result.config;
  process.stderr.write(reportText(result, source));
  process.exit(checkExitCode(result));
}

/**
 * TERM and INT stop once, also while the daemon is still starting; a second one, or a stop that hangs, ends
 * the process at once. HUP reloads.
 */
function handleSignals(starting: Promise<Daemon>, setting: Setting, notify: ServiceNotify): void {
  const { stopAlso, destination } = setting;
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) fail(`second ${signal}: stopping at once`, exitFailure);
    stopping = true;
    notify.stopping();
    realClock.setTimer(stopDeadlineMs, () => fail('stopping took too long', exitFailure));
    const daemon = await starting;
    await daemon.stop();
    await stopAlso();
    realClock.setTimer(logFinishMsMax, () => process.exit(0));
    await destination.finish();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  process.on('SIGHUP', () => void starting.then((daemon) => reload(daemon, notify)));
}

async function reload(daemon: Daemon, notify: ServiceNotify): Promise<void> {
  notify.reloading();
  await daemon.reload();
  notify.ready(statusText(daemon));
}

/** For `systemctl status`: what is served, and whether that is what the file says now. */
function statusText({ control }: Daemon): string {
  const { frontends, backends } = control.config();
  const served = `${frontends.size} frontends, ${backends.size} backends`;
  return control.reloadStatus().successful ? served : `${served}; the configuration file was refused`;
}

/** The service manager is told nothing before the daemon is there: nor is the log. */
function serviceNotify(native: Native, daemon: Promise<Daemon>): ServiceNotify {
  return createServiceNotify({
    clock: realClock,
    env: process.env,
    pid: process.pid,
    send: native.notifyManager,
    monotonicUs: () => process.hrtime.bigint() / 1000n,
    onFailure: (cause) => void daemon.then(({ log }) => log.warn('service-manager-unreachable', { cause })),
  });
}

interface Setting {
  readonly readConfig: () => Promise<ConfigResult>;
  readonly source: string;
  readonly stateDir: string;
  /** Sockets of VPP; absent: no VPP. */
  readonly vpp?: VppPaths;
  readonly destination: LogDestination;
  readonly stopAlso: () => Promise<void>;
  /** What is to be said once everything runs. */
  readonly onStart?: (daemon: Daemon) => void;
}

async function demoSetting(flags: Flags, native: Native): Promise<Setting> {
  if (flags.given('config')) fail('--demo brings its own configuration: leave out --config', exitUsage);
  const demo = await startDemo({ clock: realClock, native });
  const endKeys = watchDemoKeys({
    demo,
    input: process.stdin,
    write: (text) => process.stderr.write(text),
    quit: () => process.kill(process.pid, 'SIGTERM'),
  });
  return {
    readConfig: async () => parseConfig(demo.configText),
    source: 'demo configuration',
    stateDir: flags.given('state-dir') ? flags.text('state-dir') : '',
    vpp: { apiPath: demo.vppApiPath, statsPath: demo.vppStatsPath },
    destination: await createReadableStdout(),
    stopAlso: async () => {
      endKeys();
      await demo.stop();
    },
    onStart: ({ log, apiPort }) => {
      const url = `http://127.0.0.1:${apiPort}`;
      log.info('demo', { dashboard: `${url}/view/`, api: `${url}/api/v1/frontends`, vips: demo.urls });
    },
  };
}

function fileSetting(flags: Flags): Setting {
  const path = flags.text('config');
  const apiPath = flags.text('vpp-api-addr');
  return {
    readConfig: async () => loadConfig(path),
    source: path,
    stateDir: flags.text('state-dir'),
    ...(apiPath !== '' && { vpp: { apiPath, statsPath: flags.text('vpp-stats-addr') } }),
    destination: createStdout(),
    stopAlso: async () => undefined,
  };
}

function dataplaneOf(native: Native, vpp: VppPaths): NonNullable<DaemonDeps['createDataplane']> {
  return (log, onCall) => createVppDataplane({ clock: realClock, log, onCall, ...vppSockets(native, vpp) });
}

async function run(flags: Flags): Promise<void> {
  const apiAddress = listenAddress(flags, 'grpc-addr');
  const metricsAddress = flags.text('metrics-addr') === '' ? undefined : listenAddress(flags, 'metrics-addr');
  const native = loadNative();
  const setting = flags.on('demo') ? await demoSetting(flags, native) : fileSetting(flags);
  const { readConfig, source, stateDir, destination } = setting;
  const config = usable(await readConfig(), source);
  const level = flags.text('log-level') as LogLevel;
  // The handlers stand before the first word is logged: whoever reads it may send a signal at once.
  const starting = Promise.withResolvers<Daemon>();
  const notify = serviceNotify(native, starting.promise);
  handleSignals(starting.promise, setting, notify);
  const daemon = await createDaemon({
    clock: realClock,
    prng: createPrng(randomSeed()),
    config,
    readConfig,
    createLog: (events) => createLog(level, destination.stream, events),
    createStore: (log) => createOverridesStore({ stateDir, log, wallMs: realClock.wallMs }),
    createProber: (netns) => createProber({ native, clock: realClock, netns }),
    ...(setting.vpp && { createDataplane: dataplaneOf(native, setting.vpp) }),
    keepUnknownVips: flags.on('vpp-keep-unknown'),
    apiAddress,
    ...(flags.text('api-socket') !== '' && { apiSocket: flags.text('api-socket') }),
    apiAccess: {
      hostname: hostname(),
      authFile: flags.text('auth-file'),
      trustedProxies: trustedProxies(flags),
      tls: {
        cert: flags.text('tls-cert'),
        key: flags.text('tls-key'),
        clientCa: flags.text('tls-client-ca'),
      },
    },
    reflection: flags.on('reflection'),
    dashboard: dashboard(flags),
    ...(metricsAddress && { metricsAddress }),
  });
  starting.resolve(daemon);
  setting.onStart?.(daemon);
  notify.watchdog();
  notify.ready(statusText(daemon));
}

async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === 'hash-password') return hashPassword(argv.slice(1));
  const flags = parseFlags(argv, process.env);
  if ('refusal' in flags) fail(flags.refusal, exitUsage);
  if (flags.on('help')) return void process.stdout.write(usageText());
  if (flags.on('version')) return void process.stdout.write(`${versionText}\n`);
  if (flags.on('print-schema')) return void process.stdout.write(renderJsonSchema());
  if (flags.on('check')) {
    const result = loadConfig(flags.text('config'));
    process.stdout.write(reportText(result, flags.text('config')));
    process.exitCode = checkExitCode(result);
    return;
  }
  await run(flags).catch((error: Error) => fail(error.message, exitFailure));
}

// V8 would put what probes allocate straight into the old heap, which then takes long to sweep: measured with
// `npm run bench`, scavenges of 25 to 70 ms without this, of 1 ms with it.
setFlagsFromString('--no-allocation-site-pretenuring');
await main(process.argv.slice(2));
