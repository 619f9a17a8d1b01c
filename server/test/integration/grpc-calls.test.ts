// How calls fail and end: codes and words, deadlines, cancellation, limits, streams, and who is asked first.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { WireType } from '@bufbuild/protobuf/wire';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import { Metadata } from '@grpc/grpc-js';
import { BadRequestSchema } from '@vpp-maglev/proto/error-details';
import { MaglevService, PauseBackendRequestSchema } from '@vpp-maglev/proto/maglev';
import type { EventJson } from '../../src/api/event-schemas.ts';
import type { HandlerContext } from '../../src/api/handlers.ts';
import { type Operation, operations } from '../../src/api/operations.ts';
import { must } from '../../src/lib/assert.ts';
import { createGrpcJsClient, createTransports, maglevClient } from '../support/grpc-clients.ts';
import { type GrpcServerOptions, startGrpcServer } from '../support/grpc-server.ts';

async function setUp(t: TestContext, options: GrpcServerOptions = {}, authorization?: string) {
  const server = await startGrpcServer(t, options);
  const { transports, close } = createTransports(server, [
    (next) => (request) => {
      if (authorization !== undefined) request.header.set('authorization', authorization);
      return next(request);
    },
  ]);
  t.after(close);
  return { server, transports, client: maglevClient(transportOf(transports, 'gRPC')) };
}

function transportOf(transports: readonly { name: string; transport: Transport }[], name: string): Transport {
  return must(transports.find((each) => each.name === name)?.transport, name);
}

/** The error of a call that must fail. */
async function errorOf(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => assert.fail('the call must fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}

/** The table with another handler in one row. */
function tableWith(rpc: string, handler: (...given: never[]) => unknown): readonly Operation[] {
  const replace = (row: Operation) => ({ ...row, handler: handler as Operation['handler'] });
  return operations.map((row) => (row.rpc === rpc ? replace(row) : row));
}

test('a refusal has the same code and words everywhere, and faults as details', async (t) => {
  const { server, transports } = await setUp(t);
  const rest = await server.daemon.api.inject({ url: '/api/v1/backends/b9' });
  const tooLong = { backend: 'b1', reason: 'x'.repeat(300) };
  const payload = { reason: tooLong.reason };
  const faulty = await server.daemon.api.inject({
    method: 'POST',
    url: '/api/v1/backends/b1/pause',
    payload,
  });
  for (const { name, transport } of transports) {
    const client = maglevClient(transport);
    const missing = await errorOf(client.getBackend({ backend: 'b9' }));
    assert.equal(missing.code, Code.NotFound, name);
    assert.equal(missing.rawMessage, rest.json().detail, name);
    const refused = await errorOf(client.pauseBackend(tooLong));
    assert.equal(refused.code, Code.InvalidArgument, name);
    assert.equal(refused.rawMessage, faulty.json().detail, name);
    const [details] = refused.findDetails(BadRequestSchema);
    assert.deepEqual(
      details?.fieldViolations.map(({ field, description }) => ({ path: field, message: description })),
      faulty.json().faults,
      name,
    );
  }
  assert.equal(server.daemon.control.checker().snapshot('b1')?.admin, 'active');
});

test('what is missing, too large, unspecified or unknown is refused with its path', async (t) => {
  const { client } = await setUp(t);
  const newer = create(PauseBackendRequestSchema, { backend: 'b1' });
  newer.$unknown = [{ no: 99, wireType: WireType.Varint, data: new Uint8Array([1]) }];
  const refusals: readonly (readonly [Promise<unknown>, RegExp])[] = [
    [client.getBackend({}), /backend: must NOT have fewer than 1 characters/],
    [client.listBackends({ state: [0] }), /state\.0: must be equal to one of/],
    [client.listBackends({ state: [99 as 0] }), /state\.0: must be/],
    [client.listHealthChecks({ type: 99 as 0 }), /type: must be/],
    [
      client.setFrontendPoolBackendWeight({ frontend: 'www', pool: 'primary', backend: 'b1', weight: 101 }),
      /weight: must be <= 100/,
    ],
    [client.pauseBackend(newer), /field 99: is no field of this request/],
  ];
  for (const [call, words] of refusals) {
    const error = await errorOf(call);
    assert.equal(error.code, Code.InvalidArgument);
    assert.match(error.rawMessage, words);
  }
  assert.equal((await client.listHealthChecks({ type: 0 })).healthchecks.length, 2);
});

async function postJson(url: string, rpc: string, body: string, type = 'application/json') {
  const method = `${url}/${MaglevService.typeName}/${rpc}`;
  return fetch(method, { method: 'POST', body, headers: { 'content-type': type } });
}

test('Connect JSON by hand: an answer, an unknown field, no JSON, wrong verb, unknown type', async (t) => {
  const { server } = await setUp(t);
  const { http1Url } = server;
  const answer = await postJson(http1Url, 'GetBackend', '{"backend":"b1"}');
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as { backend: { state: string } }).backend.state, 'BACKEND_STATE_UP');
  for (const body of ['{"backend":"b1","colour":"red"}', '{"backend":7}', '{']) {
    const refused = await postJson(http1Url, 'PauseBackend', body);
    assert.equal(refused.status, 400, body);
    assert.equal(((await refused.json()) as { code: string }).code, 'invalid_argument');
    assert.ok(refused.headers.get('x-request-id'));
  }
  assert.equal((await postJson(http1Url, 'GetBackend', '{}', 'text/yaml')).status, 415);
  assert.equal((await fetch(`${http1Url}/${MaglevService.typeName}/GetBackend`)).status, 405);
  const echo = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } };
  assert.deepEqual(await (await fetch(`${http1Url}/echo`, echo)).json(), { a: 1 });
  assert.equal((await fetch(`${http1Url}/a.b/c`, echo)).status, 404);
});

test('who may not is told so before the request is read; what became of it is told once', async (t) => {
  const { server, transports } = await setUp(t, {}, 'viewer');
  for (const { name, transport } of transports) {
    const client = maglevClient(transport);
    const error = await errorOf(client.pauseBackend({ backend: 'no such' }));
    assert.equal(error.code, Code.PermissionDenied, name);
    assert.equal(error.rawMessage, 'ask alice');
    assert.ok(error.metadata.get('x-request-id'), name);
    assert.equal((await client.getBackend({ backend: 'b1' })).backend?.name, 'b1');
  }
  const told = server.outcomes.filter(({ rpc }) => rpc === 'PauseBackend');
  assert.equal(told.length, transports.length);
  assert.deepEqual(told[0], {
    rpc: 'PauseBackend',
    user: 'viewer',
    fields: {},
    code: 'permission_denied',
    why: 'ask alice',
  });
});

test('wrong credentials: refused everywhere, with the headers of the refusal as metadata', async (t) => {
  const { server, transports } = await setUp(t, {}, 'wrong');
  for (const { name, transport } of transports) {
    const error = await errorOf(maglevClient(transport).getVersion({}));
    assert.equal(error.code, Code.Unauthenticated, name);
    assert.equal(error.metadata.get('retry-after'), '7', name);
  }
  assert.deepEqual(
    new Set(server.outcomes.map(({ user, code }) => `${user} ${code}`)),
    new Set(['undefined unauthenticated']),
  );
});

test('a change is told with its fields', async (t) => {
  const { server, client } = await setUp(t);
  await client.pauseBackend({ backend: 'b1', reason: 'test' });
  assert.deepEqual(server.outcomes, [
    { rpc: 'PauseBackend', user: undefined, fields: { backend: 'b1', reason: 'test' }, code: 'ok' },
  ]);
});

test('a deadline ends the wait and not the change', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const slow = async (context: HandlerContext, { backend }: { readonly backend: string }) => {
    arrived.resolve();
    await gate.promise;
    const result = await context.control.changeBackend(backend, 'pause', { by: 'test' });
    assert.ok(result.ok);
    return (getBackend.handler as (context: HandlerContext, request: object) => unknown)(context, {
      backend,
    });
  };
  const getBackend = must(
    operations.find(({ rpc }) => rpc === 'GetBackend'),
    'GetBackend',
  );
  const { server, client } = await setUp(t, { operations: tableWith('PauseBackend', slow) });
  const call = client.pauseBackend({ backend: 'b1' }, { timeoutMs: 300 });
  await arrived.promise;
  assert.equal((await errorOf(call)).code, Code.DeadlineExceeded);
  assert.equal(server.outcomes.length, 0);
  gate.resolve();
  while (server.outcomes.length === 0) await setImmediate();
  assert.equal(server.outcomes[0]?.code, 'ok');
  assert.equal(server.daemon.control.checker().snapshot('b1')?.state, 'paused');
});

test('the deadline is the server’s as well: grpc-js without its own timer sees the code', async (t) => {
  const never = () => new Promise(() => undefined);
  const { server } = await setUp(t, { operations: tableWith('GetVersion', never) });
  const session = connect(server.http2Url);
  t.after(() => session.destroy());
  const stream = session.request({
    ':method': 'POST',
    ':path': `/${MaglevService.typeName}/GetVersion`,
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': '50m',
  });
  stream.end(Buffer.alloc(5));
  stream.resume();
  const [trailers] = await once(stream, 'trailers');
  assert.equal(trailers['grpc-status'], String(Code.DeadlineExceeded));
});

test('a bug of ours: internal, with the cause in the log only', async (t) => {
  const broken = () => {
    throw new Error('a secret');
  };
  const { server, transports } = await setUp(t, { operations: tableWith('GetVersion', broken) });
  for (const { name, transport } of transports) {
    const error = await errorOf(maglevClient(transport).getVersion({}));
    assert.equal(error.code, Code.Internal, name);
    assert.doesNotMatch(error.message, /secret/);
  }
  const lines = server.daemon.logged.filter(({ message }) => message === 'request-failed');
  assert.equal(lines.length, transports.length);
  assert.match(JSON.stringify(lines[0]), /a secret/);
});

test('an answer that does not fit the contract is a bug of ours too', async (t) => {
  const { client } = await setUp(t, { operations: tableWith('GetVersion', () => ({ colour: 'red' })) });
  assert.equal((await errorOf(client.getVersion({}))).code, Code.Internal);
});

test('messages have a bound', async (t) => {
  const { transports } = await setUp(t);
  for (const { name, transport } of transports) {
    const error = await errorOf(
      maglevClient(transport).pauseBackend({ backend: 'b1', reason: 'x'.repeat(70_000) }),
    );
    assert.equal(error.code, Code.ResourceExhausted, name);
  }
});

test('methods and services that nobody serves are not implemented', async (t) => {
  const { server } = await setUp(t);
  const { daemon } = server;
  for (const service of ['maglev.v1.MaglevService/Nope', 'a.b.C/D']) {
    const session = connect(server.http2Url);
    const stream = session.request({
      ':method': 'POST',
      ':path': `/${service}`,
      'content-type': 'application/grpc+proto',
    });
    stream.end(Buffer.alloc(5));
    const [headers] = await once(stream, 'response');
    stream.resume();
    assert.equal(headers[':status'], 200);
    assert.equal(headers['grpc-status'], String(Code.Unimplemented));
    session.close();
  }
  assert.equal(daemon.logged.filter(({ level }) => level === 'error').length, 0);
});

// --- streams

const heartbeat = (seconds: number): EventJson => ({
  at: new Date(seconds * 1000).toISOString(),
  kind: 'heartbeat',
});

/** A handler that counts up until its signal comes. */
function counting() {
  const ended = Promise.withResolvers<void>();
  async function* handler(_context: HandlerContext, request: object, signal: AbortSignal) {
    assert.deepEqual(request, { kind: ['backend'], lastEventId: 'a-1' });
    try {
      for (let seconds = 0; !signal.aborted; seconds += 1) {
        yield heartbeat(seconds);
        if (seconds === 2) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }
    } finally {
      ended.resolve();
    }
  }
  return { handler, ended: ended.promise };
}
const watch = { kind: [2], lastEventId: 'a-1' };

test('a stream over every protocol, until the client has enough', async (t) => {
  const { handler, ended } = counting();
  const { transports } = await setUp(t, { operations: tableWith('WatchEvents', handler) });
  for (const { name, transport } of transports) {
    const abort = new AbortController();
    const seen: number[] = [];
    const read = async () => {
      for await (const { event } of maglevClient(transport).watchEvents(watch, { signal: abort.signal })) {
        seen.push(Number(event?.at?.seconds));
        if (seen.length === 3) abort.abort();
      }
    };
    assert.equal((await errorOf(read())).code, Code.Canceled, name);
    assert.deepEqual(seen, [0, 1, 2], name);
  }
  await ended;
});

async function drain(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const each of stream) if (each) count += 1;
  return count;
}

test('a stream ends with its deadline, and with the daemon', async (t) => {
  const { handler, ended } = counting();
  const { server, client } = await setUp(t, { operations: tableWith('WatchEvents', handler) });
  const late = await errorOf(drain(client.watchEvents(watch, { timeoutMs: 200 })));
  assert.equal(late.code, Code.DeadlineExceeded);
  await ended;
  const iterator = client.watchEvents(watch)[Symbol.asyncIterator]();
  await iterator.next();
  server.closing.abort();
  const rest = (async () => {
    while (!(await iterator.next()).done);
  })();
  const stopped = await errorOf(rest);
  assert.equal(stopped.code, Code.Unavailable);
  assert.equal(stopped.rawMessage, 'maglevd is stopping');
});

test('a stream whose handler does not listen ends all the same', async (t) => {
  async function* deaf() {
    yield heartbeat(0);
    await new Promise(() => undefined);
  }
  const { server, client } = await setUp(t, { operations: tableWith('WatchEvents', deaf) });
  const iterator = client.watchEvents({})[Symbol.asyncIterator]();
  await iterator.next();
  server.closing.abort();
  assert.equal((await errorOf(iterator.next())).code, Code.Unavailable);
});

test('a stream that is refused, one that fails midway, and one that ends', async (t) => {
  async function* failing(_context: HandlerContext, { level }: { level?: string }) {
    yield heartbeat(0);
    if (level === 'error') throw new Error('a secret');
  }
  const { server, client } = await setUp(t, { operations: tableWith('WatchEvents', failing) });
  const refused = await errorOf(drain(client.watchEvents({ lastEventId: '!' })));
  assert.equal(refused.code, Code.InvalidArgument);
  assert.match(refused.rawMessage, /lastEventId: must match pattern/);
  assert.equal(await drain(client.watchEvents({})), 1);
  const failed = await errorOf(drain(client.watchEvents({ level: 4 })));
  assert.equal(failed.code, Code.Internal);
  assert.doesNotMatch(failed.message, /secret/);
  assert.equal(server.daemon.logged.filter(({ message }) => message === 'request-failed').length, 1);
});

test('grpc-js: a refusal has its code, its words and its request id', async (t) => {
  const { server } = await setUp(t);
  const client = createGrpcJsClient(server.http2Url, 'maglev/v1/maglev.proto', MaglevService.typeName);
  t.after(() => client.close());
  const viewer = new Metadata();
  viewer.set('authorization', 'viewer');
  await assert.rejects(client.call('PauseBackend', { backend: 'b1' }, viewer), {
    code: 7,
    details: 'ask alice',
  });
  await assert.rejects(client.call('GetBackend', { backend: 'b9' }, new Metadata()), { code: 5 });
});

test('while the daemon starts nothing is answered, and nothing changed', async (t) => {
  const { client, server } = await setUp(t, { isStarting: true });
  for (const call of [client.getVersion({}), client.pauseBackend({ backend: 'b1' })]) {
    const error = await errorOf(call);
    assert.equal(error.code, Code.Unavailable);
    assert.match(error.rawMessage, /maglevd is starting/);
  }
  assert.equal(server.daemon.control.checker().snapshot('b1')?.admin, 'active');
});
