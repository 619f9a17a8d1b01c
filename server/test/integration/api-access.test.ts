// Every operation by everybody who may come, over REST and over gRPC: both tell the same caller the same, and
// whoever is refused has changed nothing.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { toBinary } from '@bufbuild/protobuf';
import { MaglevService } from '@vpp-maglev/proto/maglev';
import { fromRestJson } from '@vpp-maglev/proto/rest-json';
import { errorTable } from '../../src/api/errors.ts';
import { type Operation, operations } from '../../src/api/operations.ts';
import { markConnection } from '../../src/api/port-connection.ts';
import { parseTrustedProxies } from '../../src/api/trusted-proxies.ts';
import { must } from '../../src/lib/assert.ts';
import {
  addresses,
  authFileText,
  thisHostname,
  trustedProxiesText,
  type Visitor,
  visitors,
} from '../support/access-table.ts';
import { startTestDaemon, type TestDaemon } from '../support/daemon.ts';
import { makeDirectory, removeDirectory } from '../support/guarded-process.ts';
import { askHttp } from '../support/http-request.ts';

const unary = operations.filter(({ streams }) => !streams);
const names = { backend: 'b1', frontend: 'www', pool: 'primary', healthcheck: 'http-ok' };
/** Longer than the window in which refused credentials are counted. */
const forgetMs = 61_000;

interface Server {
  readonly daemon: TestDaemon;
  readonly url: string;
  readonly session: ClientHttp2Session;
}

/** A daemon on a real port, where a request is taken for the visitor that its header names. */
async function start(t: TestContext, hasAuthFile: boolean): Promise<Server> {
  const directory = makeDirectory('access');
  const authFile = join(directory, 'auth');
  writeFileSync(authFile, authFileText, { mode: 0o600 });
  const parsed = parseTrustedProxies(trustedProxiesText);
  assert.ok('proxies' in parsed);
  const daemon = await startTestDaemon(undefined, {
    apiAccess: {
      hostname: thisHostname,
      trustedProxies: parsed.proxies,
      ...(hasAuthFile && { authFile }),
    },
  });
  daemon.vpp.delayMs = 0;
  daemon.api.addHook('onRequest', async ({ raw }) => {
    const { from, certificate } = must(visitors[Number(raw.headers['x-visitor'])], 'visitor');
    const isUnix = from === 'unix';
    const certificateName = certificate === undefined ? {} : { certificateName: certificate, isTls: true };
    markConnection(raw, {
      kind: isUnix ? 'unix' : 'tcp',
      address: addresses[from],
      isTls: false,
      ...certificateName,
    });
  });
  const url = await daemon.api.listen({ host: '127.0.0.1', port: 0 });
  const session = connect(url);
  t.after(async () => {
    session.close();
    await daemon.stop();
    removeDirectory(directory);
  });
  await daemon.clock.advance(60_000);
  return { daemon, url, session };
}

/** Lets what takes no time happen until `work` is done. */
async function settle<T>({ daemon }: Server, work: Promise<T>): Promise<T> {
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

const bodies: Readonly<Record<string, object>> = { SetFrontendPoolBackendWeight: { weight: 50 } };

async function overRest(server: Server, operation: Operation, headers: Record<string, string>) {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => Reflect.get(names, name));
  const body = operation.verb === 'GET' ? {} : { body: bodies[operation.rpc] ?? {} };
  const { status } = await askHttp(`${server.url}/api/v1${path}`, {
    method: operation.verb,
    headers,
    ...body,
  });
  if (status === 200) return 'ok';
  const found = Object.entries(errorTable).find(([, row]) => row.status === status);
  return found?.[0] ?? `status ${status}`;
}

async function overGrpc(server: Server, operation: Operation, headers: Record<string, string>) {
  const method = must(
    MaglevService.methods.find(({ name }) => name === operation.rpc),
    operation.rpc,
  );
  const params = Object.keys(operation.params.properties).map((name) => [name, Reflect.get(names, name)]);
  const request = { ...Object.fromEntries(params), ...bodies[operation.rpc] };
  const message = toBinary(method.input, fromRestJson(method.input, request));
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  const { host, ...others } = headers;
  const stream = server.session.request({
    ':method': 'POST',
    ':path': `/maglev.v1.MaglevService/${operation.rpc}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...others,
    ...(host !== undefined && { ':authority': host }),
  });
  let status: string | undefined;
  const read = (fields: object) => {
    status ??= Reflect.get(fields, 'grpc-status');
  };
  stream.on('response', read).on('trailers', read).resume().end(frame);
  await new Promise((resolve, reject) => stream.on('close', resolve).on('error', reject));
  if (status === '0') return 'ok';
  const found = Object.entries(errorTable).find(([, row]) => String(row.grpc) === status);
  return found?.[0] ?? `status ${status}`;
}

const ways = { REST: overRest, gRPC: overGrpc } as const;

/** Refusals of access; all others are the handler's, which has been reached. */
function accessCode(code: string): string {
  return ['unauthenticated', 'permission_denied', 'resource_exhausted'].includes(code) ? code : 'ok';
}

async function checkVisitor(server: Server, visitor: Visitor, way: keyof typeof ways): Promise<number> {
  const { daemon } = server;
  const headers = { 'x-visitor': String(visitors.indexOf(visitor)), ...visitor.headers };
  const before = JSON.stringify(daemon.control.overrides());
  let count = 0;
  for (const operation of unary) {
    // Each refused credential counts, and too many of them are another refusal.
    if (visitor.read !== 'ok' && count % 5 === 0) await daemon.clock.advance(forgetMs);
    const code = await settle(server, ways[way](server, operation, headers));
    const expected = operation.role === 'operator' ? visitor.change : visitor.read;
    assert.equal(accessCode(code), expected, `${visitor.name}, ${operation.rpc} over ${way}: ${code}`);
    count++;
  }
  if (visitor.change === 'ok') return count;
  assert.equal(JSON.stringify(daemon.control.overrides()), before, `${visitor.name} has changed nothing`);
  return count;
}

for (const way of Object.keys(ways) as (keyof typeof ways)[]) {
  test(`every operation by every visitor, over ${way}`, async (t) => {
    let count = 0;
    for (const hasAuthFile of [true, false]) {
      const server = await start(t, hasAuthFile);
      const these = visitors.filter((visitor) => (visitor.hasAuthFile ?? true) === hasAuthFile);
      assert.ok(these.length > 0);
      for (const visitor of these) count += await checkVisitor(server, visitor, way);
    }
    assert.equal(count, visitors.length * unary.length);
  });
}

test('who changes something is named in the audit, whatever way he came', async (t) => {
  const server = await start(t, true);
  const operation = must(
    operations.find(({ rpc }) => rpc === 'PauseBackend'),
    'PauseBackend',
  );
  for (const visitor of visitors.filter(
    ({ change, hasAuthFile }) => change === 'ok' && hasAuthFile !== false,
  )) {
    for (const way of Object.values(ways)) {
      const from = server.daemon.logged.length;
      const headers = { 'x-visitor': String(visitors.indexOf(visitor)), 'x-request-id': 'r1' };
      await settle(server, way(server, operation, { ...headers, ...visitor.headers }));
      const lines = server.daemon.logged.slice(from).filter(({ message }) => message === 'audit');
      assert.deepEqual(
        lines.map(({ attributes }) => attributes),
        [
          {
            operation: 'PauseBackend',
            target: 'b1',
            ...(visitor.user !== undefined && { user: visitor.user }),
            address: visitor.address ?? addresses[visitor.from],
            requestId: 'r1',
            code: 'ok',
          },
        ],
        visitor.name,
      );
    }
  }
});
