// A connection to the daemon, within a deadline, or one clear sentence why there is none.
import { connect as connectPlain, type Socket } from 'node:net';
import { after } from '../clock.ts';
import { Unreachable } from './api.ts';
import { authorityOf, type Target } from './target.ts';

export interface TlsFiles {
  /** PEM. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Rejects with Unreachable. The socket belongs to the caller. */
export async function dial(target: Target, files: TlsFiles, timeoutMs: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const { socket, readyEvent } = await open(target, files);
  const fail = (reason: string) => {
    socket.destroy();
    const server = target.kind === 'unix' ? `unix:${target.path}` : authorityOf(target);
    reject(new Unreachable(`no maglevd at ${server}: ${reason}`));
  };
  const cancel = after(timeoutMs, () => fail(`no answer within ${timeoutMs / 1000} s`));
  const onError = (error: NodeJS.ErrnoException) => fail(reasonOf(error));
  socket.once('error', onError);
  socket.once(readyEvent, () => {
    socket.removeListener('error', onError);
    resolve(socket);
  });
  return promise.finally(cancel);
}

async function open(target: Target, files: TlsFiles): Promise<{ socket: Socket; readyEvent: string }> {
  if (target.kind === 'unix') return { socket: connectPlain(target.path), readyEvent: 'connect' };
  const { host, port } = target;
  if (!target.isTls) return { socket: connectPlain({ host, port, noDelay: true }), readyEvent: 'connect' };
  // TLS is large; who speaks plainly does not wait for it.
  const { connect, rootCertificates } = await import('node:tls');
  const isAddress = /^[\d.]+$|:/.test(host);
  const socket = connect({
    host,
    port,
    ALPNProtocols: ['h2'],
    ...(!isAddress && { servername: host }),
    ...(files.ca !== undefined && { ca: [...rootCertificates, files.ca] }),
    ...(files.cert !== undefined && { cert: files.cert }),
    ...(files.key !== undefined && { key: files.key }),
  });
  return { socket, readyEvent: 'secureConnect' };
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: is it running, and is --server right?',
  ENOENT: 'there is no such socket',
  EACCES: 'this user may not open the socket',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name does not resolve now',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  ECONNRESET: 'the connection was reset; does it speak TLS?',
};

/** Of `localhost` both addresses may fail: the first reason stands for both. */
function reasonOf(error: NodeJS.ErrnoException & { readonly errors?: readonly Error[] }): string {
  const { code = '' } = error;
  return reasons[code] ?? (error.errors?.[0] ?? error).message ?? code;
}
