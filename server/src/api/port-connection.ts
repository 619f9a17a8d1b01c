// What access control needs to know of the connection that a request came over. Kept on the connection when
// it is made and on each request as it comes: an HTTP/2 request that was cancelled no longer knows its
// socket.
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface Connection {
  readonly kind: 'tcp' | 'unix';
  /** The peer's, IPv4 as IPv4; `unix` for the Unix socket. */
  readonly address: string;
  readonly isTls: boolean;
  /** Common name of the client's certificate, where one was shown and verified. */
  readonly certificateName?: string;
  /** Why the certificate that was shown does not count, as OpenSSL names it; e.g. `CERT_HAS_EXPIRED`. */
  readonly certificateFault?: string;
}

type RawRequest = IncomingMessage | Http2ServerRequest;

const key = Symbol('connection');
interface Marked {
  [key]?: Connection;
}

/** The peer's address as people write it: IPv4 as IPv4, also on a socket that serves both families. */
export function plainAddress(address: string): string {
  return /^::ffff:[0-9.]+$/i.test(address) ? address.slice('::ffff:'.length) : address;
}

/** Of a socket that has just been accepted. */
export function describePlain(socket: Socket, kind: Connection['kind']): Connection {
  if (kind === 'unix') return { kind, address: 'unix', isTls: false };
  return { kind, address: plainAddress(socket.remoteAddress ?? ''), isTls: false };
}

/** Of the same once its TLS handshake is done. */
export function describeTls(socket: TLSSocket, { kind, address }: Connection): Connection {
  const plain = { kind, address, isTls: true };
  const subject: unknown = socket.getPeerCertificate().subject;
  if (subject === undefined) return plain;
  if (!socket.authorized) return { ...plain, certificateFault: String(socket.authorizationError) };
  // A list where the subject has several: then none is the name.
  const { CN: name } = subject as { CN?: unknown };
  return typeof name === 'string' && name !== '' ? { ...plain, certificateName: name } : plain;
}

/** Notes it on what later requests can be asked for: a socket, an HTTP/2 session, a request. */
export function markConnection(target: object, connection: Connection): void {
  (target as Marked)[key] = connection;
}

export function markedConnection(target: object | undefined): Connection | undefined {
  return (target as Marked | undefined)?.[key];
}

/** The connection of a request; of one that Fastify's `inject` made up, what it says of itself. */
export function connectionOf(raw: RawRequest): Connection {
  const marked = markedConnection(raw);
  if (marked) return marked;
  return { kind: 'tcp', address: plainAddress(raw.socket?.remoteAddress ?? ''), isTls: false };
}
