// Every operation says the same over REST, gRPC, gRPC-Web and Connect, to clients that share no code with us.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { DescMethodUnary } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import { EventSchema, MaglevService } from '@vpp-maglev/proto/maglev';
import { fromRestJson, toRestJson } from '@vpp-maglev/proto/rest-json';
import { EventShape } from '../../src/api/event-schemas.ts';
import { type Operation, operations } from '../../src/api/operations.ts';
import { strictAjv } from '../../src/api/request-check.ts';
import { must } from '../../src/lib/assert.ts';
import { createGrpcJsClient, createTransports, maglevClient, protoDir } from '../support/grpc-clients.ts';
import { assertSame } from '../support/grpc-likeness.ts';
import { type GrpcServer, startGrpcServer } from '../support/grpc-server.ts';

const bufPath = new URL('../../../node_modules/.bin/buf', import.meta.url).pathname;
const unary = operations.filter(({ streams }) => streams !== true);
const names = { backend: 'b1', frontend: 'www', pool: 'primary', healthcheck: 'http-ok' };

/** A request that changes something, and changes nothing when it is repeated. */
function requestOf(operation: Operation): Record<string, unknown> {
  const params = Object.keys(operation.params.properties).map((name) => [name, Reflect.get(names, name)]);
  const extra: Record<string, object> = {
    ListBackends: { state: ['up', 'disabled'], frontend: 'www' },
    ListHealthChecks: { type: 'http' },
    SetFrontendPoolBackendWeight: { weight: 0, flush: true, reason: 'test' },
    PauseBackend: { reason: 'kernel upgrade' },
  };
  return { ...Object.fromEntries(params), ...extra[operation.rpc] };
}

async function askRest({ daemon, settle }: GrpcServer, operation: Operation): Promise<unknown> {
  const request = requestOf(operation);
  const url = `/api/v1${operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => String(request[name]))}`;
  for (const name of Object.keys(operation.params.properties)) delete request[name];
  const pairs = Object.entries(request).flatMap(([name, value]) => [value].flat().map((v) => [name, v]));
  const query = operation.verb === 'GET' ? `?${new URLSearchParams(pairs as string[][])}` : '';
  const body = operation.verb === 'GET' ? {} : { payload: request };
  const answer = await settle(
    Promise.resolve(daemon.api.inject({ method: operation.verb, url: url + query, ...body })),
  );
  assert.equal(answer.statusCode, 200, answer.body);
  const { wrapped } = operation;
  return wrapped === undefined ? answer.json() : { [wrapped]: answer.json() };
}

function methodOf(operation: Operation): DescMethodUnary {
  const method = must(
    MaglevService.methods.find(({ name }) => name === operation.rpc),
    operation.rpc,
  );
  return method as DescMethodUnary;
}

/** Pausing makes resuming possible, and so on: what comes first in the table may need what comes later. */
async function prepare({ daemon }: GrpcServer, { rpc }: Operation): Promise<void> {
  const by = { by: 'test' };
  if (rpc === 'EnableBackend' || rpc === 'DisableBackend') {
    await daemon.control.changeBackend('b1', 'resume', by);
  }
}

for (const operation of unary) {
  test(`${operation.rpc}: one answer over every protocol`, async (t) => {
    const server = await startGrpcServer(t);
    await prepare(server, operation);
    const { transports, close } = createTransports(server);
    t.after(close);
    // What the first request changes, the others find changed.
    await askRest(server, operation);
    const expected = await askRest(server, operation);
    const method = methodOf(operation);
    const message = fromRestJson(method.input, requestOf(operation));
    for (const { name, transport } of transports) {
      const call = transport.unary(method, undefined, 5000, undefined, message);
      const { message: answer, header } = await server.settle(call);
      assert.deepEqual(toRestJson(method.output, answer), expected, name);
      assert.ok(header.get('x-request-id'), `${name}: a request id`);
    }
    const client = grpcJs(t, server);
    assertSame(
      await server.settle(client.call(operation.rpc, grpcJsRequest(operation), new Metadata())),
      expected,
    );
  });
}

function grpcJs(t: TestContext, { http2Url }: GrpcServer) {
  const client = createGrpcJsClient(http2Url, 'maglev/v1/maglev.proto', 'maglev.v1.MaglevService');
  t.after(() => client.close());
  return client;
}

/** Enums by their names in the file, which only two requests have. */
function grpcJsRequest(operation: Operation): object {
  const request = requestOf(operation);
  if (operation.rpc === 'ListBackends') request['state'] = ['BACKEND_STATE_UP', 'BACKEND_STATE_DISABLED'];
  if (operation.rpc === 'ListHealthChecks') request['type'] = 'HEALTH_CHECK_TYPE_HTTP';
  return request;
}

async function curl(server: GrpcServer, rpc: string, data: object, ...flags: string[]): Promise<unknown> {
  const target = `${server.http2Url}/${rpc}`;
  const words = [
    'curl',
    '--protocol',
    'grpc',
    '--http2-prior-knowledge',
    ...flags,
    '--data',
    JSON.stringify(data),
  ];
  const { stdout } = await server.settle(promisify(execFile)(bufPath, [...words, target], { cwd: protoDir }));
  return JSON.parse(stdout);
}

test('buf curl, with the contract from the file and from reflection', async (t) => {
  const server = await startGrpcServer(t);
  const rpc = 'maglev.v1.MaglevService/GetBackend';
  for (const flags of [['--schema', '.'], ['--reflect'], ...alphas]) {
    const answer = (await curl(server, rpc, { backend: 'b1' }, ...flags)) as Record<string, object>;
    assert.equal(Reflect.get(must(answer['backend'], 'backend'), 'state'), 'BACKEND_STATE_UP');
  }
  await assert.rejects(curl(server, rpc, { backend: 'b9' }, '--reflect'), /not_found.*b9/s);
  const health = await curl(server, 'grpc.health.v1.Health/Check', {}, '--reflect');
  assert.deepEqual(health, { status: 'NOT_SERVING' });
});
const alphas = [['--reflect', '--reflect-protocol', 'grpc-v1alpha']];

test('without reflection nobody learns the contract, and the rest goes on', async (t) => {
  const server = await startGrpcServer(t, { reflection: false });
  const rpc = 'maglev.v1.MaglevService/GetVersion';
  await assert.rejects(curl(server, rpc, {}, '--reflect'), /failed to find service|unimplemented/);
  assert.ok(await curl(server, rpc, {}, '--schema', '.'));
});

test('WatchEvents: the whole picture, the same over every protocol, then what happens', async (t) => {
  const server = await startGrpcServer(t);
  const { transports, close } = createTransports(server);
  t.after(close);
  const pictures: unknown[] = [];
  for (const { name, transport } of transports) {
    const abort = new AbortController();
    const events = maglevClient(transport).watchEvents({ kind: [2, 3] }, { signal: abort.signal });
    const iterator = events[Symbol.asyncIterator]();
    const next = async () => {
      const { value } = await server.settle(iterator.next());
      const event = toRestJson(EventSchema, must(value?.event, 'event'));
      assert.ok(strictAjv.validate(EventShape, event), `${name}: ${strictAjv.errorsText()}`);
      return event;
    };
    const picture: object[] = [];
    for (let count = 0; count < 6; count += 1) picture.push(await next());
    pictures.push(picture);
    await server.daemon.control.changeBackend('fixed', 'pause', { by: 'test' });
    // Events are handed out in rounds, which have their time.
    await server.daemon.clock.advance(100);
    const change = await next();
    assert.equal(change['kind'], 'backend', name);
    assert.equal(change['snapshot'], undefined);
    abort.abort();
    await server.daemon.control.changeBackend('fixed', 'resume', { by: 'test' });
    await server.daemon.clock.advance(100);
  }
  const names = pictures.map((picture) =>
    JSON.stringify(picture).replaceAll(/"(at|id|code|detail)":"[^"]*",?/g, ''),
  );
  assert.equal(new Set(names).size, 1, names.join('\n'));
});
