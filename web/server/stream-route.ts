// The stream over HTTP. It knows Fastify and the two kinds of response behind it, HTTP/1.1 and HTTP/2; what
// is sent, and when, is the streams'.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Streams } from './streams.ts';

export interface StreamRouteOptions {
  readonly streams: Streams;
  /** Whole path of the route. */
  readonly url: string;
  readonly canChange: boolean;
}

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx would hold messages back.
  'x-accel-buffering': 'no',
} as const;

/** A page that opens a new stream cannot set the header: it says in the query where it continues. */
export function addStreamRoute(
  scope: FastifyInstance,
  { streams, url, canChange }: StreamRouteOptions,
): void {
  scope.get(url, { exposeHeadRoute: false }, (request, reply) => {
    const lastEventId = lastEventIdOf(request);
    openStream(streams, { canChange, ...(lastEventId !== undefined && { lastEventId }) }, reply);
    return reply;
  });
}

function lastEventIdOf({ headers, query }: FastifyRequest): string | undefined {
  const header = headers['last-event-id'];
  if (typeof header === 'string' && header !== '') return header;
  const { lastEventId } = query as Readonly<Record<string, unknown>>;
  return typeof lastEventId === 'string' ? lastEventId : undefined;
}

function openStream(
  streams: Streams,
  wanted: { readonly canChange: boolean; readonly lastEventId?: string },
  reply: FastifyReply,
): void {
  const { raw } = reply;
  // A refusal is thrown from here; nothing is written before a later turn.
  const stream = streams.open(wanted, {
    write: (bytes) => void raw.write(bytes),
    pendingBytes: () => raw.writableLength,
    end: () => void raw.end(),
    destroy: () => void raw.destroy(),
  });
  reply.hijack();
  raw.on('drain', stream.drained);
  raw.on('close', stream.close);
  // A browser that leaves in the middle of a write is no fault; `close` follows.
  raw.on('error', stream.close);
  const headers = { ...reply.getHeaders(), ...streamHeaders } as Record<string, string>;
  // Over HTTP/1.1 the end of the connection is the end of the stream; HTTP/2 has no such headers.
  const isHttp1 = reply.request.raw.httpVersionMajor === 1;
  if (isHttp1) raw.removeHeader('transfer-encoding');
  raw.writeHead(200, isHttp1 ? { ...headers, connection: 'close' } : headers);
}
