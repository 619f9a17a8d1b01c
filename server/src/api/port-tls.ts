// TLS handshakes behind the port: the protocol is agreed in them, and the client's certificate shown. It must
// not know where the port's own certificate comes from, nor what a name in a certificate may do.
import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Log } from '../lib/log.ts';
import { type Connection, describeTls } from './port-connection.ts';
import type { TlsFiles } from './tls-files.ts';

export interface Handshakes {
  /** Shakes hands on a socket of which nothing was read; `onDone` is called when that went well. */
  start(socket: Socket, connection: Connection, onDone: () => void): void;
  /** From now on renewed files are not taken over. */
  stop(): void;
}

type Serve = (socket: TLSSocket, connection: Connection) => void;

/**
 * A client that agrees on no protocol gets HTTP/1. A certificate that does not verify is not refused but does
 * not count: reads need none, and the answer to a change can say why.
 */
export function createHandshakes(
  tls: TlsFiles,
  log: Log,
  serve: { readonly http1: Serve; readonly http2: Serve },
): Handshakes {
  const started = new Map<string, { readonly connection: Connection; readonly onDone: () => void }>();
  const server = createServer({
    ...tls.context(),
    requestCert: tls.asksForCertificates,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2', 'http/1.1'],
    allowHalfOpen: true,
  } as Parameters<typeof createServer>[0] & object);
  server.on('secureConnection', (socket) => {
    const begun = started.get(peersOf(socket));
    if (begun === undefined) {
      socket.destroy();
      return;
    }
    begun.onDone();
    const connection = describeTls(socket, begun.connection);
    if (socket.alpnProtocol === 'h2') serve.http2(socket, connection);
    else serve.http1(socket, connection);
  });
  server.on('tlsClientError', (error, socket) => {
    log.debug('tls-handshake-failed', { address: socket.remoteAddress, why: error.message });
    socket.destroy();
  });
  const unsubscribe = tls.onChange(() => server.setSecureContext(tls.context()));
  return {
    start(socket, connection, onDone) {
      const peers = peersOf(socket);
      const begun = { connection, onDone };
      started.set(peers, begun);
      socket.once('close', () => {
        if (started.get(peers) === begun) started.delete(peers);
      });
      server.emit('connection', socket);
    },
    stop: unsubscribe,
  };
}

/** Node does not say which socket a TLS socket was made of; both name the same two ends. */
function peersOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ');
}
