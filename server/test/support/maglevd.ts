// A real maglevd process on free loopback ports, seen from outside only: HTTP, log lines, signals, exit
// codes. It must not import anything of the daemon but types and the path of main.ts.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  type GuardedProcess,
  makeDirectory,
  type ProcessEnd,
  removeDirectory,
  spawnGuarded,
} from './guarded-process.ts';
import { askHttp, type HttpAnswer, type HttpQuestion } from './http-request.ts';
import { type MetricsPage, parseMetricsPage } from './metrics-page.ts';

export const mainPath: string = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** The promise of a stop, from the signal to the exit. */
export const stopMsMax = 5_000;
const startTimeoutMs = 60_000;

/** A line of the log; what else it says depends on `msg`. */
export type LogLine = Readonly<Record<string, unknown>> & {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
};

export interface MaglevdOptions {
  /** Text of the maglev.yaml. */
  readonly config: string;
  /** More flags; they win over those that stand here already. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Programs that exec, in front of node: `taskset -c 1`. */
  readonly wrapper?: readonly string[];
  /** Kept by the caller; absent: one of its own, which goes with it. */
  readonly stateDir?: string;
  /** Where the API listens; 127.0.0.1 and a port that the system chooses. */
  readonly apiAddress?: string;
  /** False: do not wait until it listens; the URLs then lead nowhere. Waiting needs level info or debug. */
  readonly waits?: boolean;
}

export interface Maglevd {
  readonly pid: number;
  readonly child: GuardedProcess['child'];
  readonly ended: Promise<ProcessEnd>;
  readonly stateDir: string;
  readonly apiUrl: string;
  readonly metricsUrl: string;
  readonly log: readonly LogLine[];
  /** Lines of standard output that are no JSON. */
  readonly otherLines: readonly string[];
  /** What it wrote to standard error so far. */
  readonly stderr: string;
  /** GET below /api/v1; the answer must be 200. */
  api<T = unknown>(path: string): Promise<T>;
  /** POST below /api/v1; any answer. */
  post(path: string, question?: Omit<HttpQuestion, 'method'>): Promise<HttpAnswer>;
  metrics(): Promise<MetricsPage>;
  /** The first line from number `from` on that fits, now or within the time. */
  waitForLog(fits: (line: LogLine) => boolean, timeoutMs: number, from?: number): Promise<LogLine>;
  /** Replaces the configuration file; the daemon is not told. */
  writeConfig(text: string): void;
  removeConfig(): void;
  signal(signal: NodeJS.Signals): void;
  /** Writes the file, sends SIGHUP and waits for the line that says how it went. */
  reload(text: string): Promise<LogLine>;
  /** SIGTERM; asserts exit code 0 within 5 s, a log of nothing but JSON and nothing on standard error. */
  stop(): Promise<void>;
  /** SIGKILL, without a word. */
  kill(): Promise<void>;
}

/** The environment of a maglevd: this one's, less what would change the daemon. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(MAGLEV|NODE)_/.test(name));
  return { ...Object.fromEntries(kept), ...more };
}

/** Starts a daemon; the caller ends it with `stop` or `kill` (it also ends with the test's process). */
export async function startMaglevd(options: MaglevdOptions): Promise<Maglevd> {
  const directory = makeDirectory('maglevd');
  const {
    stateDir = join(directory, 'state'),
    wrapper = [],
    apiAddress = '127.0.0.1:0',
    flags = [],
  } = options;
  const configPath = join(directory, 'maglev.yaml');
  writeFileSync(configPath, options.config);
  const places = ['--config', configPath, '--state-dir', stateDir];
  const addresses = ['--grpc-addr', apiAddress, '--metrics-addr', '127.0.0.1:0'];
  // A VPP of this machine is nobody's business here: a test that wants one names it in its flags.
  const noVpp = ['--vpp-api-addr', ''];
  const command = [...wrapper, process.execPath, mainPath, ...places, ...addresses, ...noVpp, ...flags];
  const running = await spawnGuarded(command, { env: cleanEnvironment(options.env), stdio: 'pipe' });
  const reader = readLog(running);
  let ports: Readonly<Record<string, unknown>> = {};
  try {
    if (options.waits ?? true) {
      ports = await reader.waitFor(({ msg }) => msg === 'listening', startTimeoutMs, 0);
    }
  } catch (error) {
    await running.kill();
    removeDirectory(directory);
    throw error;
  }
  const apiUrl = `http://127.0.0.1:${ports['apiPort']}`;
  const metricsUrl = `http://127.0.0.1:${ports['metricsPort']}/metrics`;
  const writeConfig = (text: string) => writeFileSync(configPath, text);
  const end = async (signal: NodeJS.Signals) => {
    const startMs = performance.now();
    running.child.kill(signal);
    const ended = await running.ended;
    removeDirectory(directory);
    return { ended, elapsedMs: performance.now() - startMs };
  };
  return {
    pid: running.pid,
    child: running.child,
    ended: running.ended,
    stateDir,
    apiUrl,
    metricsUrl,
    log: reader.lines,
    otherLines: reader.otherLines,
    get stderr() {
      return reader.stderr();
    },
    api: (path) => askApi(apiUrl, path),
    post: (path, question) => askHttp(`${apiUrl}/api/v1${path}`, { ...question, method: 'POST' }),
    metrics: async () => parseMetricsPage((await askHttp(metricsUrl)).body),
    waitForLog: (fits, timeoutMs, from = 0) => reader.waitFor(fits, timeoutMs, from),
    writeConfig,
    removeConfig: () => rmSync(configPath),
    signal: (signal) => void running.child.kill(signal),
    async reload(text) {
      writeConfig(text);
      const from = reader.lines.length;
      running.child.kill('SIGHUP');
      const isOutcome = ({ msg }: LogLine) => msg === 'config-reloaded' || msg === 'config-refused';
      return reader.waitFor(isOutcome, startTimeoutMs, from);
    },
    async stop() {
      const { ended, elapsedMs } = await end('SIGTERM');
      assert.deepEqual({ ...ended, stderr: reader.stderr() }, { code: 0, signal: null, stderr: '' });
      assert.ok(elapsedMs < stopMsMax, `stopped after ${Math.round(elapsedMs)} ms`);
      assert.deepEqual(reader.otherLines, [], 'the log has only JSON lines');
    },
    async kill() {
      await end('SIGKILL');
    },
  };
}

async function askApi<T>(apiUrl: string, path: string): Promise<T> {
  const { status, body } = await askHttp(`${apiUrl}/api/v1${path}`);
  assert.equal(status, 200, `GET ${path}: ${body}`);
  return JSON.parse(body) as T;
}

/** Takes the log in as it comes. `waitFor` rejects with the last lines, also when the process ends first. */
function readLog({ child, ended }: GuardedProcess) {
  const lines: LogLine[] = [];
  const otherLines: string[] = [];
  const watchers = new Set<() => void>();
  let errorText = '';
  let endText = '';
  const tell = () => {
    for (const watcher of watchers) watcher();
  };
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = parseLine(text);
      if (line) lines.push(line);
      else otherLines.push(text);
      tell();
    });
  }
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    errorText += text;
  });
  // 'close' comes when the last output has been read.
  child.once('close', () => {
    void ended.then(({ code, signal }) => {
      endText = `the process ended (${code ?? signal})`;
      tell();
    });
  });
  const waitFor = (fits: (line: LogLine) => boolean, timeoutMs: number, from: number): Promise<LogLine> => {
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    let next = from;
    const give = (reason: string) => {
      const last = lines.slice(-10).map((line) => JSON.stringify(line));
      reject(new Error([`log: ${reason}`, ...last, ...otherLines.slice(-5), errorText].join('\n')));
    };
    const look = () => {
      while (next < lines.length) {
        const line = lines[next++] as LogLine;
        if (fits(line)) return resolve(line);
      }
      if (endText) give(endText);
    };
    const timer = setTimeout(() => give(`no such line within ${timeoutMs} ms`), timeoutMs);
    watchers.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      watchers.delete(look);
    });
  };
  return { lines, otherLines, waitFor, stderr: () => errorText };
}

function parseLine(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs maglevd with these words to its end, in a clean environment. */
export function runMaglevd(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const options = { env: cleanEnvironment(env), timeout: startTimeoutMs, killSignal: 'SIGKILL' } as const;
  execFile(process.execPath, [mainPath, ...flags], options, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
  });
  return promise;
}
