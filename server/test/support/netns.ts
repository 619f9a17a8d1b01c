// Real network namespaces for tests, with unique names, removed with everything that ran in them.
// It must not know probes or the addon: only `ip` from iproute2.
import { type ChildProcess, execFileSync, spawn as spawnProcess } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface Netns {
  readonly name: string;
  /** What setns(2) opens. */
  readonly path: string;
  /** Runs a command inside to its end; gives its standard output. Throws with its standard error. */
  exec(command: string, ...args: string[]): string;
  /** Starts a command inside; it is killed by `remove` if it still runs then. */
  spawn(command: string, ...args: string[]): ChildProcess;
  /** Ends what `spawn` started and deletes the namespace; a second call does nothing. */
  remove(): void;
}

const living = new Set<Netns>();
// The sanitizers that our own process may run under are not for the programs of others, which do leak.
const { LD_PRELOAD: _, ...plainEnvironment } = process.env;
let created = 0;

// A test that throws half-way still leaves nothing behind.
process.on('exit', () => {
  for (const netns of living) netns.remove();
});

/**
 * For the `skip` option of tests: false where namespaces can be made, else what is missing. It is also
 * written to standard error, because a skipped test is easily overlooked.
 */
export function netnsSkip(): string | false {
  const missing = missingForNetns();
  if (missing !== undefined) process.stderr.write(`SKIPPED, namespaces cannot be made: ${missing}\n`);
  return missing ?? false;
}

function missingForNetns(): string | undefined {
  if (process.getuid?.() !== 0) return 'run the tests as root';
  const { PATH = '' } = process.env;
  if (!PATH.split(':').some((folder) => existsSync(`${folder}/ip`))) return 'install the package iproute2';
  try {
    ip('netns', 'add', probeName);
    ip('netns', 'delete', probeName);
    return undefined;
  } catch (error) {
    return `ip netns add failed (CAP_SYS_ADMIN?): ${String(error)}`;
  }
}

const probeName = `maglev-${process.pid}-probe`;

/** Runs `ip` in the root namespace; gives its standard output. Throws with its standard error. */
export function ip(...args: string[]): string {
  return execFileSync('ip', args, {
    encoding: 'utf8',
    env: plainEnvironment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Makes a namespace with `lo` up. A given name (to make it again after removal) must be free. */
export function createNetns(givenName?: string): Netns {
  const name = givenName ?? `maglev-${process.pid}-${created++}`;
  ip('netns', 'add', name);
  const children = new Set<ChildProcess>();
  let removed = false;
  const inside = (command: string, args: string[]) => ['netns', 'exec', name, command, ...args];
  const netns: Netns = {
    name,
    path: `/run/netns/${name}`,
    exec: (command, ...args) => ip(...inside(command, args)),
    spawn(command, ...args) {
      const child = spawnProcess('ip', inside(command, args), {
        env: plainEnvironment,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      children.add(child);
      child.once('exit', () => children.delete(child));
      return child;
    },
    remove() {
      if (removed) return;
      removed = true;
      living.delete(netns);
      for (const child of children) child.kill('SIGKILL');
      ip('netns', 'delete', name);
    },
  };
  living.add(netns);
  netns.exec('ip', 'link', 'set', 'lo', 'up');
  return netns;
}

/** Runs `use` with a fresh namespace and removes it whatever happens. */
export async function withNetns<T>(use: (netns: Netns) => T | Promise<T>): Promise<T> {
  const netns = createNetns();
  try {
    return await use(netns);
  } finally {
    netns.remove();
  }
}

export interface Link {
  /** `address/prefix` on each end; none = an end without addresses. */
  readonly addresses: readonly [near: readonly string[], far: readonly string[]];
  /** Name of the interface at both ends; default `v0`. */
  readonly name?: string;
}

/**
 * Joins two namespaces with a veth pair, both ends up; all addresses can be used when it returns (no DAD).
 */
export function joinNetns(near: Netns, far: Netns, link: Link): void {
  const device = link.name ?? 'v0';
  ip('link', 'add', device, 'netns', near.name, 'type', 'veth', 'peer', 'name', device, 'netns', far.name);
  for (const end of [near, far]) end.exec('ip', 'link', 'set', device, 'addrgenmode', 'none', 'up');
  // IPv6 neighbours are deaf until the kernel's own work queue has seen the carrier.
  for (const end of [near, far]) awaitOperational(end, device);
  for (const [end, addresses] of [
    [near, link.addresses[0]],
    [far, link.addresses[1]],
  ] as const) {
    for (const address of addresses) {
      const flags = address.includes(':') ? ['nodad'] : [];
      end.exec('ip', 'address', 'add', address, 'dev', device, ...flags);
    }
  }
}

function awaitOperational(netns: Netns, device: string): void {
  const tries = 500;
  for (let count = 0; count < tries; count += 1) {
    if (netns.exec('cat', `/sys/class/net/${device}/operstate`).trim() === 'up') return;
  }
  throw new Error(`${device} in ${netns.name} did not come up`);
}
