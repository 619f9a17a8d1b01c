// HTTP/2 on the port held against peers that ask too much, and what a stop does to streams.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, constants } from 'node:http2';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { http2Preface } from '../../src/api/port-preface.ts';
import {
  connectRaw,
  connectSession,
  createCountingClock,
  getOver,
  startTestApp,
} from '../support/port-app.ts';

const urlOf = (portNumber: number) => `http://127.0.0.1:${portNumber}`;

/** Starts a stream and waits for its first bytes. */
async function openStream(session: ClientHttp2Session) {
  const stream = session.request({ ':path': '/stream' });
  stream.on('error', () => undefined);
  await once(stream, 'data');
  return stream;
}

const closedWith = async (session: ClientHttp2Session) => {
  const [code, , data] = (await once(session, 'goaway')) as [number, number, Buffer | undefined];
  return { code, reason: data?.toString() };
};

test('a session says its limits, and holds to them', async (t) => {
  const { app, portNumber } = await startTestApp({
    limits: { http2StreamsMax: 2, http2HeaderBytesMax: 4_096 },
  });
  t.after(() => app.close());
  const session = await connectSession(urlOf(portNumber));
  if (session.remoteSettings.maxConcurrentStreams !== 2) await once(session, 'remoteSettings');
  assert.equal(session.remoteSettings.maxConcurrentStreams, 2);
  assert.equal(session.remoteSettings.maxHeaderListSize, 4_096);
  const long = session.request({ ':path': '/who', 'x-long': 'h'.repeat(8_192) });
  const outcome = await new Promise((resolve) => {
    long.on('response', (headers) => resolve(headers[':status']));
    long.on('error', (error) => resolve((error as NodeJS.ErrnoException).code));
  });
  assert.notEqual(outcome, 200);
  assert.equal((await getOver(session, '/who')).status, 200);
  session.destroy();
});

test('a client that pings without a stream is sent away; one with a stream may', async (t) => {
  const { app, portNumber } = await startTestApp({ limits: { http2IdlePingsMax: 5 } });
  t.after(() => app.close());
  const ping = (session: ClientHttp2Session) =>
    new Promise<Error | null>((resolve) => session.ping((error) => resolve(error)));
  const busy = await connectSession(urlOf(portNumber));
  await openStream(busy);
  for (let count = 0; count < 20; count++) assert.equal(await ping(busy), null);
  busy.destroy();

  const idle = await connectSession(urlOf(portNumber));
  const closed = closedWith(idle);
  for (let count = 0; count < 5; count++) assert.equal(await ping(idle), null);
  void ping(idle);
  assert.deepEqual(await closed, { code: constants.NGHTTP2_ENHANCE_YOUR_CALM, reason: 'too_many_pings' });
  idle.destroy();
});

test('streams opened and reset in haste end the session', async (t) => {
  const { app, portNumber } = await startTestApp({
    limits: { http2ResetBurstMax: 10, http2ResetsPerSecondMax: 1 },
  });
  t.after(() => app.close());
  const session = await connectSession(urlOf(portNumber));
  const goodbye = closedWith(session);
  let count = 0;
  for (; count < 100 && !session.destroyed; count++) {
    const stream = session.request({ ':path': '/never' });
    stream.on('error', () => undefined);
    await sleep(1);
    stream.close(constants.NGHTTP2_CANCEL);
  }
  assert.ok(count < 30, `${count} streams`);
  // What nghttp2 says then (INTERNAL_ERROR).
  assert.deepEqual(await goodbye, { code: constants.NGHTTP2_INTERNAL_ERROR, reason: undefined });
  const next = await connectSession(urlOf(portNumber));
  assert.equal((await getOver(next, '/who')).status, 200, 'others are served');
  next.destroy();
});

test('a session without streams is closed after its time, one with a stream is not', async (t) => {
  const { app, portNumber } = await startTestApp({
    limits: { http2PingIntervalMs: 50, http2IdleMsMax: 150, http2PingAnswerMsMax: 5_000 },
  });
  t.after(() => app.close());
  const busy = await connectSession(urlOf(portNumber));
  await openStream(busy);
  const idle = await connectSession(urlOf(portNumber));
  assert.deepEqual(await closedWith(idle), { code: constants.NGHTTP2_NO_ERROR, reason: undefined });
  await sleep(200);
  assert.equal(busy.closed, false);
  busy.destroy();
});

test('a peer that is gone is noticed by its silence', async (t) => {
  const { app, portNumber, port } = await startTestApp({
    limits: { http2PingIntervalMs: 100, http2PingAnswerMsMax: 100 },
  });
  t.after(() => app.close());
  const session = await connectSession(urlOf(portNumber));
  await openStream(session);
  await sleep(400);
  assert.equal(port.counts().sessions, 1, 'one that answers stays');
  session.destroy();
  // HEADERS: GET /stream, with literal fields; then nothing is read or written any more.
  const mute = await connectRaw({ port: portNumber });
  const path = '/stream';
  const block = Buffer.concat([
    Buffer.from([0x82, 0x86, 0x04, path.length]),
    Buffer.from(path),
    Buffer.from([0x01, 1]),
    Buffer.from('x'),
  ]);
  const head = Buffer.from([0, 0, block.length, 1, 5, 0, 0, 0, 1]);
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  mute.socket.write(Buffer.concat([http2Preface, settings, head, block]));
  await mute.until('hello');
  assert.equal(port.counts().sessions, 1);
  await mute.ended();
  assert.equal(port.counts().sessions, 0);
  mute.socket.destroy();
});

test('a body that does not come is not waited for', async (t) => {
  const { app, portNumber } = await startTestApp({
    limits: { requestTimeoutMs: 200, headersTimeoutMs: 200 },
  });
  t.after(() => app.close());
  const session = await connectSession(urlOf(portNumber));
  const stream = session.request({
    ':path': '/echo',
    ':method': 'POST',
    'content-type': 'application/json',
  });
  stream.write('{');
  await assert.rejects(once(stream, 'end'), /ENHANCE_YOUR_CALM/);
  assert.equal((await getOver(session, '/who')).status, 200, 'the session goes on');
  session.destroy();
});

for (const endsStreams of [true, false]) {
  const how = endsStreams ? 'that their owner ends' : 'that nobody ends';
  test(`a stop takes less than a second with 200 open streams ${how}`, async () => {
    const clock = createCountingClock();
    // Where they end by themselves nothing is to be cut.
    const limits = endsStreams ? { portDrainMsMax: 10_000 } : {};
    const { app, portNumber, port } = await startTestApp({ limits, clock }, { endsStreams });
    const sessions = await Promise.all(Array.from({ length: 10 }, () => connectSession(urlOf(portNumber))));
    await Promise.all(sessions.flatMap((session) => Array.from({ length: 10 }, () => openStream(session))));
    const idle = await connectSession(urlOf(portNumber));
    const silent = await connectRaw({ port: portNumber });
    const kept = await connectRaw({ port: portNumber });
    kept.socket.write('GET /who HTTP/1.1\r\nhost: x\r\n\r\n');
    await kept.until(/"version":"1.1"}/);
    const events = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const client = await connectRaw({ port: portNumber });
        client.socket.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
        await client.until('hello');
        return client;
      }),
    );
    assert.deepEqual(port.counts(), { open: 113, undecided: 1, sessions: 11 });
    const farewell = closedWith(idle);
    const started = performance.now();
    await app.close();
    const elapsedMs = performance.now() - started;
    assert.ok(elapsedMs < 1_000, `${elapsedMs} ms`);
    assert.ok(endsStreams || elapsedMs > 400, 'streams have their time to end');
    assert.deepEqual(await farewell, { code: constants.NGHTTP2_NO_ERROR, reason: undefined });
    const texts = await Promise.all(events.map((client) => client.ended()));
    // The end of a chunked answer: it was finished, not cut.
    assert.equal(texts.filter((text) => text.endsWith('0\r\n\r\n')).length, endsStreams ? 100 : 0);
    assert.deepEqual(port.counts(), { open: 0, undecided: 0, sessions: 0 });
    assert.equal(clock.pendingTimerCount(), 0);
    for (const { socket } of [silent, kept, ...events]) socket.destroy();
    for (const session of [idle, ...sessions]) session.destroy();
  });
}

test('what is under way at a stop is answered', async () => {
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
  const { app, portNumber } = await startTestApp(
    { limits: { portDrainMsMax: 10_000 } },
    {
      routes: (routed) => {
        let waiting = 2;
        routed.get('/slow', async () => {
          if (--waiting === 0) onAsked();
          await sleep(150);
          return 'done';
        });
      },
    },
  );
  const session = await connectSession(urlOf(portNumber));
  const overHttp2 = getOver(session, '/slow');
  const overHttp1 = fetch(`${urlOf(portNumber)}/slow`).then((response) => response.text());
  await asked;
  const started = performance.now();
  await app.close();
  assert.ok(performance.now() - started < 3_000, 'kept-alive connections end with their answer');
  assert.deepEqual(await Promise.all([overHttp1, overHttp2]), ['done', { status: 200, body: 'done' }]);
});
