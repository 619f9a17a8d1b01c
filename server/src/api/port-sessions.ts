// HTTP/2 behind the port: its limits, and for each session whether the peer is still there, has been idle for
// too long, or pings too much. It must not know how a socket came here nor what a request is for.
import {
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../lib/clock.ts';
import { type Connection, markConnection, markedConnection } from './port-connection.ts';
import type { PortLimits } from './port-limits.ts';

export interface Sessions {
  /** Makes a session of a socket on which nothing but HTTP/2 is spoken; the preface is still to be read. */
  serve(socket: Socket, connection: Connection): void;
  count(): number;
  /** Says GOAWAY to every session: those without streams end now, others with their last stream. */
  close(): Promise<void>;
}

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** `handler` gets what Node's compatible API makes of a stream. */
export function createSessions(clock: Clock, limits: PortLimits, handler: Handler): Sessions {
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server(limits);
  /** Of the socket that is being made a session: Node does so within the call. */
  let current: Connection | undefined;
  server.on('request', (request, response) => {
    const connection = markedConnection(request.stream.session);
    if (connection) markConnection(request, connection);
    handler(request, response);
  });
  server.on('session', (session) => {
    sessions.add(session);
    if (current) markConnection(session, current);
    const stopKeeping = keepSession(session, clock, limits);
    session.once('close', () => {
      sessions.delete(session);
      stopKeeping();
    });
  });
  return {
    serve(socket, connection) {
      // The listener lets HTTP/1 clients close their side first; in HTTP/2 that is the end of the connection.
      socket.allowHalfOpen = false;
      current = connection;
      server.emit('connection', socket);
      current = undefined;
    },
    count: () => sessions.size,
    async close() {
      const ended = Array.from(
        sessions,
        (session) => new Promise<void>((resolve) => void session.once('close', () => resolve())),
      );
      for (const session of sessions) session.close();
      await Promise.all(ended);
    },
  };
}

function createHttp2Server(limits: PortLimits): Http2Server {
  return createServer({
    settings: {
      maxConcurrentStreams: limits.http2StreamsMax,
      maxHeaderListSize: limits.http2HeaderBytesMax,
      enableConnectProtocol: false,
    },
    maxHeaderListPairs: limits.http2HeaderPairsMax,
    maxSessionMemory: limits.http2SessionMegabytesMax,
    maxSessionInvalidFrames: limits.http2InvalidFramesMax,
    streamResetBurst: limits.http2ResetBurstMax,
    streamResetRate: limits.http2ResetsPerSecondMax,
  });
}

/** Watches one session until the function that comes back is called. */
function keepSession(session: ServerHttp2Session, clock: Clock, limits: PortLimits): () => void {
  let openStreams = 0;
  let idleSinceMs = clock.nowMs();
  let answerTimer: Timer | undefined;
  const look = () => {
    if (session.destroyed) return;
    if (openStreams === 0) {
      if (clock.nowMs() - idleSinceMs >= limits.http2IdleMsMax) return session.close();
    } else {
      // A peer that is gone, or that reads nothing at all, does not answer.
      answerTimer?.cancel();
      answerTimer = clock.setTimer(limits.http2PingAnswerMsMax, () => session.destroy());
      session.ping((error) => error === null && answerTimer?.cancel());
    }
    lookTimer = clock.setTimer(limits.http2PingIntervalMs, look);
  };
  let lookTimer = clock.setTimer(limits.http2PingIntervalMs, look);
  session.on('stream', (stream, headers) => {
    if (stream.destroyed) return;
    openStreams++;
    const isGrpc = headers['content-type']?.startsWith('application/grpc') ?? false;
    const bodyTimer = isGrpc || stream.endAfterHeaders ? undefined : awaitBody(stream, clock, limits);
    stream.once('close', () => {
      openStreams--;
      if (openStreams === 0) idleSinceMs = clock.nowMs();
      bodyTimer?.cancel();
    });
  });
  refusePings(session, clock, limits, () => openStreams > 0);
  return () => {
    lookTimer.cancel();
    answerTimer?.cancel();
  };
}

/** Too many of them within one window end the session, as gRPC's servers do. */
function refusePings(
  session: ServerHttp2Session,
  clock: Clock,
  limits: PortLimits,
  isBusy: () => boolean,
): void {
  let windowStartMs = clock.nowMs();
  let count = 0;
  session.on('ping', () => {
    if (session.destroyed) return;
    if (clock.nowMs() - windowStartMs >= limits.http2PingWindowMs) {
      windowStartMs = clock.nowMs();
      count = 0;
    }
    count++;
    if (count <= (isBusy() ? limits.http2BusyPingsMax : limits.http2IdlePingsMax)) return;
    const code = constants.NGHTTP2_ENHANCE_YOUR_CALM;
    session.goaway(code, 0, Buffer.from('too_many_pings'));
    session.destroy(undefined, code);
  });
}

/**
 * The body of a request has the time that HTTP/1 gives it. Not so in gRPC, where a client may hold its side
 * of a stream open for as long as it asks (reflection), and gives deadlines itself.
 */
function awaitBody(stream: ServerHttp2Stream, clock: Clock, limits: PortLimits): Timer {
  const giveUp = () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  const timer = clock.setTimer(limits.requestTimeoutMs, giveUp);
  stream.once('end', () => timer.cancel());
  return timer;
}
