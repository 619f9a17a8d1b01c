// The addon that tests run against, and what of the process it must not leak. MAGLEV_ADDON names another
// build: the sanitizer lane sets it.
import { readdirSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadNative, type Native } from '../../src/native.ts';

const { MAGLEV_ADDON } = process.env;

export const addonPath: string =
  MAGLEV_ADDON ?? fileURLToPath(new URL('../../native/build/maglev.node', import.meta.url));

/** Slow and with much memory of its own: counts are smaller under it. */
export const isSanitized = addonPath.includes('sanitized');

export function loadTestNative(): Native {
  return loadNative(addonPath);
}

/**
 * For the `skip` option of tests: false where raw sockets can be opened, else what is missing (also on
 * stderr).
 */
export function rawSocketSkip(): string | false {
  try {
    const socket = loadTestNative().openIcmp({ family: 4, identifier: 1, onPacket: ignore, onDeaf: ignore });
    socket.close();
    return false;
  } catch (error) {
    const reason = `raw sockets cannot be opened, run the tests as root: ${String(error)}`;
    process.stderr.write(`SKIPPED, ${reason}\n`);
    return reason;
  }
}

/** What the open descriptors of this process stand for, sorted; the one that reads the list is left out. */
export function openDescriptors(): string[] {
  const targets: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    const target = readDescriptor(fd);
    if (target !== undefined && !target.endsWith('/fd')) targets.push(target);
  }
  return targets.sort();
}

function readDescriptor(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch (error) {
    // It was the one that read the folder.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function threadCount(): number {
  return readdirSync('/proc/self/task').length;
}

/** Network namespace of each thread of this process: one text when none has strayed. */
export function threadNamespaces(): Set<string> {
  return new Set(
    readdirSync('/proc/self/task').map((task) => readlinkSync(`/proc/self/task/${task}/ns/net`)),
  );
}

export function ignore(): void {
  // For callbacks that a test does not care about.
}
