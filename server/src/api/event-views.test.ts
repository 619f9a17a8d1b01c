import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Check } from 'typebox/value';
import type { MaglevEvent } from '../events/event.ts';
import { EventShape } from './event-schemas.ts';
import { encodeSse, readWatchQuery } from './event-text.ts';
import { eventView, heartbeatView, resyncView } from './event-views.ts';

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const at = '2026-01-02T03:04:05.006Z';
const view = (event: MaglevEvent) => eventView('e1', { sequence: 7, atMs, event });

const audit = { operation: 'PauseBackend', address: '127.0.0.1', requestId: 'r1', code: 'ok' };
const transition = { from: 'up', to: 'down', atMs, code: 'L7STS', detail: 'HTTP 503' } as const;
const cause = { backend: 'b1', state: 'down', code: 'L7STS' } as const;
const frontend = { kind: 'frontend', frontend: 'www', from: 'up', to: 'down', atMs } as const;
const drift = { kind: 'vpp', what: 'drift', message: 'm' } as const;
const loaded = { kind: 'config', outcome: 'loaded', message: 'm' } as const;

test('each kind of event has its part, as the schema says', () => {
  const cases: readonly (readonly [MaglevEvent, object])[] = [
    [
      { kind: 'log', level: 'warn', message: 'm', attributes: { a: 1 } },
      { log: { level: 'warn', message: 'm', attributes: { a: 1 } } },
    ],
    [
      { kind: 'backend', backend: 'b1', transition },
      {
        backend: {
          backend: 'b1',
          transition: { from: 'up', to: 'down', at, code: 'L7STS', detail: 'HTTP 503' },
        },
      },
    ],
    [frontend, { frontend: { frontend: 'www', from: 'up', to: 'down', at } }],
    [{ ...frontend, cause }, { frontend: { frontend: 'www', from: 'up', to: 'down', at, cause } }],
    [drift, { vpp: { what: 'drift', message: 'm' } }],
    [{ ...drift, frontend: 'www' }, { vpp: { what: 'drift', message: 'm', frontend: 'www' } }],
    [loaded, { config: { outcome: 'loaded', message: 'm' } }],
    [{ ...loaded, outcome: 'audit', audit }, { config: { outcome: 'audit', message: 'm', audit } }],
  ];
  for (const [event, part] of cases) {
    const seen = view(event);
    assert.deepEqual(seen, { id: 'e1-7', at, kind: event.kind, ...part });
    assert.ok(Check(EventShape, seen), JSON.stringify(seen));
  }
  for (const seen of [resyncView(atMs, 'why'), heartbeatView(atMs, { epoch: 'e1', sequence: 0 })]) {
    assert.ok(Check(EventShape, seen), JSON.stringify(seen));
  }
});

test('a block is one event: id where it has one, kind, and JSON on one line', () => {
  const event = view({
    kind: 'log',
    level: 'info',
    message: 'two\nlines',
    attributes: { big: 12345678901234567890n },
  });
  const json =
    `{"id":"e1-7","at":"${at}","kind":"log",` +
    '"log":{"level":"info","message":"two\\nlines","attributes":{"big":"12345678901234567890"}}}';
  assert.equal(encodeSse(event), `id: e1-7\nevent: log\ndata: ${json}\n\n`);
  const resync = `{"at":"${at}","kind":"resync","resync":{"reason":"why"}}`;
  assert.equal(encodeSse(resyncView(atMs, 'why')), `event: resync\ndata: ${resync}\n\n`);
});

test('a query is read strictly, the header wins, and an empty header is none', () => {
  assert.deepEqual(readWatchQuery({}, undefined), {});
  assert.deepEqual(readWatchQuery({ kind: ['log', 'vpp,config'], level: 'warn' }, ''), {
    kind: ['log', 'vpp', 'config'],
    level: 'warn',
  });
  assert.deepEqual(readWatchQuery({ lastEventId: 'e1-1' }, 'e1-2'), { lastEventId: 'e1-2' });
  for (const lastEventId of ['', 'e1', 'E1-1', 'e1-', '-1', 'e1-1 ', `e1-${'1'.repeat(17)}`]) {
    assert.throws(
      () => readWatchQuery({ lastEventId }, undefined),
      { code: 'invalid_argument' },
      lastEventId,
    );
  }
  assert.throws(() => readWatchQuery({ lastEventId: ['e1-1', 'e1-2'] }, undefined), {
    faults: [{ path: 'lastEventId', message: 'is there more than once' }],
  });
});
