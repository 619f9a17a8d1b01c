// What is known, and what browsers are told of it: each message for its reason, and none without.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackendJson, EventJson } from '../src/contract.ts';
import { type Answers, type Input, type KnownMaglevd, reduce, unknownMaglevd } from './picture.ts';
import { backendJson, frontendJson } from './test/values.ts';

const [early, late] = ['2026-11-23T12:00:00.000Z', '2026-11-23T12:00:05.000Z'];
const vpp = { connection: 'connected', missingCapabilities: [], apiSent: 7, apiReceived: 7 } as const;
const b1 = backendJson('b1');
const b2 = backendJson('b2');
const www = frontendJson('www', {
  primary: [
    { name: 'b1', weight: 100 },
    { name: 'b2', weight: 100 },
  ],
});
const answers: Answers = { backends: [b1, b2], frontends: [www], vpp };

function run(known: KnownMaglevd, ...inputs: Input[]) {
  const kinds: string[] = [];
  let now = known;
  let messages: ReturnType<typeof reduce>['messages'] = [];
  for (const input of inputs) {
    ({ known: now, messages } = reduce(now, input));
    kinds.push(...messages.map(({ t }) => t));
  }
  return { known: now, messages, kinds };
}

const loaded = run(unknownMaglevd('a:9090', early), { t: 'loaded', at: early, version: '1', answers }).known;
const refused = { code: 'L4CON', detail: 'connection refused' };
const transition = { from: 'up', to: 'down', at: late, ...refused } as const;
const event: EventJson = { id: 'e-1', at: late, kind: 'backend', backend: { backend: 'b1', transition } };
const asked = (more: Answers): Input => ({ t: 'answers', answers: more });

test('one that never answered is connecting, with why not; one that did is lost, with what was known', () => {
  const lost: Input = { t: 'lost', at: late, reason: 'connection refused' };
  const never = run(unknownMaglevd('a:9090', early), lost, lost);
  assert.deepEqual(never.kinds, ['status'], 'said once');
  assert.deepEqual([never.known.picture.connection, never.known.picture.since], ['connecting', early]);
  assert.equal(never.known.picture.reason, 'connection refused');
  const { known, kinds } = run(loaded, lost, { ...lost, at: '2026-11-23T12:01:00.000Z' });
  assert.deepEqual(kinds, ['status']);
  assert.deepEqual([known.picture.connection, known.picture.since], ['lost', late], 'since the first time');
  assert.equal(known.picture.backends.length, 2);
  const back = run(known, { t: 'loaded', at: '2026-11-23T12:02:00.000Z', answers });
  assert.deepEqual(back.kinds, ['maglevd']);
  assert.equal(back.known.picture.reason, undefined);
  assert.equal(back.known.picture.since, '2026-11-23T12:02:00.000Z');
});

test('answers that say nothing new are not told', () => {
  const same = structuredClone(answers);
  assert.deepEqual(run(loaded, asked(same), asked({ drift: [] })).kinds, []);
});

test('a probe is a tick, not a change', () => {
  const probed = (probeAt: string, more: Partial<BackendJson> = {}) =>
    backendJson('b1', {
      lastProbe: { at: probeAt, ok: true, code: 'L7OK', detail: 'HTTP 200', duration: '0.001234s' },
      ...more,
    });
  const { kinds, messages, known } = run(loaded, asked({ backends: [probed(early), b2] }));
  assert.deepEqual(kinds, ['probes']);
  assert.deepEqual(messages[0]?.t === 'probes' && messages[0].ticks, [
    ['b1', true, 'L7OK', 1.234, Date.parse(early)],
  ]);
  assert.deepEqual(run(known, asked({ backends: [probed(early), b2] })).kinds, []);
  const both = run(known, asked({ backends: [probed(late, { state: 'down' }), b2] }));
  assert.deepEqual(both.kinds, ['change', 'probes']);
});

test('what an event named is told again, even if it looks as before', () => {
  const { known, kinds } = run(loaded, { t: 'event', event });
  assert.deepEqual(kinds, ['event']);
  const { messages, known: after } = run(known, asked({ backends: [b1, b2], frontends: [www] }));
  assert.deepEqual(messages, [{ t: 'change', maglevd: 'a:9090', backends: [b1], frontends: [www] }]);
  assert.deepEqual(run(after, asked({ backends: [b1, b2], frontends: [www] })).kinds, []);
});

test('events of a first picture and heartbeats are not news', () => {
  assert.deepEqual(run(loaded, { t: 'event', event: { ...event, snapshot: true } }).kinds, []);
  assert.deepEqual(run(loaded, { t: 'event', event: { at: late, kind: 'heartbeat' } }).kinds, []);
});

test('who comes, goes or changes places makes a new whole', () => {
  assert.deepEqual(run(loaded, asked({ backends: [b1] })).kinds, ['maglevd']);
  assert.deepEqual(run(loaded, asked({ backends: [b2, b1] })).kinds, ['maglevd']);
  assert.deepEqual(run(loaded, asked({ frontends: [] })).kinds, ['maglevd']);
});

test('VPP is told when it differs, and its counters go with it where they are new', () => {
  const counters = { at: late, vips: [] };
  const { kinds, known } = run(loaded, asked({ counters }), asked({ drift: ['www'] }));
  assert.deepEqual(kinds, ['vpp', 'vpp']);
  assert.deepEqual([known.picture.counters, known.picture.drift], [counters, ['www']]);
  const called = run(
    known,
    asked({ vpp: { ...vpp, apiSent: 9, apiReceived: 8 }, counters: { ...counters } }),
  );
  const [message] = called.messages;
  assert.ok(message?.t === 'vpp');
  assert.deepEqual([message.vpp.apiSent, message.vpp.apiReceived, 'counters' in message], [9, 8, false]);
  const disconnected = { connection: 'disconnected', missingCapabilities: [] } as const;
  const gone = run(known, asked({ vpp: disconnected, counters: undefined }));
  assert.equal(gone.known.picture.counters, undefined);
});
