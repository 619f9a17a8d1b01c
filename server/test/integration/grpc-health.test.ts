// grpc.health.v1 as load balancers ask it: check, list, and a watch that follows start and stop.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { Metadata } from '@grpc/grpc-js';
import { Health, HealthCheckResponse_ServingStatus as Status } from '@vpp-maglev/proto/health';
import { must } from '../../src/lib/assert.ts';
import { createGrpcJsClient, createTransports } from '../support/grpc-clients.ts';
import { startGrpcServer } from '../support/grpc-server.ts';

const ours = 'maglev.v1.MaglevService';

async function setUp(t: TestContext) {
  const server = await startGrpcServer(t);
  const { transports, close } = createTransports(server);
  t.after(close);
  return { server, health: createClient(Health, must(transports[0], 'gRPC').transport) };
}

const refusedWith = (code: Code) => (error: unknown) => error instanceof ConnectError && error.code === code;

test('check and list follow what the daemon says of itself', async (t) => {
  const { server, health } = await setUp(t);
  const steps: readonly (readonly [boolean, Status])[] = [
    [false, Status.NOT_SERVING],
    [true, Status.SERVING],
    [false, Status.NOT_SERVING],
  ];
  for (const [isServing, status] of steps) {
    server.serving.set(isServing);
    for (const service of ['', ours]) assert.equal((await health.check({ service })).status, status);
    const { statuses } = await health.list({});
    assert.deepEqual(
      Object.entries(statuses).map(([name, each]) => [name, each.status]),
      [
        ['', status],
        [ours, status],
      ],
    );
  }
  await assert.rejects(health.check({ service: 'nobody' }), refusedWith(Code.NotFound));
});

test('grpc-js, which reads the file itself, gets the same', async (t) => {
  const { server } = await setUp(t);
  server.serving.set(true);
  const client = createGrpcJsClient(server.http2Url, 'grpc/health/v1/health.proto', 'grpc.health.v1.Health');
  t.after(() => client.close());
  const answer = await client.call('Check', { service: ours }, new Metadata());
  assert.deepEqual(answer, { status: 'SERVING' });
});

test('a watch tells the state at once and each change once, and ends with the daemon', async (t) => {
  const { server, health } = await setUp(t);
  const statuses = health.watch({ service: ours })[Symbol.asyncIterator]();
  const next = async () => (await statuses.next()).value?.status;
  assert.equal(await next(), Status.NOT_SERVING);
  server.serving.set(true);
  assert.equal(await next(), Status.SERVING);
  // To and back while nobody looks is no change; the stop is one, also in the same moment as the end.
  server.serving.set(false);
  server.serving.set(true);
  server.serving.set(false);
  server.closing.abort();
  assert.equal(await next(), Status.NOT_SERVING);
  await assert.rejects(next(), refusedWith(Code.Unavailable));
});

test('a watch of what is not known says so and stays; one that goes leaves nothing behind', async (t) => {
  const { health } = await setUp(t);
  const abort = new AbortController();
  const statuses = health.watch({ service: 'nobody' }, { signal: abort.signal })[Symbol.asyncIterator]();
  assert.equal((await statuses.next()).value?.status, Status.SERVICE_UNKNOWN);
  abort.abort();
  await assert.rejects(statuses.next(), refusedWith(Code.Canceled));
});

test('a watch has a deadline like any call', async (t) => {
  const { health } = await setUp(t);
  const statuses = health.watch({ service: '' }, { timeoutMs: 200 })[Symbol.asyncIterator]();
  assert.equal((await statuses.next()).value?.status, Status.NOT_SERVING);
  await assert.rejects(statuses.next(), refusedWith(Code.DeadlineExceeded));
});
