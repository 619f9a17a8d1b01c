// One port for two protocols, spoken to by clients of our own making, Node's, and curl.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createPort } from '../../src/api/port.ts';
import { http2Preface } from '../../src/api/port-preface.ts';
import { realClock } from '../../src/lib/clock.ts';
import {
  connectRaw,
  connectSession,
  createTestLog,
  getOver,
  startTestApp,
  waitUntil,
} from '../support/port-app.ts';

const run = promisify(execFile);
const getText = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nhost: x\r\n${more}\r\n`;

test('curl gets the same over HTTP/1.1 and HTTP/2 with prior knowledge', async (t) => {
  const { app, portNumber } = await startTestApp();
  t.after(() => app.close());
  for (const [flag, version] of [
    ['--http1.1', '1.1'],
    ['--http2-prior-knowledge', '2.0'],
    // Asks to upgrade within HTTP/1.1, which the server need not follow.
    ['--http2', '1.1'],
  ] as const) {
    const { stdout } = await run('curl', ['-sS', flag, `http://127.0.0.1:${portNumber}/who`]);
    const expected = { kind: 'tcp', address: '127.0.0.1', isTls: false, ip: '127.0.0.1', version };
    assert.deepEqual(JSON.parse(stdout), expected, flag);
  }
});

test('one connection of HTTP/1.1 serves many requests, also pipelined', async (t) => {
  const { app, portNumber } = await startTestApp();
  t.after(() => app.close());
  const client = await connectRaw({ port: portNumber });
  client.socket.write(getText('/who'));
  await client.until(/"version":"1.1"}/);
  client.socket.write(getText('/nothing') + getText('/who') + getText('/who', 'connection: close\r\n'));
  const text = await client.ended();
  assert.deepEqual(
    text.match(/HTTP\/1.1 \d+/g),
    [200, 404, 200, 200].map((code) => `HTTP/1.1 ${code}`),
  );
});

test('requests and preface may come byte by byte', async (t) => {
  const { app, portNumber, port } = await startTestApp();
  t.after(() => app.close());
  const http1 = await connectRaw({ port: portNumber });
  const http2 = await connectRaw({ port: portNumber });
  http1.socket.setNoDelay(true);
  http2.socket.setNoDelay(true);
  const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const writeEach = async ({ socket }: typeof http1, bytes: Buffer) => {
    for (const byte of bytes) {
      await new Promise<void>((resolve) => socket.write(Buffer.from([byte]), () => setImmediate(resolve)));
    }
  };
  await Promise.all([
    writeEach(http1, Buffer.from(getText('/who'))),
    writeEach(http2, Buffer.concat([http2Preface, emptySettings])),
  ]);
  await http1.until(/"version":"1.1"}/);
  // SETTINGS of the server, then its acknowledgement of ours.
  await http2.until('\x04\x01\x00\x00\x00\x00');
  assert.deepEqual(port.counts(), { open: 2, undecided: 0, sessions: 1 });
  http1.socket.destroy();
  http2.socket.destroy();
});

test('both protocols at once, with bodies', async (t) => {
  const { app, portNumber } = await startTestApp();
  t.after(() => app.close());
  const url = `http://127.0.0.1:${portNumber}`;
  const session = await connectSession(url);
  const wanted = Array.from({ length: 50 }, (_, index) => JSON.stringify({ index, pad: 'p'.repeat(1_000) }));
  const answers = await Promise.all(
    wanted.flatMap((body) => [
      getOver(session, '/echo', body).then((answer) => answer.body),
      fetch(`${url}/echo`, { method: 'POST', body, headers: { 'content-type': 'application/json' } }).then(
        (response) => response.text(),
      ),
    ]),
  );
  assert.deepEqual(
    answers,
    wanted.flatMap((body) => [body, body]),
  );
  session.close();
});

test('what is almost the preface is answered as HTTP/1: 400', async (t) => {
  const { app, portNumber } = await startTestApp();
  t.after(() => app.close());
  for (const bytes of ['PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00', 'hello\r\n\r\n']) {
    const client = await connectRaw({ port: portNumber });
    client.socket.write(bytes, 'latin1');
    assert.match(await client.ended(), /^HTTP\/1.1 400 /, JSON.stringify(bytes));
    client.socket.destroy();
  }
});

test('a client may close its side after asking; one that asked nothing is let go', async (t) => {
  const { app, portNumber, port } = await startTestApp();
  t.after(() => app.close());
  const asking = await connectRaw({ port: portNumber });
  asking.socket.end(getText('/who', 'connection: close\r\n'));
  assert.match(await asking.ended(), /"version":"1.1"}/);
  const silent = await connectRaw({ port: portNumber });
  silent.socket.end('PRI');
  assert.equal(await silent.ended(), '');
  await once(silent.socket, 'close');
  assert.equal(port.counts().undecided, 0);
});

test('a drip of bytes holds a place no longer than silence does', async (t) => {
  const { app, portNumber, port } = await startTestApp({
    limits: { portDecideMsMax: 300, headersTimeoutMs: 300, http1LookIntervalMs: 50 },
  });
  t.after(() => app.close());
  const started = performance.now();
  const silent = await connectRaw({ port: portNumber });
  const dripping = await connectRaw({ port: portNumber });
  const inHeaders = await connectRaw({ port: portNumber });
  let sent = 0;
  const drip = setInterval(() => {
    dripping.socket.write(http2Preface.subarray(sent, sent + 1));
    inHeaders.socket.write(sent === 0 ? 'GET / HTTP/1.1\r\nx:' : 'y');
    sent = Math.min(sent + 1, 22);
  }, 40);
  t.after(() => clearInterval(drip));
  assert.equal(await silent.ended(), '');
  assert.equal(await dripping.ended(), '');
  assert.match(await inHeaders.ended(), /^HTTP\/1.1 408 /);
  assert.ok(performance.now() - started < 2_000);
  for (const { socket } of [silent, dripping, inHeaders]) socket.destroy();
  assert.equal(port.counts().undecided, 0);
});

test('with all places of the undecided taken the oldest goes, and who speaks is served', async (t) => {
  const { app, portNumber, port } = await startTestApp({ limits: { portUndecidedMax: 3 } });
  t.after(() => app.close());
  const silent = [];
  for (let index = 0; index < 3; index++) silent.push(await connectRaw({ port: portNumber }));
  const speaking = await connectRaw({ port: portNumber });
  speaking.socket.write(getText('/who'));
  await speaking.until(/"version":"1.1"}/);
  await silent[0]?.ended();
  assert.equal(port.counts().undecided, 2);
  assert.equal(silent[1]?.socket.readyState, 'open');
  for (const { socket } of [...silent, speaking]) socket.destroy();
});

test('one connection too many is closed, and its place is given again', async (t) => {
  const { app, portNumber, log } = await startTestApp({ limits: { connectionsMax: 2 } });
  t.after(() => app.close());
  const session = await connectSession(`http://127.0.0.1:${portNumber}`);
  const http1 = await connectRaw({ port: portNumber });
  http1.socket.write(getText('/who'));
  await http1.until(/"version":"1.1"}/);
  const tooMany = await connectRaw({ port: portNumber });
  tooMany.socket.write(getText('/who'));
  assert.equal(await tooMany.ended(), '');
  tooMany.socket.destroy();
  const said = { level: 'warn', message: 'connections-at-limit', attributes: { connectionsMax: 2 } };
  assert.deepEqual(log.lines, [said]);
  http1.socket.end();
  await once(http1.socket, 'close');
  session.destroy();
  const next = await connectRaw({ port: portNumber });
  next.socket.write(getText('/who', 'connection: close\r\n'));
  assert.match(await next.ended(), /200 OK/);
});

test('a connection that could not be accepted is logged, and the port goes on', async (t) => {
  const { app, portNumber, log } = await startTestApp();
  t.after(() => app.close());
  // As Node does when the process has no file left.
  for (let count = 0; count < 3; count++) app.server.emit('error', new Error('accept EMFILE'));
  const said = { level: 'warn', message: 'accept-failed', attributes: { why: 'accept EMFILE' } };
  assert.deepEqual(log.lines, [said], 'once a minute');
  assert.equal((await fetch(`http://127.0.0.1:${portNumber}/who`)).status, 200);
});

test('an answer that the peer does not take is given up; a silent stream is not', async (t) => {
  const { promise: isLate, resolve: speak } = Promise.withResolvers<void>();
  const { app, portNumber, port } = await startTestApp(
    { limits: { http1StuckMsMax: 300 } },
    {
      routes: (routed) => {
        routed.get('/late', (_request, reply) => {
          reply.hijack();
          reply.raw.write('hello');
          void isLate.then(() => reply.raw.write(Buffer.alloc(16 * 1024 * 1024)));
        });
      },
    },
  );
  t.after(() => app.close());
  const stream = await connectRaw({ port: portNumber });
  stream.socket.write(getText('/stream'));
  await stream.until(/hello/);
  const late = await connectRaw({ port: portNumber });
  late.socket.write(getText('/late'));
  await late.until(/hello/);
  const stuck = await connectRaw({ port: portNumber });
  stuck.socket.pause();
  stuck.socket.write(getText('/big'));
  await waitUntil(() => port.counts().open === 2, 'the stuck one is let go');
  await sleep(700);
  assert.equal(port.counts().open, 2, 'the silent ones stay');
  late.socket.pause();
  speak();
  await waitUntil(() => port.counts().open === 1, 'the one that is stuck later is let go');
  assert.equal(stream.socket.readyState, 'open');
  for (const { socket } of [stream, late, stuck]) socket.destroy();
});

test('a connection between two requests ends after the time for that', async (t) => {
  const { app, portNumber } = await startTestApp({ limits: { keepAliveTimeoutMs: 200 } });
  t.after(() => app.close());
  const client = await connectRaw({ port: portNumber });
  client.socket.write(getText('/who'));
  await client.until(/"version":"1.1"}/);
  const started = performance.now();
  await client.ended();
  client.socket.destroy();
  const elapsedMs = performance.now() - started;
  // Node adds a second of its own.
  assert.ok(elapsedMs > 150 && elapsedMs < 4_000, `${elapsedMs} ms`);
});

test('the peer is told as IPv4 or IPv6, also where one socket serves both', async (t) => {
  const { app, portNumber } = await startTestApp({}, { host: '::' });
  t.after(() => app.close());
  for (const [host, address] of [
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '::1'],
  ] as const) {
    const url = `http://${host}:${portNumber}`;
    const overHttp1 = (await (await fetch(`${url}/who`)).json()) as { address: string };
    assert.equal(overHttp1.address, address);
    const session = await connectSession(url);
    assert.equal(JSON.parse((await getOver(session, '/who')).body).address, address);
    session.close();
  }
});

test('localhost is served on both its addresses', async (t) => {
  const { app, portNumber } = await startTestApp({}, { host: 'localhost' });
  t.after(() => app.close());
  for (const host of ['127.0.0.1', '[::1]']) {
    assert.equal((await fetch(`http://${host}:${portNumber}/who`)).status, 200, host);
  }
});

test('inject works without a socket, and closing what never listened ends', async () => {
  const port = createPort({ clock: realClock, log: createTestLog() });
  const { default: fastify } = await import('fastify');
  const app = fastify({ serverFactory: port.serverFactory });
  app.get('/', async () => 'yes');
  assert.equal((await app.inject('/')).body, 'yes');
  await app.close();
});

test('a port that cannot be had is named with its flag and what to do', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.after(() => holder.close());
  const { port: taken } = holder.address() as { port: number };
  const { default: fastify } = await import('fastify');
  for (const [address, message] of [
    [
      { host: '127.0.0.1', port: taken },
      `--grpc-addr: cannot listen on 127.0.0.1:${taken}: another program listens there: ` +
        'stop it, or name another port (EADDRINUSE)',
    ],
    [
      { host: '2001:db8::1', port: 0 },
      '--grpc-addr: cannot listen on [2001:db8::1]:0: the machine does not have this address: ' +
        'name one that it has, or the port alone (EADDRNOTAVAIL)',
    ],
  ] as const) {
    const port = createPort({ clock: realClock, log: createTestLog() });
    const app = fastify({ serverFactory: port.serverFactory });
    await assert.rejects(port.listen(app, address, 'grpc-addr'), { message });
    await app.close();
  }
});
