// The event stream of a test daemon behind a real port: Fastify with the route and nothing else around it.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { ApiError, errorTable, problemOf } from '../../src/api/errors.ts';
import { createEventFeeds, type EventFeeds } from '../../src/api/event-fanout.ts';
import { registerSse } from '../../src/api/sse.ts';
import { type Clock, realClock } from '../../src/lib/clock.ts';
import { startTestDaemon, type TestDaemon } from './daemon.ts';

export interface EventServer {
  readonly daemon: TestDaemon;
  readonly feeds: EventFeeds;
  readonly port: number;
  /** Of the stream, without a query. */
  readonly url: string;
  /** Method and status of each request that is over, and of each stream whose reader has left. */
  readonly answered: readonly string[];
  /** Ends the port alone, as the daemon does before anything else. */
  close(): Promise<void>;
  stop(): Promise<void>;
}

export interface EventServerOptions {
  readonly http2?: boolean;
  /** Moves the streams; the daemon has its own. */
  readonly clock?: Clock;
  readonly text?: string;
}

export async function startEventServer(options: EventServerOptions = {}): Promise<EventServer> {
  const { http2 = false, clock = realClock } = options;
  const daemon = await startTestDaemon(options.text);
  const { control, events } = daemon;
  const feeds = createEventFeeds({ control, events, clock });
  const answered: string[] = [];
  const common = { forceCloseConnections: true };
  const app = (http2
    ? fastify({ ...common, http2, http2SessionTimeout: 0 })
    : fastify(common)) as unknown as FastifyInstance;
  app.addHook('onRequest', async (_request, reply) => void reply.header('x-request-id', 'r1'));
  app.addHook('onResponse', async ({ method }, reply) => void answered.push(`${method} ${reply.statusCode}`));
  app.setErrorHandler((error, _request, reply) => {
    assert.ok(error instanceof ApiError, String(error));
    const { status } = errorTable[error.code];
    return reply
      .code(status)
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(error)));
  });
  registerSse(app, {
    feeds,
    url: '/api/v1/events',
    async before(request) {
      if (request.headers['x-forbidden']) throw new ApiError('permission_denied', 'not for you');
    },
    left: ({ method }) => void answered.push(`${method} left`),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    daemon,
    feeds,
    port,
    url: `http://127.0.0.1:${port}/api/v1/events`,
    answered,
    close: () => app.close(),
    async stop() {
      await app.close();
      await daemon.stop();
    },
  };
}
