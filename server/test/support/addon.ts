// The addon that tests run against, and what of the process it must not leak. MAGLEV_ADDON names another
// build: the sanitizer lane sets it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadNative, type Native } from '../../src/native.ts';

const { MAGLEV_ADDON } = process.env;

export const addonPath: string =
  MAGLEV_ADDON ?? fileURLToPath(new URL('../../native/build/maglev.node', import.meta.url));

/** CAP_NET_RAW in linux/capability.h. */
const netRawBit = 13n;

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
  const effective = /^CapEff:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const hasNetRaw = ((BigInt(`0x${effective}`) >> netRawBit) & 1n) === 1n;
  if (hasNetRaw) return false;
  const reason = 'raw sockets cannot be opened (CAP_NET_RAW), run the tests as root';
  process.stderr.write(`SKIPPED, ${reason}\n`);
  return reason;
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

/**
 * Resolves once this process has that many descriptors: an engine without work lets go of its spare sockets
 * after a second. Throws with the descriptors that there are when it never has.
 */
export async function descriptorsSettle(count: number): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (openDescriptors().length !== count) {
    if (performance.now() > endMs) throw new Error(`not ${count}: ${openDescriptors().join(' ')}`);
    await sleep(20);
  }
}

/** Connections from here to a local port of IPv4 that are established. */
export function connectionsTo(port: number): number {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/self/net/tcp', 'utf8').trim().split('\n').slice(1);
  const sockets = lines.map((line) => line.trim().split(/\s+/));
  return sockets.filter(([, , remote = '', state]) => remote.endsWith(end) && state === '01').length;
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
