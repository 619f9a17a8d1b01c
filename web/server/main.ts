// maglevd-frontend's command line: reads argv, env, files and signals, and hands everything else to
// startFrontend.
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { realClock } from '@vpp-maglev/server/clock';
import type { Log, LogLine } from '@vpp-maglev/server/log';
import { createStdout, type LogDestination } from '@vpp-maglev/server/logger';
import { commit, date, nodeVersion, version } from '@vpp-maglev/server/version';
import { pino, stdTimeFunctions } from 'pino';
import { type LogLevel, parseFlags, type Settings, usageText } from './flags.ts';
import { type Frontend, startFrontend } from './frontend.ts';
import { caFileBytesMax, stopMsMax } from './limits.ts';
import { createRemoteSource } from './remote-source.ts';
import { readTokenFile } from './token-file.ts';

/** The command line could not be understood. */
const exitUsage = 2;
const exitFailure = 1;
const distPath = fileURLToPath(new URL('../dist/', import.meta.url));

function fail(message: string, exitCode: number): never {
  process.stderr.write(`maglevd-frontend: ${message}\n`);
  process.exit(exitCode);
}

function createLog(level: LogLevel, { stream }: LogDestination): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  const line =
    (lineLevel: LogLevel): LogLine =>
    (message, attributes = {}) =>
      logger[lineLevel](attributes, message);
  const isDebug = logger.isLevelEnabled('debug');
  return { isDebug, debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

function readFile(flag: string, path: string, bytesMax: number): string {
  try {
    if (statSync(path).size > bytesMax) fail(`flag --${flag}: ${path} is too long`, exitUsage);
    return readFileSync(path, 'utf8');
  } catch (error) {
    return fail(`flag --${flag}: ${(error as Error).message}`, exitUsage);
  }
}

/** What maglevds are shown with changes. */
function authorizationOf({ login, tokenFile }: Settings): string | undefined {
  if (login) return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  if (tokenFile === undefined) return undefined;
  const read = readTokenFile(tokenFile);
  return 'refusal' in read ? fail(`flag --token-file: ${read.refusal}`, exitUsage) : `Bearer ${read.token}`;
}

/** TERM and INT stop once; a second one, or a stop that hangs, ends the process at once. HUP does nothing. */
function handleSignals(starting: Promise<Frontend>, log: Log, destination: LogDestination): void {
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) fail(`second ${signal}: stopping at once`, exitFailure);
    stopping = true;
    realClock.setTimer(stopMsMax, () => process.exit(0));
    log.info('stopping', { signal });
    const frontend = await starting;
    await frontend.stop();
    log.info('stopped');
    await destination.finish();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  process.on('SIGHUP', () => log.debug('hangup-ignored'));
}

async function run(settings: Settings): Promise<void> {
  const { servers, listen, logLevel, admin, caFile } = settings;
  const authorization = authorizationOf(settings);
  const caPem = caFile === undefined ? undefined : readFile('ca', caFile, caFileBytesMax);
  const destination = createStdout();
  const log = createLog(logLevel, destination);
  // The handlers stand before the first word is logged: whoever reads it may send a signal at once.
  const starting = Promise.withResolvers<Frontend>();
  handleSignals(starting.promise, log, destination);
  log.info('starting', { version, commit, date, node: nodeVersion });
  const sources = servers.map((server) =>
    createRemoteSource({
      ...{ ...server, clock: realClock },
      ...(authorization !== undefined && { authorization }),
      ...(caPem !== undefined && { caPem }),
    }),
  );
  const common = { clock: realClock, log, distPath };
  const frontend = await startFrontend({ sources, listen, ...common, ...(admin && { admin }) });
  starting.resolve(frontend);
  const names = sources.map(({ name }) => name);
  log.info('listening', { port: frontend.port, maglevds: names, admin: admin !== undefined });
}

const parsed = parseFlags(process.argv.slice(2), process.env);
if ('refusal' in parsed) fail(parsed.refusal, exitUsage);
if (parsed.t === 'run') await run(parsed).catch((error: Error) => fail(error.message, exitFailure));
else if (parsed.t === 'help') process.stdout.write(usageText());
else {
  process.stdout.write(`maglevd-frontend ${version} (commit ${commit}, ${date}, Node.js ${nodeVersion})\n`);
}
