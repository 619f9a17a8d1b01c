// The real daemon on fakes behind real sockets: gRPC, gRPC-Web and Connect on one port with HTTP/2, on one
// with HTTP/1, beside the REST of the daemon itself.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fastify, { type FastifyInstance } from 'fastify';
import type { AuditOutcome } from '../../src/api/audit.ts';
import type { Caller } from '../../src/api/caller.ts';
import { ApiError } from '../../src/api/errors.ts';
import { createEventFeeds } from '../../src/api/event-fanout.ts';
import { type GrpcOptions, registerGrpc } from '../../src/api/grpc.ts';
import { createServing, type Serving } from '../../src/api/grpc-health.ts';
import { type Operation, operations } from '../../src/api/operations.ts';
import type { Control } from '../../src/control.ts';
import { startTestDaemon, type TestDaemon } from './daemon.ts';

export interface Outcome extends AuditOutcome {
  readonly rpc: string;
  readonly user: string | undefined;
  readonly fields: unknown;
}

export interface GrpcServer {
  readonly daemon: TestDaemon;
  readonly serving: Serving;
  readonly closing: AbortController;
  /** Where HTTP/2 without negotiation is spoken, and HTTP/1.1. */
  readonly http2Url: string;
  readonly http1Url: string;
  readonly outcomes: readonly Outcome[];
  /** Lets time-outs of zero happen until `work` is done; the time stays as it is. */
  settle<T>(work: Promise<T>): Promise<T>;
}

export interface GrpcServerOptions {
  readonly operations?: readonly Operation[];
  readonly reflection?: boolean;
  /** As long as the daemon has not started. */
  readonly isStarting?: boolean;
}

/** `authorization: viewer` asks for the role viewer, `wrong` is nobody; everybody else is the operator. */
async function callerOf(request: { headers: object; id: string }): Promise<Caller> {
  const user: unknown = Reflect.get(request.headers, 'authorization');
  if (user === 'wrong') {
    throw new ApiError('unauthenticated', 'no such user', [], { 'retry-after': '7' });
  }
  const role = user === 'viewer' ? 'viewer' : 'operator';
  const name = typeof user === 'string' ? { user } : {};
  return { role, address: '127.0.0.1', requestId: request.id, ...name };
}

/** Started, with backends up, and stopped with the test. */
export async function startGrpcServer(t: TestContext, options: GrpcServerOptions = {}): Promise<GrpcServer> {
  const daemon = await startTestDaemon();
  daemon.vpp.delayMs = 0;
  // Beyond the warm-up, and until the counters of VPP were read.
  await daemon.clock.advance(60_000);
  const { lb, log } = daemon;
  const starting: Control = Object.create(daemon.control, { isStarted: { value: () => false } });
  const control = options.isStarting === true ? starting : daemon.control;
  const feeds = createEventFeeds({ control, events: daemon.events, clock: daemon.clock });
  const serving = createServing();
  const closing = new AbortController();
  const outcomes: Outcome[] = [];
  const grpc: GrpcOptions = {
    operations: options.operations ?? operations,
    callerOf,
    authorize({ role }, caller) {
      if (role === 'operator' && caller.role !== role) throw new ApiError('permission_denied', 'ask alice');
    },
    contextOf: (caller) => ({ control, feeds, caller, ...(lb && { lb }) }),
    onOutcome: ({ rpc }, _request, caller, fields, outcome) =>
      outcomes.push({ rpc, user: caller?.user, fields, ...outcome }),
    log,
    serving,
    reflection: options.reflection ?? true,
    closing: closing.signal,
  };
  const apps = [fastify({ http2: true }) as unknown as FastifyInstance, fastify()];
  for (const app of apps) {
    // Another route of the same application has its JSON, by a parser of its own as REST has one.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) =>
      done(null, JSON.parse(text as string)),
    );
    app.post('/echo', async (request) => request.body);
    registerGrpc(app, grpc);
    await app.listen({ host: '127.0.0.1', port: 0 });
  }
  t.after(async () => {
    closing.abort();
    feeds.stop();
    await Promise.all(apps.map((app) => app.close()));
    await daemon.stop();
  });
  const [http2Url = '', http1Url = ''] = apps.map(
    ({ server }) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  async function settle<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    while (!isDone) {
      await daemon.clock.advance(0);
      await setImmediate();
    }
    return work;
  }
  assert.notEqual(http1Url, '');
  return { daemon, serving, closing, http2Url, http1Url, outcomes, settle };
}
