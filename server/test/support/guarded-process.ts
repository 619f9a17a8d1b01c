// Child processes that end with the test, however it ends, and the temporary directories they live in.
// It must not know what runs in them.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running program; its pid is the program's own, whatever wrapped it at the start. */
export interface GuardedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  /** SIGKILL, and wait until it is gone; a second call only waits. */
  kill(): Promise<void>;
}

export interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio?: 'pipe' | 'ignore';
}

const living = new Set<ChildProcess>();
const directories = new Set<string>();

// A test that throws half-way still leaves nothing behind.
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/**
 * Starts `command` (wrappers that exec, such as `taskset -c 1`, may stand in front). The kernel kills it when
 * the process of the test dies without a word. Rejects when it cannot be started.
 */
export async function spawnGuarded(
  command: readonly string[],
  options: SpawnOptions = {},
): Promise<GuardedProcess> {
  const { env = process.env, stdio = 'ignore' } = options;
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { env, stdio });
  const { promise: ended, resolve: end } = Promise.withResolvers<ProcessEnd>();
  const { promise: started, resolve: start, reject: fail } = Promise.withResolvers<void>();
  child.once('spawn', start);
  child.once('error', fail);
  child.once('exit', (code, signal) => {
    living.delete(child);
    end({ code, signal });
  });
  await started;
  living.add(child);
  return {
    child,
    pid: child.pid as number,
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * A temporary directory; it is removed with all that is in it when the process ends, or by `removeDirectory`.
 */
export function makeDirectory(what: string): string {
  const directory = mkdtempSync(join(tmpdir(), `maglev-${what}-`));
  directories.add(directory);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
}

/** Throws unless `program` is on PATH (as root's login has it), and says which Debian package has it. */
export function requireProgram(program: string, packageName: string): string {
  const { PATH = '' } = process.env;
  for (const directory of [...PATH.split(delimiter), '/usr/sbin', '/sbin']) {
    const path = join(directory, program);
    if (directory !== '' && existsSync(path)) return path;
  }
  throw new Error(`${program} is missing and this test needs it: apt-get install ${packageName}`);
}

/**
 * Looks again every 10 ms until `look` gives something other than undefined; throws with `what` when it does
 * not.
 */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(10);
  }
}
