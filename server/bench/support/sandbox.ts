// The bench runs again inside namespaces of its own: a loopback that nobody else uses, so that the kernel's
// counters hold our probes and nothing else, and a process tree that the kernel ends with its first process.
// It must not know what is measured.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokenRun, type Package } from '../trial.ts';
import { searchPath } from './packages.ts';

/** Set inside only: the directory for the run's files, which the outer process removes. */
const marker = 'MAGLEV_BENCH_SANDBOX';

export const sandboxPackages: readonly Package[] = [
  { name: 'util-linux', program: 'unshare' },
  { name: 'iproute2', program: 'ip' },
];

/** Inside: brings up the loopback and gives the directory for files. Outside: undefined. */
export function enterSandbox(): string | undefined {
  const directory = process.env[marker];
  if (directory === undefined) return undefined;
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  // Whoever started us holds the other end for as long as it lives.
  process.stdin.on('end', () => process.exit(1)).resume();
  return directory;
}

/** Runs this program again inside; resolves with its exit code. Without root it needs user namespaces. */
export async function runInSandbox(script: string, args: readonly string[]): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'maglev-bench-'));
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const namespaces = [...user, '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const child = spawn('unshare', [...namespaces, process.execPath, script, ...args], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, PATH: searchPath, [marker]: directory },
  });
  // While it waits, unshare takes no other signal; with it goes everything inside.
  const kill = () => void child.kill('SIGKILL');
  process.on('SIGINT', kill).on('SIGTERM', kill);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', (error) => reject(new BrokenRun(`unshare: ${error.message}`)));
      child.on('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
