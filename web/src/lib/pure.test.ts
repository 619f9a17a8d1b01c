// The small pure files: times, numbers, places, order, changes in words, the watch over the stream.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ChangeForm,
  describeEffect,
  type Intent,
  parseWeight,
  readAnswer,
  requestOf,
} from './changes.ts';
import { describeEvent, passes } from './event-line.ts';
import { type LinkFacts, silenceMsMax, watchLink } from './fleet/link.ts';
import { summariseProbes } from './fleet/probe-summary.ts';
import { nameHalves, percentText, rateText, vipText, wholeText } from './format.ts';
import { holdOrder } from './order.ts';
import { formatRoute, parseRoute } from './route.ts';
import { heartbeatPaths, sparkPath } from './shapes.ts';
import { ageText, spanText } from './time.ts';

test('spans by their two most significant units', () => {
  const spans = [0, 999, 45_000, 630_000, 3_600_000, 90_061_000, -5];
  assert.deepEqual(spans.map(spanText), ['0s', '0s', '45s', '10m30s', '1h', '1d1h', '0s']);
  assert.equal(ageText(undefined, 0), '-');
});

test('numbers and addresses', () => {
  assert.deepEqual([0, 0.0004, 0.125, 1, 0.9999].map(percentText), ['0', '<0.1', '12.5', '100', '100']);
  assert.deepEqual([0, 7.46, 128, 1400, 2.5e6].map(rateText), ['0', '7.5', '128', '1.4 k', '2.5 M']);
  assert.deepEqual([0, 999, 1017, 1234567].map(wholeText), ['0', '999', '1\u202f017', '1\u202f234\u202f567']);
  assert.equal(vipText('2001:db8::1', 443), '[2001:db8::1]:443');
  assert.equal(vipText('192.0.2.1', undefined), '192.0.2.1');
});

test('a name in halves is the name', () => {
  fc.assert(fc.property(fc.string(), (name) => nameHalves(name).join('') === name));
});

test('every place has an address, and every address leads back', () => {
  const word = fc.string({ minLength: 1 });
  const place = fc.record(
    {
      maglevd: fc.option(word, { nil: undefined }),
      frontend: fc.option(word, { nil: undefined }),
      drawer: fc.option(fc.record({ maglevd: word, backend: word }, { noNullPrototype: true }), {
        nil: undefined,
      }),
      query: fc.string(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(place, (route) => {
      const reachable = route.maglevd === undefined ? { ...route, frontend: undefined } : route;
      assert.deepEqual(parseRoute(formatRoute(reachable)), reachable);
    }),
  );
  for (const odd of [
    '',
    '#',
    '#/nowhere',
    '#/maglevd',
    '#/maglevd/a/b',
    '#/overview/%',
    '#/overview/backend/x',
  ]) {
    assert.equal(parseRoute(odd), undefined, odd);
  }
});

test('nothing moves while it is read, nothing is lost, and what would move is counted', () => {
  const shown = ['a', 'b', 'c', 'd'];
  assert.deepEqual(holdOrder(shown, ['d', 'a', 'b', 'c'], true), { keys: shown, waiting: 1 });
  assert.deepEqual(holdOrder(shown, ['x', 'a', 'c', 'd'], true), { keys: ['a', 'c', 'd', 'x'], waiting: 1 });
  assert.equal(holdOrder(shown, [...shown], false).keys, shown);
  const keys = fc.uniqueArray(fc.integer({ max: 20 }).map(String));
  fc.assert(
    fc.property(keys, keys, fc.boolean(), (before, wanted, isHeld) => {
      const next = holdOrder(before, wanted, isHeld);
      assert.deepEqual([...next.keys].sort(), [...wanted].sort());
      assert.equal(next.waiting === 0, JSON.stringify(next.keys) === JSON.stringify(wanted));
    }),
  );
});

test('the watch: silence, a broken stream and a sleep open the stream anew, a hidden page waits', () => {
  const fine: LinkFacts = {
    nowMs: 100_000,
    lastWatchMs: 99_500,
    lastHeardMs: 99_000,
    openedMs: 0,
    isBroken: false,
    isHidden: false,
  };
  assert.equal(watchLink(fine), 'fine');
  assert.equal(watchLink({ ...fine, lastHeardMs: fine.nowMs - silenceMsMax - 1 }), 'reopen');
  assert.equal(watchLink({ ...fine, isBroken: true }), 'reopen');
  assert.equal(watchLink({ ...fine, isBroken: true, openedMs: 99_900 }), 'fine');
  assert.equal(watchLink({ ...fine, lastWatchMs: 40_000 }), 'reopen');
  assert.equal(watchLink({ ...fine, lastWatchMs: 40_000, isHidden: true }), 'fine');
});

const form: ChangeForm = { reason: ' kernel ', weight: '50', flush: true, reset: false };
const weightIntent: Intent = {
  t: 'weight',
  maglevd: 'local',
  frontend: 'www',
  pool: 'p',
  backend: 'b',
  weight: 100,
};

test('requests are what the API wants, and a weight that is none is told', () => {
  assert.deepEqual(requestOf(weightIntent, form), {
    maglevd: 'local',
    operation: 'SetFrontendPoolBackendWeight',
    request: { frontend: 'www', pool: 'p', backend: 'b', weight: 50, flush: true, reason: 'kernel' },
  });
  const pause: Intent = { t: 'backend', maglevd: 'local', operation: 'PauseBackend', backend: 'b' };
  assert.deepEqual(requestOf(pause, { ...form, reason: '' }), {
    maglevd: 'local',
    operation: 'PauseBackend',
    request: { backend: 'b' },
  });
  for (const odd of ['', '101', '-1', '1e1', '50.5', 'ten'])
    assert.equal(typeof parseWeight(odd), 'string', odd);
});

test('answers: done only by what the daemon says, refusals in its words', () => {
  const pause: Intent = { t: 'backend', maglevd: 'local', operation: 'PauseBackend', backend: 'b' };
  assert.deepEqual(readAnswer(pause, 200, { state: 'paused' }).sentence, 'b is paused, says local.');
  assert.equal(readAnswer(pause, 200, {}).t, 'refused');
  assert.equal(readAnswer(pause, 409, { detail: 'backend b is disabled' }).sentence, 'backend b is disabled');
  assert.equal(readAnswer(pause, 502, undefined).sentence, 'The server answered HTTP 502.');
  const sync: Intent = { t: 'sync', maglevd: 'local' };
  assert.equal(
    readAnswer(sync, 200, { asesAdded: 2, inSync: true }).sentence,
    '2 ASes added; VPP holds what it should.',
  );
  assert.equal(readAnswer(sync, 200, { inSync: false }).t, 'refused');
  const reload: Intent = { t: 'reload', maglevd: 'local' };
  const errors = [{ path: 'maglev.x', line: 3, column: 5, message: 'unknown key' }];
  assert.deepEqual(readAnswer(reload, 200, { ok: false, errors, warnings: [] }), {
    t: 'refused',
    sentence: 'The file has 1 error; the running configuration stays.',
    details: ['maglev.x: unknown key (line 3, column 5)'],
  });
  const frontend = { pools: [{ name: 'p', backends: [{ name: 'b', weight: 50, effectiveWeight: 0 }] }] };
  assert.equal(
    readAnswer(weightIntent, 200, frontend).sentence,
    'b has weight 50 in www, effective 0, says local.',
  );
});

test('the effect of a change in words and numbers', () => {
  const effect = {
    frontend: 'www-v4',
    movedShare: 0.125,
    shareBefore: 0.125,
    shareAfter: 0,
    servingAfter: 1,
    cutsFlows: true,
  };
  assert.equal(
    describeEffect(effect),
    'www-v4: 12.5 % of new flows move, share 12.5 % → 0 %, 1 backend serves afterwards, ' +
      'open flows are cut now.',
  );
});

test('drawings: a pixel per probe, a line within its box', () => {
  const { passed, failed } = heartbeatPaths([
    ['b', true, 'L7OK', 1, 0],
    ['b', false, 'L4CON', 1, 1000],
  ]);
  assert.equal(passed, 'M58 14h1v-2h-1z');
  assert.equal(failed, 'M59 14h1v-14h-1z');
  assert.equal(sparkPath([[0, 5]], 100, 20), '');
  const two = [
    [0, 0],
    [1000, 10],
  ] as const;
  assert.equal(sparkPath(two, 100, 20), 'M0.0 19.0L100.0 1.0');
});

test('a line over time: late values stand where they belong, and a night without any is a hole', () => {
  const at = (...timesMs: readonly number[]) => timesMs.map((atMs) => [atMs, 1] as const);
  assert.equal(sparkPath(at(0, 1000, 4000), 100, 20), 'M0.0 1.0L25.0 1.0L100.0 1.0');
  const night = sparkPath(at(0, 1000, 2000, 36_000_000, 36_001_000, 36_002_000), 80, 20);
  assert.equal(night, 'M0.0 1.0L10.0 1.0L20.0 1.0M60.0 1.0L70.0 1.0L80.0 1.0');
  assert.match(sparkPath(at(5, 5, 5), 100, 20), /^M0\.0 1\.0L0\.0 1\.0/, 'all at one time');
});

test('probes together: codes by how often, latency of those that passed', () => {
  const summary = summariseProbes([
    ['b', true, 'L7OK', 4, 0],
    ['b', true, 'L7OK', 2, 1000],
    ['b', false, 'L4TOUT', 1000, 3000],
  ]);
  assert.deepEqual(summary.codes, [
    ['L7OK', 2],
    ['L4TOUT', 1],
  ]);
  assert.deepEqual(summary.latencyMs, { least: 2, median: 2, most: 4 });
  assert.equal(summary.spanMs, 3000);
  assert.equal(summariseProbes([]).latencyMs, undefined);
});

test('events as lines, and the filter over them', () => {
  const transition = { from: 'up', to: 'down', at: '', code: 'L7STS', detail: 'HTTP 503' } as const;
  const event = { at: '', kind: 'backend', backend: { backend: 'nginx0', transition } } as const;
  assert.equal(describeEvent(event).text, 'up → down  L7STS HTTP 503');
  const line = { id: 1, t: 'event', maglevd: 'local', event } as const;
  assert.equal(passes(line, { kinds: new Set(['backend']), text: 'NGINX0 503' }), true);
  assert.equal(passes(line, { kinds: new Set(['vpp']), text: '' }), false);
  assert.equal(passes(line, { kinds: new Set(['backend']), text: 'other' }), false);
});
