import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeMaglevd, usualLayout } from '../../../test/support/fake-maglevd.ts';
import type { FleetMessage } from '../../contract.ts';
import { emptyFleet, type FleetModel, linesKept, probesKept } from './model.ts';
import { reduce } from './reduce.ts';

const nowMs = Date.parse('2026-11-23T12:00:00Z');
const at = new Date(nowMs).toISOString();
const down = { state: 'down', code: 'L4CON', detail: 'connection refused' } as const;
const up = { state: 'up', code: 'L7OK', detail: 'HTTP 200' } as const;

function pictureOf(...maglevds: readonly FakeMaglevd[]): FleetMessage {
  return { t: 'picture', at, canChange: false, maglevds: maglevds.map((maglevd) => maglevd.picture()) };
}
const make = (name = 'local') => new FakeMaglevd(name, usualLayout(), nowMs);
/** All that a picture decides, as data. */
function known(model: FleetModel): unknown {
  return [...model.maglevds].map(([name, { frontends, backends, drift, vpp, status }]) => [
    name,
    [...frontends],
    [...backends],
    [...drift],
    vpp,
    status,
  ]);
}

test('a picture replaces all, and keeps the order of the configuration', () => {
  const local = make();
  const model = reduce(emptyFleet, [pictureOf(make('gone'), local)], nowMs);
  const next = reduce(model, [pictureOf(local)], nowMs);
  assert.deepEqual([...next.maglevds.keys()], ['local']);
  assert.deepEqual(
    [...(next.maglevds.get('local')?.frontends.keys() ?? [])],
    usualLayout().map(({ name }) => name),
  );
});

test('changes, in whatever pieces they come, lead to what a picture taken afterwards says', () => {
  const names = [...make().backends.keys()];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...names), fc.boolean(), fc.boolean()), { maxLength: 30 }),
      (turns) => {
        const local = make();
        let model = reduce(emptyFleet, [pictureOf(local)], nowMs);
        let waiting: FleetMessage[] = [];
        for (const [name, isUp, isDrawn] of turns) {
          waiting.push(...local.turn(name, isUp ? up : down, nowMs));
          if (isDrawn) {
            model = reduce(model, waiting, nowMs);
            waiting = [];
          }
        }
        model = reduce(model, waiting, nowMs);
        assert.deepEqual(known(model), known(reduce(emptyFleet, [pictureOf(local)], nowMs)));
      },
    ),
    { numRuns: 50 },
  );
});

test('the model before is never changed, and what did not move keeps its identity', () => {
  const local = make();
  const model = reduce(emptyFleet, [pictureOf(local, make('other'))], nowMs);
  const before = structuredClone(known(model));
  const next = reduce(model, local.turn('nginx0-ams', down, nowMs), nowMs);
  assert.deepEqual(known(model), before);
  assert.equal(next.maglevds.get('other'), model.maglevds.get('other'));
  const frontend = (of: FleetModel, name: string) => of.maglevds.get('local')?.frontends.get(name);
  assert.equal(frontend(next, 'imap'), frontend(model, 'imap'));
  assert.notEqual(frontend(next, 'www-v4'), frontend(model, 'www-v4'));
});

test('probes fill a ring of the heartbeat, newest last, and survive a new picture', () => {
  const local = make();
  let model = reduce(emptyFleet, [pictureOf(local)], nowMs);
  for (let i = 0; i < probesKept + 5; i += 1) {
    model = reduce(
      model,
      [{ t: 'probes', maglevd: 'local', ticks: [['nginx0-ams', true, 'L7OK', i, i]] }],
      nowMs,
    );
  }
  model = reduce(model, [pictureOf(local)], nowMs);
  const ring = model.maglevds.get('local')?.probes.get('nginx0-ams') ?? [];
  assert.deepEqual([ring.length, ring[0]?.[3], ring.at(-1)?.[3]], [probesKept, 5, probesKept + 4]);
});

test('a lost maglevd keeps what it said, and a message about an unknown one changes nothing', () => {
  const model = reduce(emptyFleet, [pictureOf(make())], nowMs);
  const status = { name: 'local', connection: 'lost', since: at, reason: 'connection refused' } as const;
  const lost = reduce(model, [{ t: 'status', maglevd: 'local', status }], nowMs).maglevds.get('local');
  assert.equal(lost?.status.reason, 'connection refused');
  assert.equal(lost?.frontends, model.maglevds.get('local')?.frontends);
  const odd = reduce(model, [{ t: 'status', maglevd: 'nobody', status }], nowMs);
  assert.deepEqual([...odd.maglevds.keys()], ['local']);
});

test('lines: no snapshot, no heartbeat, a gap where the picture came anew, and no more than are kept', () => {
  const local = make();
  const event = (extra: object) =>
    ({
      t: 'event',
      maglevd: 'local',
      event: { at, kind: 'vpp', vpp: { what: 'drift', message: 'x' }, ...extra },
    }) as const;
  const log = { level: 'info', message: 'backend-transition', attributes: {} };
  let model = reduce(emptyFleet, [pictureOf(local), event({}), event({ snapshot: true })], nowMs);
  model = reduce(model, [event({ kind: 'heartbeat' }), pictureOf(local), event({ kind: 'log', log })], nowMs);
  assert.deepEqual(
    model.lines.map(({ t }) => t),
    ['event', 'gap'],
  );
  model = reduce(
    model,
    Array.from({ length: linesKept + 20 }, () => event({})),
    nowMs,
  );
  assert.equal(model.lines.length, linesKept);
  assert.equal(new Set(model.lines.map(({ id }) => id)).size, linesKept);
});

test('the clock of the server counts, not the one of the page', () => {
  assert.equal(reduce(emptyFleet, [{ t: 'heartbeat', at }], nowMs - 7000).skewMs, 7000);
});

test('rates come from successive samples; a counter that fell gives none', () => {
  const local = make();
  const sample = (after: number, packets: number) => local.sample(nowMs + after, () => packets);
  const model = reduce(emptyFleet, [pictureOf(local), sample(0, 1000), sample(5000, 400)], nowMs);
  const series = (of: FleetModel) => of.maglevds.get('local')?.series.get('198.51.100.90 tcp 22');
  assert.equal(series(model)?.rates.length, 1);
  assert.equal(series(model)?.rates[0]?.packets, (400 + 10) / 5);
  const after = reduce(model, [sample(10_000, -900)], nowMs);
  assert.equal(series(after)?.rates.length, 1);
});
