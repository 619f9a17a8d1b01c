// One port for all: HTTP/1.1, HTTP/2 without negotiation (gRPC), both over TLS, and the same on a Unix
// socket, in front of one Fastify application. It must not know what is asked for, nor who may ask.
import type { Server as HttpServer, RequestListener } from 'node:http';
import { createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { assert, must } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import { portFullLogIntervalMs } from '../lib/limits.ts';
import type { ListenAddress } from '../lib/listen-address.ts';
import type { Log } from '../lib/log.ts';
import { type Connection, describePlain, markConnection } from './port-connection.ts';
import { createHttp1 } from './port-http1.ts';
import { type PortLimits, portLimits } from './port-limits.ts';
import { listenOnSecond, listenTcp } from './port-listen.ts';
import { protocolOf, tlsOnlyAnswer } from './port-preface.ts';
import { createSessions } from './port-sessions.ts';
import { createHandshakes } from './port-tls.ts';
import { createWaitingRoom, readUntil } from './port-waiting.ts';
import type { TlsFiles } from './tls-files.ts';
import { listenOnUnixSocket } from './unix-socket.ts';

export interface PortOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Absent: the port speaks plainly. The Unix socket always does. */
  readonly tls?: TlsFiles;
  readonly limits?: Partial<PortLimits>;
}

export interface Port {
  /** For Fastify's option of this name, once. `app.close()` closes the port with all that it opened. */
  readonly serverFactory: (handler: RequestListener) => HttpServer;
  /** Aborted when the port closes: whoever owns a stream ends it then, before it is cut. */
  readonly closing: AbortSignal;
  /** Resolves to the port; rejects with a sentence that names flag, address and what to do. */
  listen(app: FastifyInstance, address: ListenAddress, flag: string): Promise<number>;
  /** Serves the same on a Unix socket; after `listen`. Rejects like it. Mode 0660. */
  listenUnix(path: string, flag: string): Promise<void>;
  /** Connections that are open, that have not said what they speak, and HTTP/2 sessions among them. */
  counts(): { readonly open: number; readonly undecided: number; readonly sessions: number };
}

export function createPort(options: PortOptions): Port {
  const closing = new AbortController();
  let parts: Parts | undefined;
  const built = () => must(parts, 'server yet: Fastify asks for it when it is made');
  return {
    serverFactory(handler) {
      assert(parts === undefined, 'one port serves one application');
      parts = createParts(options, handler, closing);
      return parts.server;
    },
    closing: closing.signal,
    async listen(app, address, flag) {
      const port = await listenTcp(app, address, flag);
      if (address.host !== undefined) await built().listenBeside(address.host, port);
      return port;
    },
    listenUnix: (path, flag) => built().listenUnix(path, flag),
    counts: () => parts?.counts() ?? { open: 0, undecided: 0, sessions: 0 },
  };
}

interface Parts {
  readonly server: HttpServer;
  listenBeside(name: string, port: number): Promise<void>;
  listenUnix(path: string, flag: string): Promise<void>;
  counts: Port['counts'];
}

function createParts(options: PortOptions, handler: RequestListener, closing: AbortController): Parts {
  const { clock, tls, log } = options;
  const limits = { ...portLimits, ...options.limits };
  const sockets = new Set<Socket>();
  const beside: NetServer[] = [];
  const waiting = createWaitingRoom(clock, limits.portDecideMsMax, limits.portUndecidedMax);
  const http1 = createHttp1(limits, handler);
  const sessions = createSessions(clock, limits, handler as unknown as Parameters<typeof createSessions>[2]);
  const serveHttp1 = (socket: Socket, connection: Connection) => {
    markConnection(socket, connection);
    http1.serve(socket);
  };
  const handshakes = tls && createHandshakes(tls, log, { http1: serveHttp1, http2: sessions.serve });

  function accept(socket: Socket, kind: Connection['kind']): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const leave = waiting.enter(socket);
    const connection = describePlain(socket, kind);
    const isTls = handshakes !== undefined && kind === 'tcp';
    readUntil(
      socket,
      (bytes) => protocolOf(bytes, isTls),
      (protocol) => {
        // What leaves the waiting room has other deadlines; a handshake has not, and stays.
        if (protocol === 'tls') return handshakes?.start(socket, connection, leave);
        if (protocol === 'plain-on-tls') return refusePlain(socket);
        leave();
        if (protocol === 'http2') sessions.serve(socket, connection);
        else serveHttp1(socket, connection);
      },
    );
  }

  const logDropsOf = logDrops(clock, log, limits.connectionsMax);
  function addBeside(kind: Connection['kind']): NetServer {
    const server = createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => accept(socket, kind));
    server.maxConnections = limits.connectionsMax;
    logDropsOf(server);
    beside.push(server);
    return server;
  }

  http1.server.on('connection', (socket: Socket) => accept(socket, 'tcp'));
  logDropsOf(http1.server);
  closeWith(http1.server, beside, () => {
    closing.abort();
    handshakes?.stop();
    waiting.empty();
    http1.drain();
    const sessionsEnded = sessions.close();
    const socketsEnded = Array.from(
      sockets,
      (socket) => new Promise<void>((resolve) => void socket.once('close', () => resolve())),
    );
    const force = clock.setTimer(limits.portDrainMsMax, () => {
      for (const socket of sockets) socket.destroy();
    });
    return Promise.all([sessionsEnded, ...socketsEnded]).then(() => force.cancel());
  });
  return {
    server: http1.server,
    async listenBeside(name, port) {
      await listenOnSecond(addBeside('tcp'), name, port);
    },
    async listenUnix(path, flag) {
      assert(http1.server.listening, 'the deadlines of HTTP/1 run once the port listens');
      await listenOnUnixSocket(addBeside('unix'), path, flag, clock);
    },
    counts: () => ({ open: sockets.size, undecided: waiting.count(), sessions: sessions.count() }),
  };
}

/**
 * Who finds no place, in the port's bound or in the process's for files, is closed without a word, and the
 * port goes on; the log has a line now and then.
 */
function logDrops(clock: Clock, log: Log, connectionsMax: number): (server: NetServer) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  const warn = (message: string, attributes: object) => {
    if (clock.nowMs() - lastMs < portFullLogIntervalMs) return;
    lastMs = clock.nowMs();
    log.warn(message, { ...attributes });
  };
  return (server) => {
    server.on('drop', () => warn('connections-at-limit', { connectionsMax }));
    // Before it listens the error is the caller's to tell.
    server.on('error', ({ message }) => server.listening && warn('accept-failed', { why: message }));
  };
}

/** Says why, and reads on so that the answer is not lost in a reset; the waiting room's deadline ends it. */
function refusePlain(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.resume();
  socket.end(tlsOnlyAnswer);
}

/**
 * Closing `server`, as Fastify does, closes those beside it too, once `drain` has ended the connections.
 * Closing again waits for the same end.
 */
function closeWith(server: HttpServer, beside: readonly NetServer[], drain: () => Promise<void>): void {
  const closeAlone = server.close.bind(server);
  let ending: Promise<Error | undefined> | undefined;
  async function endAll(): Promise<Error | undefined> {
    const closed = [closeAlone, ...beside.map((other) => other.close.bind(other))].map(
      (close) => new Promise<Error | undefined>((resolve) => void close(resolve)),
    );
    await drain();
    const [error] = await Promise.all(closed);
    return error;
  }
  server.close = (done) => {
    ending ??= endAll();
    void ending.then((error) => done?.(error));
    return server;
  };
}
