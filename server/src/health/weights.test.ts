import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Frontend } from '../config/config.ts';
import { type BackendState, backendStates } from './backend-health.ts';
import { frontendStatus } from './frontend-state.ts';
import { activePoolIndex, effectivePools, effectiveWeight, type WeightInputs } from './weights.ts';

function frontend(pools: Record<string, Record<string, number>>, flushOnDown = true): Frontend {
  return {
    name: 'www',
    address: '127.0.0.80',
    family: 4,
    protocol: 'tcp',
    port: 80,
    srcIpSticky: false,
    flushOnDown,
    newFlowsTableLength: 16384,
    weightSteps: 10,
    pools: Object.entries(pools).map(([name, backends]) => ({
      name,
      backends: Object.entries(backends).map(([backend, weight]) => ({ name: backend, weight })),
    })),
  };
}

function inputs(states: Record<string, BackendState>): WeightInputs {
  return { stateOf: (name) => states[name] ?? 'unknown', weightOf: (_pool, { weight }) => weight };
}

/** `pool:backend=weight!` with ! for flush, in order; the state and active pool in front. */
function render(of: Frontend, states: Record<string, BackendState>): string {
  const status = frontendStatus(of, inputs(states));
  const cells = status.pools.flatMap((pool) =>
    pool.backends.map((b) => `${pool.name}:${b.name}=${b.weight}${b.flush ? '!' : ''}`),
  );
  return `${status.state} ${status.activePool} ${cells.join(' ')}`;
}

const two = frontend({ primary: { a: 100, b: 50 }, standby: { c: 30 } });
const gentle = frontend({ primary: { a: 100, b: 50 }, standby: { c: 30 } }, false);
const shared = frontend({ primary: { a: 100, b: 0 }, standby: { b: 40, c: 30 } });

const table: readonly [Frontend, Record<string, BackendState>, string][] = [
  [two, {}, 'unknown primary primary:a=0 primary:b=0 standby:c=0'],
  [two, { a: 'up' }, 'up primary primary:a=100 primary:b=0 standby:c=0'],
  [two, { a: 'up', b: 'up', c: 'up' }, 'up primary primary:a=100 primary:b=50 standby:c=0'],
  [two, { a: 'down', b: 'up', c: 'up' }, 'up primary primary:a=0! primary:b=50 standby:c=0'],
  [gentle, { a: 'down', b: 'up', c: 'up' }, 'up primary primary:a=0 primary:b=50 standby:c=0'],
  [two, { a: 'down', b: 'disabled', c: 'up' }, 'up standby primary:a=0! primary:b=0! standby:c=30'],
  [two, { a: 'paused', b: 'paused', c: 'down' }, 'down primary primary:a=0 primary:b=0 standby:c=0!'],
  [two, { a: 'paused', b: 'paused', c: 'paused' }, 'down primary primary:a=0 primary:b=0 standby:c=0'],
  [two, { a: 'down' }, 'down primary primary:a=0! primary:b=0 standby:c=0'],
  [gentle, { a: 'disabled', b: 'removed' }, 'down primary primary:a=0! primary:b=0! standby:c=0'],
  // b is up but weighs nothing in primary, so the standby pool serves, with b's weight there
  [shared, { a: 'down', b: 'up', c: 'up' }, 'up standby primary:a=0! primary:b=0 standby:b=40 standby:c=30'],
  [shared, { a: 'up', b: 'up', c: 'up' }, 'up primary primary:a=100 primary:b=0 standby:b=0 standby:c=0'],
];
for (const [of, states, expected] of table) {
  test(`weights: ${expected}`, () => assert.equal(render(of, states), expected));
}

test('an up backend with weight 0 alone does not make a frontend up', () => {
  const zero = frontend({ primary: { a: 0 } });
  assert.equal(render(zero, { a: 'up' }), 'down primary primary:a=0');
});

test('truth table, every cell', () => {
  const row = (state: BackendState, flushOnDown: boolean) =>
    [true, false].map((active) => effectiveWeight(state, 70, active, flushOnDown));
  const keep = { weight: 0, flush: false };
  const flush = { weight: 0, flush: true };
  for (const flushOnDown of [true, false]) {
    assert.deepEqual(row('up', flushOnDown), [{ weight: 70, flush: false }, keep]);
    assert.deepEqual(row('unknown', flushOnDown), [keep, keep]);
    assert.deepEqual(row('paused', flushOnDown), [keep, keep]);
    assert.deepEqual(row('down', flushOnDown), flushOnDown ? [flush, flush] : [keep, keep]);
    assert.deepEqual(row('disabled', flushOnDown), [flush, flush]);
    assert.deepEqual(row('removed', flushOnDown), [flush, flush]);
  }
});

test('property: only up backends of the active pool weigh anything, and a usable pool always serves', () => {
  const arbitraryPool = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 100 }), {
    minKeys: 1,
  });
  const arbitraryStates = fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'd'),
    fc.constantFrom(...backendStates),
  );
  fc.assert(
    fc.property(fc.array(arbitraryPool, { minLength: 1, maxLength: 4 }), arbitraryStates, (pools, states) => {
      const of = frontend(Object.fromEntries(pools.map((pool, i) => [`p${i}`, pool])));
      const given = inputs(states);
      const active = activePoolIndex(of, given);
      for (const [index, pool] of effectivePools(of, given).entries()) {
        for (const b of pool.backends) {
          const expected = index === active && b.state === 'up' ? b.configuredWeight : 0;
          assert.equal(b.weight, expected);
        }
      }
      const usable = of.pools.some((p) => p.backends.some((b) => states[b.name] === 'up' && b.weight > 0));
      assert.equal(frontendStatus(of, given).state === 'up', usable);
    }),
  );
});
