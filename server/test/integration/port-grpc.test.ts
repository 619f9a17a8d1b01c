// A Connect service behind the port, called by a gRPC client that is not of the same makers: h2c, TLS, Unix.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { create, createFileRegistry, type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_wrappers,
  type StringValue,
  StringValueSchema,
} from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
import { Client, type ClientReadableStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import type { Port, PortOptions } from '../../src/api/port.ts';
import { connectionOf } from '../../src/api/port-connection.ts';
import { openTlsFiles } from '../../src/api/tls-files.ts';
import { must } from '../../src/lib/assert.ts';
import { realClock } from '../../src/lib/clock.ts';
import { createAuthority } from '../support/certificates.ts';
import { createTestLog, startTestApp, waitUntil } from '../support/port-app.ts';

const text = '.google.protobuf.StringValue';
const echoFile = create(FileDescriptorProtoSchema, {
  name: 'echo.proto',
  package: 'test',
  syntax: 'proto3',
  dependency: ['google/protobuf/wrappers.proto'],
  service: [
    {
      name: 'Echo',
      method: [
        { name: 'Say', inputType: text, outputType: text },
        { name: 'Repeat', inputType: text, outputType: text, serverStreaming: true },
      ],
    },
  ],
});

function echoService(): DescService {
  const files = [file_google_protobuf_wrappers.proto, echoFile];
  const set = create(FileDescriptorSetSchema, { file: files });
  return must(createFileRegistry(set).getService('test.Echo'), 'service');
}

/** `Repeat` says its word three times and then waits for the end, the caller's or the port's. */
async function serveEcho(app: FastifyInstance, port: Port): Promise<{ open: () => number }> {
  let open = 0;
  const say = (value: string) => create(StringValueSchema, { value });
  async function* repeat({ value }: StringValue, { signal }: HandlerContext) {
    open++;
    try {
      for (let count = 0; count < 3; count++) yield say(`${value} ${count}`);
      const ended = AbortSignal.any([signal, port.closing]);
      if (!ended.aborted) await once(ended, 'abort');
      throw new ConnectError('maglevd stops', Code.Unavailable);
    } finally {
      open--;
    }
  }
  app.addHook('onRequest', async (request) => {
    request.headers['x-test-caller'] = connectionOf(request.raw).kind;
  });
  await app.register(fastifyConnectPlugin, {
    routes(router) {
      router.service(echoService(), {
        say: ({ value }: StringValue) => say(`you said ${value}`),
        repeat,
      } as never);
    },
  });
  return { open: () => open };
}

const serialize = (value: string) =>
  Buffer.from(toBinary(StringValueSchema, create(StringValueSchema, { value })));
const deserialize = (bytes: Buffer) => fromBinary(StringValueSchema, bytes).value;

function callSay(client: Client, value: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const done = (error: ServiceError | null, answer?: string) => (error ? reject(error) : resolve(answer));
    client.makeUnaryRequest('/test.Echo/Say', serialize, deserialize, value, done);
  });
}

function callRepeat(client: Client, value: string): ClientReadableStream<string> {
  const call = client.makeServerStreamRequest('/test.Echo/Repeat', serialize, deserialize, value);
  call.on('error', () => undefined);
  return call;
}

function readThree(call: ClientReadableStream<string>): Promise<string[]> {
  const values: string[] = [];
  return new Promise((resolve) => {
    call.on('data', (value: string) => {
      if (values.push(value) === 3) resolve(values);
    });
  });
}

function statusOf(call: ClientReadableStream<string>): Promise<number> {
  return new Promise((resolve) => void call.on('status', ({ code }) => resolve(code)));
}

async function startEcho(t: TestContext, options: Partial<PortOptions> = {}) {
  let echo: { open: () => number } | undefined;
  const started = await startTestApp(options, {
    routes: async (app, port) => {
      echo = await serveEcho(app, port);
    },
  });
  t.after(() => started.app.close());
  return { ...started, echo: must(echo, 'service') };
}

/** Calls both methods, cancels the stream, and sees that the server noticed. */
async function exercise(client: Client, open: () => number): Promise<void> {
  assert.equal(await callSay(client, 'hello'), 'you said hello');
  const call = callRepeat(client, 'x');
  assert.deepEqual(await readThree(call), ['x 0', 'x 1', 'x 2']);
  assert.equal(open(), 1);
  call.cancel();
  await waitUntil(() => open() === 0, 'the server notices that its caller went');
  client.close();
}

test('gRPC over HTTP/2 with prior knowledge: unary, stream, cancellation', async (t) => {
  const { portNumber, echo } = await startEcho(t);
  await exercise(new Client(`127.0.0.1:${portNumber}`, credentials.createInsecure()), echo.open);
});

test('gRPC over the Unix socket', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'maglev-grpc-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const { port, echo } = await startEcho(t);
  const path = join(directory, 'api.sock');
  await port.listenUnix(path, 'api-socket');
  await exercise(new Client(`unix:${path}`, credentials.createInsecure()), echo.open);
});

test('gRPC over TLS', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'maglev-grpc-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const authority = createAuthority('authority');
  const { certPem, keyPem } = authority.issue({ dnsNames: ['maglevd.test'] });
  const paths = { cert: join(directory, 'cert'), key: join(directory, 'key'), clientCa: '' };
  writeFileSync(paths.cert, certPem);
  writeFileSync(paths.key, keyPem);
  const tls = must(openTlsFiles(paths, realClock, createTestLog()), 'TLS');
  t.after(() => tls.close());
  const { portNumber, echo } = await startEcho(t, { tls });
  const trusting = credentials.createSsl(Buffer.from(authority.certPem));
  const options = { 'grpc.ssl_target_name_override': 'maglevd.test' };
  await exercise(new Client(`127.0.0.1:${portNumber}`, trusting, options), echo.open);
});

test('Connect over HTTP/1.1 reaches the same service', async (t) => {
  const { portNumber } = await startEcho(t);
  const answer = await fetch(`http://127.0.0.1:${portNumber}/test.Echo/Say`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '"hello"',
  });
  assert.equal(await answer.json(), 'you said hello');
});

test("a client's own keepalive is no flood", async (t) => {
  const { portNumber } = await startEcho(t, { limits: { http2PingWindowMs: 1_000 } });
  const client = new Client(`127.0.0.1:${portNumber}`, credentials.createInsecure(), {
    'grpc.keepalive_time_ms': 50,
    'grpc.keepalive_permit_without_calls': 1,
  });
  t.after(() => client.close());
  await callSay(client, 'hello');
  const call = callRepeat(client, 'x');
  await readThree(call);
  let failures = 0;
  call.on('error', () => failures++);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(failures, 0);
  call.cancel();
});

test('a stop with 200 gRPC streams tells each that the server goes, in less than a second', async (t) => {
  const { app, portNumber, echo, port } = await startEcho(t, { limits: { portDrainMsMax: 10_000 } });
  const clients = Array.from(
    { length: 4 },
    (_, index) =>
      new Client(`127.0.0.1:${portNumber}`, credentials.createInsecure(), { 'test.index': index }),
  );
  t.after(() => {
    for (const client of clients) client.close();
  });
  const calls = clients.flatMap((client) => Array.from({ length: 50 }, () => callRepeat(client, 'x')));
  await Promise.all(calls.map(readThree));
  assert.equal(echo.open(), 200);
  const codes = calls.map(statusOf);
  const started = performance.now();
  await app.close();
  const elapsedMs = performance.now() - started;
  assert.ok(elapsedMs < 1_000, `${elapsedMs} ms`);
  assert.deepEqual(new Set(await Promise.all(codes)), new Set([status.UNAVAILABLE]));
  assert.equal(echo.open(), 0);
  assert.equal(port.counts().open, 0);
});
