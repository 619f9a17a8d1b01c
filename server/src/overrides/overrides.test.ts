import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  anyConfig,
  anyFewName,
  anyOverrides,
  sketchConfig,
  weightsOf,
} from '../../test/support/overrides-values.ts';
import type { BackendOverrideValue, OverrideEntry } from './overrides.ts';
import {
  effectiveAdmin,
  listOverrides,
  noOverrides,
  retainOverrides,
  runtimeWeight,
  withEntry,
  withoutBackend,
  withoutWeight,
} from './overrides.ts';

const note = { by: 'alice', at: 1_000 };

function pausedBackend(backend: string): OverrideEntry {
  return { kind: 'backend', backend, admin: 'paused', fileEnabled: true, ...note };
}

function weightEntry(frontend: string, pool: string, backend: string): OverrideEntry {
  return { kind: 'weight', frontend, pool, backend, weight: 20, fileWeight: 100, ...note };
}

test('effectiveAdmin: the entry stands while the file says what it said', () => {
  const table: [BackendOverrideValue | undefined, fileSays: boolean, want: string][] = [
    [undefined, true, 'active'],
    [undefined, false, 'disabled'],
    [{ admin: 'paused', fileEnabled: true }, true, 'paused'],
    [{ admin: 'paused', fileEnabled: true }, false, 'disabled'],
    [{ admin: 'paused', fileEnabled: false }, false, 'paused'],
    [{ admin: 'paused', fileEnabled: false }, true, 'active'],
    [{ admin: 'disabled', fileEnabled: true }, true, 'disabled'],
    [{ admin: 'disabled', fileEnabled: true }, false, 'disabled'],
    [{ admin: 'enabled', fileEnabled: false }, false, 'active'],
    [{ admin: 'enabled', fileEnabled: false }, true, 'active'],
  ];
  for (const [value, enabled, want] of table) {
    const entry = value && ({ kind: 'backend', backend: 'b', ...value, ...note } as const);
    const overrides = entry ? withEntry(noOverrides, entry) : noOverrides;
    assert.equal(effectiveAdmin({ name: 'b', enabled }, overrides), want, JSON.stringify([value, enabled]));
    assert.equal(effectiveAdmin({ name: 'c', enabled }, overrides), enabled ? 'active' : 'disabled');
  }
});

test('runtimeWeight: of this frontend, this pool and this backend, while the file says what it said', () => {
  const overrides = withEntry(noOverrides, weightEntry('f', 'p', 'b'));
  assert.equal(runtimeWeight('f', 'p', { name: 'b', weight: 100 }, overrides), 20);
  assert.equal(runtimeWeight('f', 'p', { name: 'b', weight: 99 }, overrides), 99);
  assert.equal(runtimeWeight('f', 'q', { name: 'b', weight: 100 }, overrides), 100);
  assert.equal(runtimeWeight('g', 'p', { name: 'b', weight: 100 }, overrides), 100);
  assert.equal(runtimeWeight('f', 'p', { name: 'c', weight: 100 }, overrides), 100);
  assert.equal(runtimeWeight('f', 'p', { name: 'b', weight: 100 }, noOverrides), 100);
});

test('edits leave the value they start from alone; removing what is not there gives the same object', () => {
  const one = withEntry(noOverrides, pausedBackend('b'));
  const two = withEntry(one, weightEntry('f', 'p', 'b'));
  assert.equal(noOverrides.backends.size + noOverrides.weights.size, 0);
  assert.equal(one.weights.size, 0);
  assert.equal(withoutBackend(two, 'c'), two);
  assert.equal(withoutWeight(two, { frontend: 'f', pool: 'q', backend: 'b' }), two);
  assert.deepEqual(withoutWeight(two, { frontend: 'f', pool: 'p', backend: 'b' }), one);
  assert.equal(withoutBackend(two, 'b').backends.size, 0);
  assert.equal(two.backends.size, 1);
  assert.ok(Object.isFrozen(two) && Object.isFrozen(two.backends.get('b')));
});

test('listOverrides is in the order of names, whatever the order of making', () => {
  const entries = [
    pausedBackend('B'),
    pausedBackend('a1'),
    pausedBackend('a10'),
    pausedBackend('a2'),
    weightEntry('f', 'p', 'a'),
    weightEntry('f', 'p', 'b'),
    weightEntry('f', 'q', 'a'),
    weightEntry('g', 'a', 'a'),
  ];
  const forward = entries.reduce(withEntry, noOverrides);
  const backward = entries.toReversed().reduce(withEntry, noOverrides);
  assert.deepEqual(listOverrides(forward), entries);
  assert.deepEqual(listOverrides(backward), entries);
});

const before = sketchConfig({
  backends: { a: true, b: true },
  frontends: { f: { p: { a: 100, b: 100 }, q: { a: 100 } } },
});

test('retainOverrides gives the same object when the file changed nothing of it', () => {
  const overrides = [pausedBackend('a'), weightEntry('f', 'p', 'a')].reduce(withEntry, noOverrides);
  assert.deepEqual(retainOverrides(overrides, before), { overrides, dropped: [] });
  assert.equal(retainOverrides(overrides, before).overrides, overrides);
  // Other things of the same names may change.
  const other = sketchConfig({ backends: { a: true, b: false }, frontends: { f: { p: { a: 100, b: 7 } } } });
  assert.equal(retainOverrides(overrides, other).overrides, overrides);
});

test('retainOverrides drops what the file made void, and says so', () => {
  const cases: [OverrideEntry, Parameters<typeof sketchConfig>[0], string][] = [
    [
      pausedBackend('a'),
      { backends: { b: true } },
      'backend "a" is no longer in the configuration: its override "paused" is dropped',
    ],
    [
      pausedBackend('a'),
      { backends: { a: false } },
      'the file changed enabled of backend "a" from true to false: its override "paused" is dropped',
    ],
    [
      weightEntry('f', 'p', 'a'),
      { backends: { a: true }, frontends: { g: { p: { a: 100 } } } },
      'frontend "f" is no longer in the configuration: the weight 20 set for backend "a" is dropped',
    ],
    [
      weightEntry('f', 'p', 'a'),
      { backends: { a: true }, frontends: { f: { q: { a: 100 } } } },
      'pool "p" of frontend "f" is no longer in the configuration: ' +
        'the weight 20 set for backend "a" is dropped',
    ],
    [
      weightEntry('f', 'p', 'a'),
      { backends: { a: true }, frontends: { f: { p: { b: 100 } } } },
      'pool "p" of frontend "f" no longer lists the backend: the weight 20 set for backend "a" is dropped',
    ],
    [
      weightEntry('f', 'p', 'a'),
      { backends: { a: true }, frontends: { f: { p: { a: 80 } } } },
      'the file changed the weight in pool "p" of frontend "f" from 100 to 80: ' +
        'the weight 20 set for backend "a" is dropped',
    ],
  ];
  for (const [entry, sketch, why] of cases) {
    const kept = pausedBackend('kept');
    const config = sketchConfig({ ...sketch, backends: { ...sketch.backends, kept: true } });
    const result = retainOverrides([entry, kept].reduce(withEntry, noOverrides), config);
    assert.deepEqual(result.dropped, [{ entry, why }]);
    assert.deepEqual(listOverrides(result.overrides), [kept]);
  }
});

test('property: retaining loses nothing silently, changes no effect, and twice is once', () => {
  fc.assert(
    fc.property(anyOverrides(anyFewName), anyConfig, (overrides, config) => {
      const { overrides: kept, dropped } = retainOverrides(overrides, config);
      const all = [...listOverrides(kept), ...dropped.map(({ entry }) => entry)];
      assert.deepEqual(new Set(all), new Set(listOverrides(overrides)));
      assert.equal(all.length, overrides.backends.size + overrides.weights.size);
      assert.equal(kept === overrides, dropped.length === 0);
      assert.deepEqual(retainOverrides(kept, config), { overrides: kept, dropped: [] });
      for (const backend of config.backends.values()) {
        assert.equal(effectiveAdmin(backend, kept), effectiveAdmin(backend, overrides));
      }
      for (const { frontend, pool, backend, weight } of weightsOf(config)) {
        const row = { name: backend, weight };
        assert.equal(runtimeWeight(frontend, pool, row, kept), runtimeWeight(frontend, pool, row, overrides));
      }
    }),
  );
});
