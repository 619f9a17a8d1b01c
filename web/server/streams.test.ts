// What browsers are handed, with a clock that is moved by hand and connections that take nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../server/test/support/fake-clock.ts';
import type { FleetMessage } from '../src/contract.ts';
import type { Fleet } from './fleet.ts';
import {
  lingerMs,
  ringCountMax,
  streamHeartbeatMs,
  streamPendingBytesMax,
  streamRoundMs,
  streamStalledMsMax,
  streamsMax,
} from './limits.ts';
import { type StreamRequest, type StreamSink, Streams } from './streams.ts';

function start() {
  const clock = createFakeClock();
  let tell: (message: FleetMessage) => void = () => assert.fail('nobody listens');
  const watched: boolean[] = [];
  const fleet: Fleet = {
    pictures: () => [],
    source: () => undefined,
    names: () => [],
    setWatched: (isWatched) => void watched.push(isWatched),
    fresh: async () => undefined,
    touch: () => undefined,
    listen(listener) {
      tell = listener;
    },
    stop: async () => undefined,
  };
  const streams = new Streams(fleet, clock);
  const open = (request: Partial<StreamRequest> = {}) => {
    const sink = createSink();
    return { ...sink, stream: streams.open({ canChange: false, ...request }, sink) };
  };
  const say = (text: string) =>
    tell({ t: 'status', maglevd: text, status: { name: text, connection: 'lost', since: '' } });
  return { clock, streams, watched, open, say };
}

function createSink() {
  const state = { text: '', pending: 0, isTaking: true, end: '' };
  const sink: StreamSink = {
    write(bytes) {
      state.text += bytes.toString();
      if (!state.isTaking) state.pending += bytes.length;
    },
    pendingBytes: () => state.pending,
    end: () => {
      state.end = 'end';
    },
    destroy: () => {
      state.end = 'destroy';
    },
  };
  return { ...sink, state };
}

const messagesIn = (text: string): FleetMessage[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json));
const idsIn = (text: string) => [...text.matchAll(/^id: \w+-(\d+)$/gm)].map(([, digits]) => Number(digits));
const kindsIn = (text: string) => messagesIn(text).map(({ t }) => t);

test('a picture comes first, then what happens, in one piece for each moment', async () => {
  const { clock, streams, open, say } = start();
  const { state } = open();
  await clock.advance(0);
  assert.deepEqual(kindsIn(state.text), ['picture']);
  say('a');
  say('b');
  assert.deepEqual(kindsIn(state.text), ['picture']);
  await clock.advance(streamRoundMs);
  assert.deepEqual(kindsIn(state.text), ['picture', 'status', 'status']);
  const [first = 0, ...others] = idsIn(state.text);
  assert.deepEqual(others, [first + 1, first + 2]);
  await clock.advance(streamHeartbeatMs);
  assert.equal(kindsIn(state.text).at(-1), 'heartbeat');
  assert.equal(idsIn(state.text).length, 3, 'a heartbeat has no number');
  streams.stop();
  assert.equal(state.end, 'end');
  assert.equal(clock.pendingTimerCount(), 0);
});

test('a browser that takes nothing gets nothing more, and later the rest or a picture', async () => {
  const { clock, streams, open, say } = start();
  const { state, stream } = open();
  await clock.advance(0);
  state.isTaking = false;
  const long = 'x'.repeat(1000);
  for (let index = 0; index < 1000; index++) {
    say(long);
    await clock.advance(streamRoundMs);
  }
  assert.ok(state.pending <= streamPendingBytesMax + 4000, `${state.pending} bytes wait`);
  const drain = () => {
    state.pending = 0;
    state.isTaking = true;
    stream.drained();
  };
  drain();
  assert.deepEqual(idsIn(state.text).at(-1), 1000);
  assert.equal(kindsIn(state.text).filter((kind) => kind === 'picture').length, 1, 'nothing was missed');
  state.isTaking = false;
  for (let index = 0; index < 300; index++) say(long);
  await clock.advance(streamRoundMs);
  const before = kindsIn(state.text).length;
  for (let index = 0; index < ringCountMax + 1000; index++) say(long);
  drain();
  assert.equal(kindsIn(state.text)[before], 'picture', 'too much was missed');
  streams.stop();
});

test('a browser that takes nothing for too long is dropped, as are those beyond the bound', async () => {
  const { clock, streams, open, say } = start();
  const { state } = open();
  await clock.advance(0);
  state.isTaking = false;
  state.pending = streamPendingBytesMax;
  say('a');
  await clock.advance(streamRoundMs + streamStalledMsMax + streamHeartbeatMs);
  assert.equal(state.end, 'destroy');
  assert.deepEqual(streams.counts(), { browsers: 0, dropped: 1 });
  for (let index = 0; index < streamsMax; index++) open();
  assert.throws(() => open(), /200 pages are open/);
  streams.stop();
  assert.throws(() => open(), /stopping/);
});

test('whoever comes back in time continues; later nobody was watching', async () => {
  const { clock, streams, watched, open, say } = start();
  const first = open();
  await clock.advance(0);
  const [id = ''] = /^id: (.*)$/m.exec(first.state.text)?.slice(1) ?? [];
  first.stream.close();
  say('a');
  await clock.advance(lingerMs - 1000);
  const second = open({ lastEventId: id });
  await clock.advance(0);
  assert.deepEqual(kindsIn(second.state.text), ['status']);
  second.stream.close();
  await clock.advance(lingerMs);
  assert.deepEqual(watched, [true, false]);
  say('b');
  const third = open({ lastEventId: id });
  await clock.advance(0);
  assert.deepEqual(kindsIn(third.state.text), ['picture']);
  assert.deepEqual(watched, [true, false, true]);
  streams.stop();
  assert.equal(clock.pendingTimerCount(), 0);
});
