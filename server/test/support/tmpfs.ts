// Small file systems of our own for tests of full and read-only disks; needs root.
// It must not know what is stored on them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Tmpfs {
  readonly path: string;
  /** Makes it read-only, or writable again. */
  remount(access: 'ro' | 'rw'): void;
  /** Takes it away with all that is on it; a second call does nothing. */
  unmount(): void;
}

const mounted = new Set<Tmpfs>();

// A test that throws half-way still leaves nothing behind.
process.on('exit', () => {
  for (const tmpfs of mounted) tmpfs.unmount();
});

/**
 * For the `skip` option of tests: false where a tmpfs can be mounted, else what is missing. It is also
 * written to standard error, because a skipped test is easily overlooked.
 */
export function tmpfsSkip(): string | false {
  const missing = missingForTmpfs();
  if (missing !== undefined) process.stderr.write(`SKIPPED, no tmpfs can be mounted: ${missing}\n`);
  return missing ?? false;
}

function missingForTmpfs(): string | undefined {
  if (process.getuid?.() !== 0) return 'run the tests as root';
  try {
    mountTmpfs({ bytes: 64 * 1024 }).unmount();
    return undefined;
  } catch (error) {
    return `mount -t tmpfs failed (CAP_SYS_ADMIN? the Debian package is mount): ${String(error)}`;
  }
}

/** Mounts a tmpfs of so many bytes, and of so many files and directories, on a new temporary directory. */
export function mountTmpfs({ bytes, inodes = 1024 }: { bytes: number; inodes?: number }): Tmpfs {
  const path = mkdtempSync(join(tmpdir(), 'maglev-tmpfs-'));
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${bytes},nr_inodes=${inodes},mode=0755`, 'tmpfs', path);
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  const tmpfs: Tmpfs = {
    path,
    remount: (access) => run('mount', '-o', `remount,${access}`, path),
    unmount() {
      if (!mounted.delete(tmpfs)) return;
      run('umount', path);
      rmdirSync(path);
    },
  };
  mounted.add(tmpfs);
  return tmpfs;
}

/** Throws with the command's standard error. */
function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
