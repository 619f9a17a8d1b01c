import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  anyConfig,
  anyFewName,
  anyNote,
  anyOverrides,
  sketchConfig,
  weightsOf,
} from '../../test/support/overrides-values.ts';
import type { Config } from '../config/config.ts';
import type { BackendAction } from './actions.ts';
import { changeBackend, resetWeight, setWeight } from './actions.ts';
import { formatOverrides, parseOverrides } from './file-format.ts';
import type { OperatorNote, Overrides } from './overrides.ts';
import { effectiveAdmin, noOverrides, retainOverrides, runtimeWeight } from './overrides.ts';

const note: OperatorNote = { by: 'alice', at: 1_000, reason: 'disk swap' };
const config = sketchConfig({
  backends: { 'nginx0-ams': true, 'nginx1-ams': false },
  frontends: { www: { primary: { 'nginx0-ams': 100, 'nginx1-ams': 50 }, standby: { 'nginx0-ams': 10 } } },
});

/** Runs actions in turn, each of which must be accepted, and gives the effects and the last value. */
function run(name: string, actions: readonly BackendAction[]) {
  let overrides: Overrides = noOverrides;
  const effects: string[] = [];
  for (const action of actions) {
    const edit = changeBackend(config, overrides, name, action, note);
    assert.ok(edit.ok, JSON.stringify(edit));
    assert.equal(edit.effect === 'none', edit.overrides === overrides);
    effects.push(edit.effect);
    overrides = edit.overrides;
  }
  const backend = config.backends.get(name);
  assert.ok(backend);
  return { effects, admin: effectiveAdmin(backend, overrides), entry: overrides.backends.get(name) };
}

test('actions on a backend that the file enables', () => {
  const table: [BackendAction[], effects: string[], admin: string, entry: string | undefined][] = [
    [['pause'], ['paused'], 'paused', 'paused'],
    [['pause', 'pause'], ['paused', 'none'], 'paused', 'paused'],
    [['pause', 'resume'], ['paused', 'resumed'], 'active', undefined],
    [['resume'], ['none'], 'active', undefined],
    [['enable'], ['none'], 'active', undefined],
    [['disable'], ['disabled'], 'disabled', 'disabled'],
    [['disable', 'disable'], ['disabled', 'none'], 'disabled', 'disabled'],
    [['disable', 'enable'], ['disabled', 'enabled'], 'active', undefined],
    [['pause', 'disable'], ['paused', 'disabled'], 'disabled', 'disabled'],
    [['pause', 'disable', 'enable'], ['paused', 'disabled', 'enabled'], 'active', undefined],
    [['pause', 'enable'], ['paused', 'none'], 'paused', 'paused'],
  ];
  for (const [actions, effects, admin, entry] of table) {
    const got = run('nginx0-ams', actions);
    assert.deepEqual([got.effects, got.admin, got.entry?.admin], [effects, admin, entry], actions.join());
    if (got.entry) assert.equal(got.entry.fileEnabled, true);
  }
});

test('actions on a backend that the file disables', () => {
  const table: [BackendAction[], effects: string[], admin: string, entry: string | undefined][] = [
    [['disable'], ['none'], 'disabled', undefined],
    [['enable'], ['enabled'], 'active', 'enabled'],
    [['enable', 'enable'], ['enabled', 'none'], 'active', 'enabled'],
    [['enable', 'disable'], ['enabled', 'disabled'], 'disabled', undefined],
    [['enable', 'pause'], ['enabled', 'paused'], 'paused', 'paused'],
    [['enable', 'pause', 'resume'], ['enabled', 'paused', 'resumed'], 'active', 'enabled'],
    [['enable', 'pause', 'disable'], ['enabled', 'paused', 'disabled'], 'disabled', undefined],
  ];
  for (const [actions, effects, admin, entry] of table) {
    const got = run('nginx1-ams', actions);
    assert.deepEqual([got.effects, got.admin, got.entry?.admin], [effects, admin, entry], actions.join());
    if (got.entry) assert.equal(got.entry.fileEnabled, false);
  }
});

test('an entry carries who, when and why; an empty reason is none', () => {
  const edit = changeBackend(config, noOverrides, 'nginx0-ams', 'pause', note);
  assert.ok(edit.ok);
  assert.deepEqual(edit.overrides.backends.get('nginx0-ams'), {
    kind: 'backend',
    backend: 'nginx0-ams',
    admin: 'paused',
    fileEnabled: true,
    by: 'alice',
    at: 1_000,
    reason: 'disk swap',
  });
  const without = changeBackend(config, noOverrides, 'nginx0-ams', 'pause', { ...note, reason: '' });
  assert.ok(without.ok);
  assert.ok(!('reason' in (without.overrides.backends.get('nginx0-ams') ?? { reason: '' })));
});

function refusal(edit: { ok: boolean }): unknown {
  assert.ok(!edit.ok && 'refusal' in edit, 'it is refused');
  return edit.refusal;
}

test('refusals of backend actions', () => {
  const act = (name: string, action: BackendAction, with_: Partial<OperatorNote> = {}) =>
    refusal(changeBackend(config, noOverrides, name, action, { ...note, ...with_ }));
  const disabled = (done: string) => ({
    code: 'failed-precondition',
    message: `backend nginx1-ams: it is disabled and cannot be ${done}; enable it first`,
  });
  assert.deepEqual(act('nginx1-ams', 'pause'), disabled('paused'));
  assert.deepEqual(act('nginx1-ams', 'resume'), disabled('resumed'));
  const near = {
    code: 'not-found',
    message: 'backend nginx0-amz: no such backend (did you mean nginx0-ams?)',
  };
  assert.deepEqual(act('nginx0-amz', 'pause'), near);
  assert.deepEqual(act('apache', 'enable'), {
    code: 'not-found',
    message: 'backend apache: no such backend',
  });
  assert.deepEqual(act('a\nb', 'enable'), { code: 'not-found', message: 'backend "a\\nb": no such backend' });
  const long = { code: 'not-found', message: `backend "${'x'.repeat(80)}": no such backend` };
  assert.deepEqual(act('x'.repeat(100_000), 'enable'), long);
  const bad = (message: string) => ({ code: 'invalid-argument', message });
  const tooLong = bad('reason is longer than 256 characters');
  assert.deepEqual(act('nginx0-ams', 'pause', { reason: 'x'.repeat(257) }), tooLong);
  for (const reason of ['a\nb', '\u001b[31m', '\u0000', '\u007f', '\u0085', '\u2028']) {
    assert.deepEqual(act('nginx0-ams', 'pause', { reason }), bad('reason holds a control character'));
  }
  assert.deepEqual(act('nginx0-ams', 'pause', { reason: '\ud800' }), bad('reason is not valid Unicode'));
  assert.deepEqual(act('nginx0-ams', 'pause', { by: 'a\tb' }), bad('operator holds a control character'));
  // Also where the action itself would change nothing.
  assert.deepEqual(act('nginx0-ams', 'resume', { reason: 'a\nb' }), bad('reason holds a control character'));
  const longest = { ...note, reason: 'x'.repeat(256) };
  assert.ok(changeBackend(config, noOverrides, 'nginx0-ams', 'pause', longest).ok);
});

const target = { frontend: 'www', pool: 'primary', backend: 'nginx0-ams' };

test('a weight is set, set again, and given back', () => {
  const set = setWeight(config, noOverrides, target, 20, note);
  assert.ok(set.ok && set.changed && set.weight === 20);
  const entry = { kind: 'weight', ...target, weight: 20, fileWeight: 100, ...note };
  assert.deepEqual([...set.overrides.weights.values()], [entry]);
  const same = setWeight(config, set.overrides, target, 20, { by: 'bob', at: 2_000 });
  assert.ok(same.ok && !same.changed && same.overrides === set.overrides);
  const other = setWeight(config, set.overrides, target, 0, { by: 'bob', at: 2_000 });
  assert.ok(other.ok && other.changed);
  const zero = { kind: 'weight', ...target, weight: 0, fileWeight: 100, by: 'bob', at: 2_000 };
  assert.deepEqual([...other.overrides.weights.values()], [zero]);
  const back = setWeight(config, other.overrides, target, 100, note);
  assert.ok(back.ok && back.changed && back.weight === 100 && back.overrides.weights.size === 0);
  const reset = resetWeight(config, other.overrides, target);
  assert.ok(reset.ok && reset.changed && reset.weight === 100 && reset.overrides.weights.size === 0);
  const again = resetWeight(config, reset.overrides, target);
  assert.ok(again.ok && !again.changed && again.overrides === reset.overrides);
  const file = setWeight(config, noOverrides, target, 100, note);
  assert.ok(file.ok && !file.changed && file.overrides === noOverrides);
});

test('refusals of weights', () => {
  const set = (with_: Partial<typeof target>, weight: number, reason = 'why') =>
    refusal(setWeight(config, noOverrides, { ...target, ...with_ }, weight, { ...note, reason }));
  const notFound = (message: string) => ({ code: 'not-found', message });
  assert.deepEqual(
    set({ frontend: 'wwx' }, 1),
    notFound('frontend wwx: no such frontend (did you mean www?)'),
  );
  const pool = notFound('pool Primary: no such pool in frontend www (did you mean primary?)');
  assert.deepEqual(set({ pool: 'Primary' }, 1), pool);
  const place = 'in pool standby of frontend www';
  const backend = notFound(`backend nginx1-ams: no such backend ${place} (did you mean nginx0-ams?)`);
  assert.deepEqual(set({ pool: 'standby', backend: 'nginx1-ams' }, 1), backend);
  assert.deepEqual(refusal(resetWeight(config, noOverrides, { ...target, frontend: 'zzz' })), {
    code: 'not-found',
    message: 'frontend zzz: no such frontend',
  });
  for (const weight of [-1, 101, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    const message = `weight must be an integer of 0 to 100, not ${weight}`;
    assert.deepEqual(set({}, weight), { code: 'invalid-argument', message });
  }
  const message = 'reason holds a control character';
  assert.deepEqual(set({}, 1, '\n'), { code: 'invalid-argument', message });
});

test('a negative zero is a zero', () => {
  const edit = setWeight(config, noOverrides, target, -0, note);
  assert.ok(edit.ok && Object.is(edit.weight, 0));
  assert.ok(Object.is(edit.overrides.weights.get('www/primary/nginx0-ams')?.weight, 0));
});

/** The rules in another form: two switches per backend. */
function model(config: Config) {
  const switches = new Map(
    [...config.backends].map(([name, { enabled }]) => [name, { enabled, paused: false }]),
  );
  const act = (name: string, action: BackendAction): 'refused' | 'done' => {
    const now = switches.get(name);
    if (now === undefined) return 'refused';
    if (!now.enabled && (action === 'pause' || action === 'resume')) return 'refused';
    if (action === 'pause') now.paused = true;
    if (action === 'resume') now.paused = false;
    if (action === 'disable') Object.assign(now, { enabled: false, paused: false });
    if (action === 'enable') now.enabled = true;
    return 'done';
  };
  const admin = (name: string) => {
    const now = switches.get(name);
    if (!now?.enabled) return 'disabled';
    return now.paused ? 'paused' : 'active';
  };
  return { act, admin };
}

const anyAction = fc.constantFrom<BackendAction>('pause', 'resume', 'disable', 'enable');

test('property: any sequence of actions is what two switches say, and always survives the file', () => {
  const steps = fc.array(fc.tuple(anyFewName, anyAction, anyNote), { maxLength: 30 });
  fc.assert(
    fc.property(anyConfig, steps, (config, steps) => {
      const expected = model(config);
      let overrides: Overrides = noOverrides;
      for (const [name, action, note] of steps) {
        const text = formatOverrides(overrides);
        const edit = changeBackend(config, overrides, name, action, note);
        assert.equal(formatOverrides(overrides), text, 'the value it starts from is left alone');
        assert.equal(edit.ok ? 'done' : 'refused', expected.act(name, action));
        if (!edit.ok) continue;
        assert.equal(edit.effect === 'none', edit.overrides === overrides);
        overrides = edit.overrides;
        assert.equal(edit.admin, expected.admin(name));
        for (const backend of config.backends.values()) {
          assert.equal(effectiveAdmin(backend, overrides), expected.admin(backend.name));
          const asFile = expected.admin(backend.name) === (backend.enabled ? 'active' : 'disabled');
          assert.equal(
            overrides.backends.has(backend.name),
            !asFile,
            'an entry stands iff it says something',
          );
        }
        assert.equal(retainOverrides(overrides, config).overrides, overrides);
        const bytes = Buffer.from(formatOverrides(overrides));
        assert.deepEqual(parseOverrides(bytes), { ok: true, value: overrides });
      }
    }),
  );
});

test('property: a weight that was set is the weight that counts, and no other changes', () => {
  const weight = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(
      anyConfig,
      anyOverrides(anyFewName),
      fc.nat(),
      weight,
      anyNote,
      (config, overrides, pick, weight, note) => {
        const all = weightsOf(config);
        fc.pre(all.length > 0);
        const chosen = all[pick % all.length];
        assert.ok(chosen);
        const { key, frontend, pool, backend } = chosen;
        const edit = setWeight(config, overrides, { frontend, pool, backend }, weight, note);
        assert.ok(edit.ok);
        for (const other of all) {
          const row = { name: other.backend, weight: other.weight };
          const was = runtimeWeight(other.frontend, other.pool, row, overrides);
          const is = runtimeWeight(other.frontend, other.pool, row, edit.overrides);
          assert.equal(is, other.key === key ? weight : was);
          if (other.key === key) assert.equal(edit.changed, was !== is);
        }
        const reset = resetWeight(config, edit.overrides, { frontend, pool, backend });
        assert.ok(reset.ok && reset.weight === chosen.weight);
        assert.equal(
          runtimeWeight(frontend, pool, { name: backend, weight: chosen.weight }, reset.overrides),
          chosen.weight,
        );
      },
    ),
  );
});
