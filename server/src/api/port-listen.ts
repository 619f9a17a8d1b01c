// Opening the port's TCP side, and saying in one sentence why it could not be. It must not know protocols.
import { isIPv6, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { ListenAddress } from '../lib/listen-address.ts';

/** What is wrong and what to do, by the system's name for it. */
const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there: stop it, or name another port',
  EADDRNOTAVAIL: 'the machine does not have this address: name one that it has, or the port alone',
  EACCES: 'not permitted: name a port from 1024 on, or give the daemon CAP_NET_BIND_SERVICE',
  ENOTFOUND: 'no such host name: name an address',
  EAI_AGAIN: 'the host name cannot be looked up now: name an address',
  EAFNOSUPPORT: 'the machine does not speak this kind of address: name one that it has',
};

/**
 * Lets Fastify's server listen, on all addresses where none is named; on a machine without IPv6 on those of
 * IPv4. Resolves to the port. Rejects with a sentence that names flag, address and what to do.
 */
export async function listenTcp(app: FastifyInstance, address: ListenAddress, flag: string): Promise<number> {
  const { host = '::', port } = address;
  try {
    await app.listen({ host: namedAddresses[host]?.[0] ?? host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EAFNOSUPPORT' && address.host === undefined) {
      return listenTcp(app, { host: '0.0.0.0', port }, flag);
    }
    const place = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
    throw new Error(`--${flag}: cannot listen on ${place}: ${advice[code ?? ''] ?? message} (${code})`);
  }
  const bound = app.server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

/** Fastify would make a second server for the name `localhost`; we open it beside the first. */
const namedAddresses: Readonly<Record<string, readonly [string, string]>> = {
  localhost: ['127.0.0.1', '::1'],
};

/**
 * The second address of a name that means two, opened by `server` with the port of the first. Resolves to
 * whether it was: a machine without IPv6 does not have it.
 */
export function listenOnSecond(server: Server, name: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const host = namedAddresses[name]?.[1];
    if (host === undefined) return resolve(false);
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => resolve(true));
  });
}
