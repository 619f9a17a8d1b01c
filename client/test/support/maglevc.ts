// maglevc as a program, and a demo daemon in a network of its own that it talks to. Tests see output and exit
// codes only; it must not import anything of the client but the path of main.ts.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, mainPath as daemonPath } from '../../../server/test/support/maglevd.ts';
import { createNetns, type Netns } from '../../../server/test/support/netns.ts';

export const clientPath: string = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const runMsMax = 30_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface RunOptions {
  readonly netns?: Netns;
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which then ends. */
  readonly input?: string;
}

/** Runs maglevc with these words to its end; UTF-8, no terminal. */
export function runMaglevc(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const own = [process.execPath, clientPath, ...words];
  const { netns } = options;
  const [program = '', ...rest] = netns === undefined ? own : ['ip', 'netns', 'exec', netns.name, ...own];
  const env = cleanEnvironment({ LANG: 'C.UTF-8', ...options.env });
  const settings = { env, timeout: runMsMax, killSignal: 'SIGKILL' } as const;
  const child = execFile(program, rest, settings, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
  });
  child.stdin?.end(options.input ?? '');
  return promise;
}

export interface Demo {
  readonly netns: Netns;
  /** Inside the namespace: `127.0.0.1:9090`. */
  readonly server: string;
  /** Runs maglevc beside it. */
  run(line: string, options?: Omit<RunOptions, 'netns'>): Promise<Ran>;
  /** What REST answers below /api/v1. */
  rest(path: string): unknown;
  stop(): Promise<void>;
}

/** A demo in a namespace of its own, because its VIPs have fixed addresses. */
export async function startDemo(): Promise<Demo> {
  const netns = createNetns();
  const address = '127.0.0.1:9090';
  const words = [daemonPath, '--demo', '--grpc-addr', address, '--metrics-addr', ''];
  const child = netns.spawn(process.execPath, ...words);
  if (child.stdout === null) throw new Error('the demo has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('listening')) break;
  }
  child.stdout.resume();
  return {
    netns,
    server: address,
    run: (line, options) => runMaglevc(line.split(' '), { ...options, netns }),
    rest: (path) => JSON.parse(netns.exec('curl', '--silent', `http://${address}/api/v1${path}`)),
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      netns.remove();
    },
  };
}
