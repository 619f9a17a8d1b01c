// Servers in a process of their own, so that their descriptors and memory do not mix with the probes'.
// As a program: serves the behaviours it is asked for over IPC. As a module: starts that program.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { behaviours } from './behaviours.ts';
import { createAuthority } from './certificates.ts';
import { serve } from './misbehaving-server.ts';

export type BehaviourName = keyof typeof behaviours;

export interface Wanted {
  readonly name: BehaviourName;
  readonly isTls?: boolean;
}

export interface ServerProcess {
  /** In the order asked for; all on 127.0.0.1. */
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

export async function startServerProcess(wanted: readonly Wanted[]): Promise<ServerProcess> {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url));
  child.send(wanted);
  const [ports] = (await once(child, 'message')) as [number[]];
  return {
    ports,
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function serveAll(wanted: readonly Wanted[]): Promise<number[]> {
  const { certPem, keyPem } = createAuthority('CA').issue({ addresses: ['127.0.0.1'] });
  const tls = { cert: certPem, key: keyPem };
  const servers = await Promise.all(
    wanted.map(({ name, isTls }) => serve(behaviours[name], isTls ? { tls } : {})),
  );
  return servers.map(({ port }) => port);
}

if (import.meta.main) {
  // A parent that is gone needs no servers.
  process.on('disconnect', () => process.exit());
  process.on('message', async (wanted: readonly Wanted[]) => process.send?.(await serveAll(wanted)));
}
