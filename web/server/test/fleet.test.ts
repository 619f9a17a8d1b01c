// Many maglevds on one page: real daemons over gRPC, of which one dies, comes back, or falls silent.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../../server/test/support/guarded-process.ts';
import { type Maglevd, startMaglevd } from '../../../server/test/support/maglevd.ts';
import type { FleetMessage, MaglevdConnection } from '../../src/contract.ts';
import { type FleetStream, openStream, startTestFrontend, staticConfig } from './support.ts';

async function start(t: TestContext, apiAddress?: string): Promise<Maglevd> {
  const maglevd = await startMaglevd({ config: staticConfig, ...(apiAddress && { apiAddress }) });
  t.after(() => maglevd.kill());
  return maglevd;
}

const nameOf = ({ apiUrl }: Maglevd) => new URL(apiUrl).host;

/** Its connection is now this. */
const tells = (maglevd: string, connection: MaglevdConnection) => (message: FleetMessage) => {
  if (message.t === 'status') return message.maglevd === maglevd && message.status.connection === connection;
  return message.t === 'maglevd' && message.maglevd === maglevd && message.picture.connection === connection;
};

/** A page may be shown before all maglevds have answered. */
async function opened(t: TestContext, url: string, maglevds: readonly Maglevd[]): Promise<FleetStream> {
  const stream = await openStream(t, `${url}/view/api/stream`);
  for (const name of maglevds.map(nameOf)) {
    const isIn = (message: FleetMessage) =>
      message.t === 'picture' &&
      message.maglevds.some((each) => each.name === name && each.connection === 'connected');
    await stream.waitFor((message) => isIn(message) || tells(name, 'connected')(message));
  }
  return stream;
}

test('a page is shown all maglevds, and each change of them', { timeout: 60_000 }, async (t) => {
  const maglevds = await Promise.all([start(t), start(t)]);
  const [one, other] = maglevds.map(nameOf);
  const { url } = await startTestFrontend(
    t,
    maglevds.map(({ apiUrl }) => apiUrl),
  );
  await opened(t, url, maglevds);
  const stream = await openStream(t, `${url}/view/api/stream`);
  const { message } = await stream.waitFor(({ t }) => t === 'picture');
  assert.equal(message.t, 'picture');
  assert.equal(message.canChange, false);
  assert.deepEqual(
    message.maglevds.map(({ name, connection }) => [name, connection]),
    [
      [one, 'connected'],
      [other, 'connected'],
    ],
  );
  const [picture] = message.maglevds;
  // What REST says of the same maglevd is what the page gets.
  assert.deepEqual(
    picture?.frontends,
    (await maglevds[0]?.api<{ frontends: unknown }>('/frontends'))?.frontends,
  );
  assert.deepEqual(picture?.backends, (await maglevds[0]?.api<{ backends: unknown }>('/backends'))?.backends);
  assert.equal(picture?.vpp.connection, 'disabled');

  await maglevds[1]?.post('/backends/b1/pause', { body: {} });
  const isChange = (each: FleetMessage) =>
    each.t === 'change' && each.maglevd === other && each.backends.some(({ state }) => state === 'paused');
  const { message: change } = await stream.waitFor(isChange);
  assert.equal(change.t, 'change');
  assert.deepEqual(
    change.backends.map(({ name, state }) => [name, state]),
    [['b1', 'paused']],
  );
  assert.deepEqual(
    change.frontends.map(({ name }) => name),
    ['www', 'api'],
  );
  const isEvent = (each: FleetMessage) => each.t === 'event' && each.event.backend?.backend === 'b1';
  assert.ok(stream.received.some(({ message }) => isEvent(message)));
});

test('one of two dies and comes back; the other goes on', { timeout: 90_000 }, async (t) => {
  const maglevds = await Promise.all([start(t), start(t)]);
  const [steady, dying] = maglevds as [Maglevd, Maglevd];
  const { url } = await startTestFrontend(
    t,
    maglevds.map(({ apiUrl }) => apiUrl),
  );
  const stream = await opened(t, url, maglevds);
  const killedMs = performance.now();
  await dying.kill();
  const lost = await stream.waitFor(tells(nameOf(dying), 'lost'));
  assert.ok(lost.atMs - killedMs < 5_000, `told after ${Math.round(lost.atMs - killedMs)} ms`);
  assert.ok(lost.message.t === 'status' && lost.message.status.reason);

  const from = stream.received.length;
  await steady.post('/backends/b2/disable', { body: {} });
  await stream.waitFor((each) => each.t === 'change' && each.maglevd === nameOf(steady), from);
  // A page that is opened now sees the dead one as lost, with what was known of it.
  const late = await openStream(t, `${url}/view/api/stream`);
  const { message } = await late.waitFor(({ t }) => t === 'picture');
  assert.ok(message.t === 'picture');
  assert.deepEqual(
    message.maglevds.map(({ connection }) => connection),
    ['connected', 'lost'],
  );
  assert.equal(message.maglevds[1]?.frontends.length, 2);

  const again = await start(t, nameOf(dying));
  assert.equal(nameOf(again), nameOf(dying));
  const back = await stream.waitFor(tells(nameOf(dying), 'connected'), from);
  assert.ok(back.message.t === 'maglevd' && back.message.picture.backends.length === 4);
});

test('a maglevd that falls silent is lost within 5 s, and found again', { timeout: 90_000 }, async (t) => {
  const maglevd = await start(t);
  const { url } = await startTestFrontend(t, [maglevd.apiUrl]);
  const stream = await opened(t, url, [maglevd]);
  maglevd.signal('SIGSTOP');
  const silentMs = performance.now();
  const lost = await stream.waitFor(tells(nameOf(maglevd), 'lost'));
  assert.ok(lost.atMs - silentMs < 5_000, `told after ${Math.round(lost.atMs - silentMs)} ms`);
  maglevd.signal('SIGCONT');
  await stream.waitFor(tells(nameOf(maglevd), 'connected'), stream.received.indexOf(lost));
});

test('whoever comes back continues where it left', { timeout: 60_000 }, async (t) => {
  const maglevd = await start(t);
  const { url } = await startTestFrontend(t, [maglevd.apiUrl]);
  (await opened(t, url, [maglevd])).close();
  const first = await openStream(t, `${url}/view/api/stream`);
  const { id } = await first.waitFor(({ t }) => t === 'picture');
  assert.ok(id !== undefined);
  first.close();
  await maglevd.post('/backends/b1/pause', { body: {} });
  for (const query of [`?lastEventId=${id}`, '']) {
    const headers = query === '' ? { 'last-event-id': id } : undefined;
    const second = await openStream(t, `${url}/view/api/stream${query}`, headers);
    await second.waitFor((each) => each.t === 'change' && each.backends.some(({ name }) => name === 'b1'));
    assert.ok(second.received.every(({ message }) => message.t !== 'picture'));
    const numbers: number[] = second.received.flatMap(({ id }) =>
      id === undefined ? [] : [Number(id.split('-')[1])],
    );
    const from: number = Number(id.split('-')[1]) + 1;
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => from + index),
      'without a gap',
    );
    second.close();
  }
  for (const gone of ['0-1', `${id.split('-')[0]}-99999`, 'nonsense']) {
    const other = await openStream(t, `${url}/view/api/stream`, { 'last-event-id': gone });
    const [received] = [await other.waitFor(({ t }) => t !== 'heartbeat')];
    assert.equal(received?.message.t, 'picture', `from ${gone}`);
    other.close();
  }
});

test('a browser that takes nothing costs a bounded amount, and is given the rest', {
  timeout: 90_000,
}, async (t) => {
  const maglevd = await start(t);
  const { url, counts } = await startTestFrontend(t, [maglevd.apiUrl]);
  const witness = await openStream(t, `${url}/view/api/stream`);
  await witness.waitFor(({ t }) => t === 'picture');
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.pause();
  socket.write('GET /view/api/stream HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually('both are there', 5_000, () => counts().browsers === 2 || undefined);
  // Each round is a few kilobytes of events and changes; what the kernel holds in between is some megabytes.
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 60; round++) {
    await maglevd.post(`/backends/b1/${round % 2 === 0 ? 'pause' : 'resume'}`, { body: {} });
  }
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 16 * 1024 * 1024, `${grown} bytes more`);
  let text = '';
  socket.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  socket.resume();
  const newest = witness.received.findLast(({ id }) => id !== undefined)?.id;
  await eventually('it has caught up', 10_000, () => text.includes(`id: ${newest}\n`) || undefined);
});
