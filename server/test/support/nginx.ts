// Debian's nginx as real backends: one process per set of addresses, so that each can be killed alone.
// Writes nothing outside its temporary directory; it must not know maglevd.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import {
  eventually,
  makeDirectory,
  removeDirectory,
  requireProgram,
  spawnGuarded,
} from './guarded-process.ts';
import type { Netns } from './netns.ts';

export interface NginxOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Runs inside this namespace. */
  readonly netns?: Netns;
  /** Programs that exec, in front of nginx: `taskset -c 0`. */
  readonly wrapper?: readonly string[];
  /** Keeps an access log, for `requestCount`. */
  readonly counts?: boolean;
  readonly connectionsMax?: number;
}

export interface Nginx {
  readonly options: NginxOptions;
  readonly pid: number;
  /** Requests answered since the start; needs `counts`. */
  requestCount(): number;
  /** SIGKILL, and wait until it is gone; its directory goes too. */
  kill(): Promise<void>;
}

const startTimeoutMs = 30_000;

/** Starts nginx, which answers every request with 200; resolves when it listens. */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const nginx = requireProgram('nginx', 'nginx-light');
  const { netns, wrapper = [], counts = false } = options;
  const directory = makeDirectory('nginx');
  const file = (name: string) => join(directory, name);
  writeFileSync(file('nginx.conf'), configText(options, directory));
  const enter = netns ? ['ip', 'netns', 'exec', netns.name] : [];
  const own = [nginx, '-p', directory, '-e', file('error.log'), '-c', file('nginx.conf')];
  const running = await spawnGuarded([...enter, ...wrapper, ...own]);
  let died = false;
  void running.ended.then(() => {
    died = true;
  });
  const kill = async () => {
    await running.kill();
    removeDirectory(directory);
  };
  // nginx writes its pid once it listens.
  const listening = () => {
    if (died) throw new Error(`nginx did not start: ${readFileSync(file('error.log'), 'utf8')}`);
    return readIfThere(file('pid')).endsWith('\n') ? true : undefined;
  };
  try {
    await eventually(`nginx on ${options.addresses[0]} listens`, startTimeoutMs, listening);
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    options,
    pid: running.pid,
    requestCount() {
      if (!counts) throw new Error('this nginx keeps no access log');
      return readFileSync(file('access.log'), 'utf8').split('\n').length - 1;
    },
    kill,
  };
}

/** One nginx process per address, all on one port, started a few at a time. */
export async function startNginxEach(
  addresses: readonly string[],
  options: Omit<NginxOptions, 'addresses'>,
): Promise<Map<string, Nginx>> {
  const started = new Map<string, Nginx>();
  const rest = [...addresses];
  const work = async () => {
    for (let address = rest.shift(); address !== undefined; address = rest.shift()) {
      started.set(address, await startNginx({ ...options, addresses: [address] }));
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return new Map(addresses.map((address) => [address, started.get(address) as Nginx]));
}

/** A port that is free on all of these addresses of the root namespace. */
export async function findFreePort(addresses: readonly string[]): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const first = await listenOn(addresses[0] as string, 0);
    if (first === undefined) continue;
    const others = await Promise.all(addresses.slice(1).map((address) => listenOn(address, first.port)));
    const all = [first, ...others];
    for (const one of all) await one?.close();
    if (!all.includes(undefined)) return first.port;
  }
  throw new Error(`no port is free on all of ${addresses.length} addresses`);
}

async function listenOn(address: string, port: number) {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, address, () => resolve(true));
  if (!(await promise)) return undefined;
  const bound = server.address() as { readonly port: number };
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const closeServer = () => {
    server.close(() => close());
    return closed;
  };
  return { port: bound.port, close: closeServer };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return '';
  }
}

function configText(options: NginxOptions, directory: string): string {
  const { addresses, port, counts = false, connectionsMax = 64 } = options;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const log = counts ? `access_log ${directory}/access.log` : 'access_log off';
  return `daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile ${connectionsMax + addresses.length + 64};
pid ${directory}/pid;
error_log ${directory}/error.log warn;
events { worker_connections ${connectionsMax + addresses.length}; multi_accept on; }
http {
  ${log};
  ${temporary.map((name) => `${name}_temp_path ${directory}/temporary;`).join('\n  ')}
  server {
    ${addresses.map((address) => `listen ${address}:${port} backlog=4096;`).join('\n    ')}
    location / { return 200 "ok\\n"; }
  }
}
`;
}
