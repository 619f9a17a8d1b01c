// The event stream over HTTP, as server-sent events. It knows Fastify and the two kinds of response behind
// it, HTTP/1.1 and HTTP/2; what is sent, and when, is the fan-out's.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EventFeeds } from './event-fanout.ts';
import type { WatchRequest } from './event-schemas.ts';
import { readWatchQuery, sseGreeting } from './event-text.ts';

export interface SseOptions {
  readonly feeds: EventFeeds;
  /** Whole path of the route. */
  readonly url: string;
  /** Whether the caller may; throws an ApiError. */
  readonly before: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  /** Of a stream whose reader has left, which is most of them: Fastify's `onResponse` never hears of it. */
  readonly left: (request: FastifyRequest, reply: FastifyReply) => void;
}

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx would hold events back.
  'x-accel-buffering': 'no',
} as const;

/** Registers the route. A stop of the server ends all streams, before it waits for connections. */
export function registerSse(app: FastifyInstance, { feeds, url, before, left }: SseOptions): void {
  app.addHook('preClose', async () => feeds.stop());
  app.get(url, { onRequest: before, exposeHeadRoute: true }, (request, reply) => {
    const header = request.headers['last-event-id'];
    const wanted = readWatchQuery(
      request.query as Record<string, unknown>,
      Array.isArray(header) ? header.join(',') : header,
    );
    if (request.method === 'HEAD') return reply.headers(streamHeaders).send();
    openStream(feeds, wanted, reply, () => left(request, reply));
    return reply;
  });
}

function openStream(feeds: EventFeeds, wanted: WatchRequest, reply: FastifyReply, left: () => void): void {
  const { raw } = reply;
  // Refusals are thrown from here, as of every other route; nothing is written before a later turn.
  const stream = feeds.open(wanted, {
    write: (bytes) => void raw.write(bytes),
    pendingBytes: () => raw.writableLength,
    end: () => void raw.end(),
    destroy: () => void raw.destroy(),
  });
  reply.hijack();
  raw.on('drain', stream.drained);
  raw.on('close', () => {
    stream.close();
    if (!raw.writableFinished) left();
  });
  // A reader that leaves in the middle of a write is no fault; `close` follows.
  raw.on('error', stream.close);
  const headers = { ...reply.getHeaders(), ...streamHeaders } as Record<string, string>;
  // Over HTTP/1.1 the end of the connection is the end of the stream. Framed in chunks each event would be
  // four pieces to write instead of one. HTTP/2 has no such headers.
  const isHttp1 = reply.request.raw.httpVersionMajor === 1;
  if (isHttp1) raw.removeHeader('transfer-encoding');
  raw.writeHead(200, isHttp1 ? { ...headers, connection: 'close' } : headers);
  raw.write(sseGreeting);
}
