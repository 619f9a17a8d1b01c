// The event stream over real sockets: what a subscriber sees, and what it costs when it does not look.
import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Check } from 'typebox/value';
import type { EventJson } from '../../src/api/event-schemas.ts';
import { EventShape } from '../../src/api/event-schemas.ts';
import {
  eventHeartbeatMs,
  eventPendingBytesMax,
  eventRingCountMax,
  eventRoundMs,
  eventStalledMsMax,
  eventSweepMs,
} from '../../src/lib/limits.ts';
import { createWitness } from '../support/event-model.ts';
import { type EventServer, type EventServerOptions, startEventServer } from '../support/event-server.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { eventually } from '../support/guarded-process.ts';
import { askHttp } from '../support/http-request.ts';
import { openSse } from '../support/sse-client.ts';

const patienceMs = 20_000;
const isHeartbeat = ({ kind }: EventJson) => kind === 'heartbeat';

async function start(t: TestContext, options?: EventServerOptions): Promise<EventServer> {
  const server = await startEventServer(options);
  t.after(() => server.stop());
  return server;
}

async function open(t: TestContext, url: string, headers?: Record<string, string>) {
  const client = await openSse(url, headers);
  t.after(() => client.close());
  return client;
}

/** An event of the log, to be recognised by its message. */
function say({ daemon }: EventServer, message: string, size = 0): void {
  const attributes = size > 0 ? { padding: 'x'.repeat(size) } : {};
  daemon.events.append({ kind: 'log', level: 'info', message, attributes });
}
const says = (message: string) => (event: EventJson) => event.log?.message === message;

test('first the whole picture, then what happens, each as the schema says', async (t) => {
  const server = await start(t);
  const { daemon } = server;
  await daemon.clock.advance(3000);
  const client = await open(t, server.url);
  assert.equal(client.response.headers['cache-control'], 'no-store');
  assert.equal(client.response.headers['x-accel-buffering'], 'no');
  assert.equal(client.response.headers['x-request-id'], 'r1', 'headers of hooks are kept');
  await client.waitFor(({ frontend }) => frontend?.frontend === 'all');
  assert.equal(client.blocks[0]?.retry, '2000');
  const picture = client.events().map(({ snapshot, backend, frontend }) => {
    const { from, to } = backend?.transition ?? frontend ?? {};
    return [snapshot, backend?.backend ?? frontend?.frontend, from, to].join(' ');
  });
  assert.deepEqual(picture, [
    'true b1 up up',
    'true b2 up up',
    'true b3 disabled disabled',
    'true fixed up up',
    'true www up up',
    'true all up up',
  ]);
  const from = client.events().length;
  await daemon.control.changeBackend('b1', 'pause', { by: 'alice' });
  const paused = await client.waitFor(({ backend }) => backend?.transition.to === 'paused', from);
  assert.equal(paused.backend?.backend, 'b1');
  assert.equal(paused.snapshot, undefined);
  for (const event of client.events()) assert.ok(Check(EventShape, event), JSON.stringify(event));
  for (const { id, event, data } of client.blocks.slice(1)) {
    assert.deepEqual([id, event], [data?.id, data?.kind]);
  }
});

test('a backend without a result has a picture, too', async (t) => {
  const server = await start(t);
  server.daemon.network.set('10.0.0.1', { t: 'silent' });
  const client = await open(t, `${server.url}?kind=backend`);
  const { backend } = await client.waitFor(({ backend }) => backend?.backend === 'b1');
  const { from, to, code, detail } = backend?.transition ?? {};
  assert.deepEqual(
    { from, to, code, detail },
    { from: 'unknown', to: 'unknown', code: 'INI', detail: 'no result yet' },
  );
});

test('who comes back continues behind the last event, by header or query; the header wins', async (t) => {
  const server = await start(t);
  for (const message of ['m1', 'm2', 'm3']) say(server, message);
  const { epoch } = server.daemon.events;
  const last = server.daemon.events.lastSequence();
  const id = (back: number) => `${epoch}-${last - back}`;
  const byHeader = await open(t, `${server.url}?kind=log&lastEventId=${id(2)}`, { 'last-event-id': id(1) });
  await byHeader.waitFor(says('m3'));
  assert.deepEqual(
    byHeader.events().map(({ id }) => id),
    [id(0)],
  );
  const byQuery = await open(t, `${server.url}?kind=log&lastEventId=${id(2)}`);
  await byQuery.waitFor(says('m3'));
  assert.deepEqual(
    byQuery.events().map(({ id }) => id),
    [id(1), id(0)],
  );
  assert.equal(server.feeds.counts().resyncs, 0);
});

test('who cannot continue is told why, and gets the whole picture', async (t) => {
  const server = await start(t);
  const { epoch } = server.daemon.events;
  for (let count = 0; count <= eventRingCountMax; count++) say(server, `m${count}`);
  for (const [lastEventId, reason] of [
    ['zzz-1', 'event zzz-1 is of another run of maglevd'],
    [`${epoch}-1`, `event ${epoch}-1 is older than what is kept`],
    [`${epoch}-99999`, `event ${epoch}-99999 has not happened yet`],
  ] as const) {
    const client = await open(t, `${server.url}?kind=backend`, { 'last-event-id': lastEventId });
    await client.waitFor(({ id }) => id !== undefined);
    const [resync, ...picture] = client.events();
    assert.deepEqual([resync?.kind, resync?.resync?.reason], ['resync', reason]);
    assert.equal(client.blocks[1]?.id, undefined, 'who is cut off here is to be told again');
    assert.deepEqual(
      picture.map(({ snapshot }) => snapshot),
      [true, true, true, true],
    );
  }
});

test('what is no request is refused, with every fault', async (t) => {
  const server = await start(t);
  const ask = async (query: string, headers?: Record<string, string>, method = 'GET') => {
    const {
      status,
      headers: got,
      body,
    } = await askHttp(server.url + query, { method, ...(headers && { headers }) });
    if (method === 'GET') assert.match(String(got['content-type']), /^application\/problem\+json/);
    return { status, faults: body && JSON.parse(body).faults };
  };
  const kinds = 'must be one of log, backend, frontend, vpp, config';
  const levels = 'must be one of debug, info, warn, error';
  const id = 'must be the id of an event, e.g. mf3k2-1017';
  const cases = [
    ['?kind=nothing', [{ path: 'kind', message: kinds }]],
    ['?kind=', [{ path: 'kind', message: kinds }]],
    ['?kind=log,heartbeat', [{ path: 'kind', message: kinds }]],
    ['?level=loud', [{ path: 'level', message: levels }]],
    ['?level=info&level=warn', [{ path: 'level', message: levels }]],
    ['?lastEventId=garbage', [{ path: 'lastEventId', message: id }]],
    [
      '?color=red&level=',
      [
        { path: 'color', message: 'is no field of this request' },
        { path: 'level', message: levels },
      ],
    ],
  ] as const;
  for (const [query, faults] of cases) assert.deepEqual(await ask(query), { status: 400, faults }, query);
  const header = await ask('', { 'last-event-id': '-1' });
  assert.deepEqual(header, { status: 400, faults: [{ path: 'Last-Event-ID', message: id }] });
  assert.equal((await ask('?kind=x', {}, 'HEAD')).status, 400);
  assert.equal((await ask('', { 'x-forbidden': 'yes' })).status, 403);
  assert.equal(server.feeds.counts().subscribers, 0);
});

test('HEAD says what GET would, and ends', async (t) => {
  const server = await start(t);
  const { status, headers, body } = await askHttp(server.url, { method: 'HEAD' });
  assert.deepEqual([status, headers['content-type'], body], [200, 'text/event-stream', '']);
  assert.equal(server.feeds.counts().subscribers, 0);
});

test('kinds may be repeated or listed; levels are a floor', async (t) => {
  const server = await start(t);
  const listed = await open(t, `${server.url}?kind=log,vpp&level=warn`);
  const repeated = await open(t, `${server.url}?kind=log&kind=vpp&level=warn`);
  await listed.waitFor(isHeartbeat);
  await repeated.waitFor(isHeartbeat);
  const { events } = server.daemon;
  say(server, 'too low');
  events.append({ kind: 'config', outcome: 'loaded', message: 'not asked for' });
  events.append({ kind: 'vpp', what: 'drift', message: 'asked for' });
  events.append({ kind: 'log', level: 'error', message: 'loud', attributes: { count: 7n } });
  for (const client of [listed, repeated]) {
    await client.waitFor(says('loud'));
    assert.deepEqual(
      client.events().map(({ kind }) => kind),
      ['heartbeat', 'vpp', 'log'],
    );
  }
});

test('silence is broken by a heartbeat', async (t) => {
  const clock = createFakeClock();
  const server = await start(t, { clock });
  const client = await open(t, `${server.url}?kind=vpp`);
  await clock.advance(0);
  await client.waitFor(isHeartbeat);
  await clock.advance(eventHeartbeatMs + eventSweepMs);
  await client.waitFor(isHeartbeat, 1);
});

test('requests are counted: those that end, and those whose reader leaves', async (t) => {
  const server = await start(t);
  const leaver = await open(t, server.url);
  leaver.close();
  await eventually('the reader has left', patienceMs, async () => server.answered.length === 1 || undefined);
  assert.deepEqual(server.answered, ['GET left']);
  const stayer = await open(t, server.url);
  await server.close();
  await stayer.ended;
  assert.deepEqual(server.answered, ['GET left', 'GET 200']);
});

/** A subscriber that reads nothing at all, not even the head. */
async function openDeaf(t: TestContext, { port }: EventServer): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  t.after(() => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.pause();
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write('GET /api/v1/events?kind=log HTTP/1.1\r\nHost: x\r\n\r\n');
  return socket;
}

test('who never reads costs its bound, and is dropped; who reads again is told to resync', async (t) => {
  const clock = createFakeClock();
  const server = await start(t, { clock });
  const slow = await open(t, `${server.url}?kind=log`);
  slow.pause();
  for (let count = 0; count < 20; count++) await openDeaf(t, server);
  await eventually(
    'all have come',
    patienceMs,
    async () => server.feeds.counts().subscribers === 21 || undefined,
  );
  // More than the kernel's buffers and our bound hold for each of them.
  const eventBytes = 4096;
  const rounds = 8000;
  const before = process.memoryUsage();
  for (let count = 0; count < rounds; count++) {
    say(server, `m${count}`, eventBytes);
    if (count % 20 !== 0) continue;
    await clock.advance(eventRoundMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const used = process.memoryUsage();
  const growth = used.arrayBuffers + used.external - before.arrayBuffers - before.external;
  const portionBytes = 256 * eventBytes * 1.2;
  assert.ok(growth < 21 * (eventPendingBytesMax + portionBytes), `${growth} bytes for 21 deaf subscribers`);
  assert.ok(server.feeds.counts().delivered < 21 * rounds, 'they were not handed everything');
  slow.resume();
  await eventually('it is told', patienceMs, async () => {
    await clock.advance(100);
    return slow.events().find(({ kind }) => kind === 'resync');
  });
  await clock.advance(eventStalledMsMax + eventSweepMs);
  await eventually('the deaf are gone', patienceMs, async () => {
    await clock.advance(eventSweepMs);
    return server.feeds.counts().subscribers === 1 || undefined;
  });
  assert.equal(server.feeds.counts().dropped, 20);
  const witness = createWitness();
  witness.tell(slow.events());
  say(server, 'after all');
  await clock.advance(100);
  await slow.waitFor(says('after all'));
});

test('a stop ends 200 streams in well under a second, a deaf one among them', async (t) => {
  const server = await start(t);
  const clients = await Promise.all(Array.from({ length: 200 }, () => open(t, server.url)));
  await openDeaf(t, server);
  await Promise.all(clients.map((client) => client.waitFor(({ frontend }) => frontend?.frontend === 'all')));
  await eventually(
    'all have come',
    patienceMs,
    async () => server.feeds.counts().subscribers === 201 || undefined,
  );
  const startMs = performance.now();
  await server.close();
  await Promise.all(clients.map(({ ended }) => ended));
  const elapsedMs = performance.now() - startMs;
  assert.ok(elapsedMs < 1000, `${elapsedMs} ms`);
  assert.equal(server.daemon.events.subscriberCount(), 0);
});

test('a thousand subscribers get every event, once and in order', async (t) => {
  const server = await start(t);
  const count = 1000;
  const clients = await Promise.all(Array.from({ length: count }, () => open(t, `${server.url}?kind=log`)));
  await Promise.all(clients.map((client) => client.waitFor(isHeartbeat)));
  const first = server.daemon.events.lastSequence() + 1;
  for (let index = 0; index < 50; index++) {
    say(server, `m${index}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const expected = Array.from({ length: 50 }, (_, index) => `${server.daemon.events.epoch}-${first + index}`);
  for (const client of clients) {
    await client.waitFor(says('m49'));
    assert.deepEqual(
      client
        .events()
        .slice(1)
        .map(({ id }) => id),
      expected,
    );
  }
});

test('over HTTP/2 it is the same stream, and a stop ends it', async (t) => {
  const server = await start(t, { http2: true });
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  t.after(() => session.destroy());
  const stream = session.request({ ':path': '/api/v1/events?kind=log' });
  const opened = Promise.withResolvers<Record<string, unknown>>();
  stream.on('response', (headers) => opened.resolve(headers));
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const headers = await opened.promise;
  assert.deepEqual([headers[':status'], headers['content-type']], [200, 'text/event-stream']);
  say(server, 'over HTTP/2');
  await eventually('the event is there', patienceMs, async () => text.includes('over HTTP/2') || undefined);
  const ended = new Promise((resolve) => stream.once('close', resolve));
  await server.close();
  await ended;
  assert.match(text, /^retry: 2000\n\nid: \w+-\d+\nevent: heartbeat\n/);
});

test('over HTTP/2, too, who stops reading is told to resync when it reads again', async (t) => {
  const server = await start(t, { http2: true });
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  t.after(() => session.destroy());
  const stream = session.request({ ':path': '/api/v1/events?kind=log' });
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await eventually('it has begun', patienceMs, async () => text.includes('heartbeat') || undefined);
  stream.pause();
  const eventBytes = 4096;
  // In pieces that the ring holds, or whoever reads would be told as well.
  for (let count = 0; count < 2 * eventRingCountMax; count += 250) {
    for (let index = 0; index < 250; index++) say(server, `m${count + index}`, eventBytes);
    await new Promise((resolve) => setTimeout(resolve, 2 * eventRoundMs));
  }
  stream.resume();
  await eventually('it is told', patienceMs, async () => text.includes('event: resync') || undefined);
  say(server, 'after all');
  await eventually('it goes on', patienceMs, async () => text.includes('after all') || undefined);
  assert.equal(server.feeds.counts().resyncs, 1);
});
