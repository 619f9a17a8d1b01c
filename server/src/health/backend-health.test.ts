import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type BackendHealth,
  counterMax,
  intervalKind,
  isProbed,
  nextHealth,
  rescaleHealth,
  unknownHealth,
} from './backend-health.ts';

const rise2fall3 = { rise: 2, fall: 3 };
const arbitraryThresholds = fc.record({
  rise: fc.integer({ min: 1, max: 8 }),
  fall: fc.integer({ min: 1, max: 8 }),
});

/** Feeds a word of passes (+) and failures (-) and returns the states it goes through. */
function walk(word: string, thresholds = rise2fall3): string {
  let health: BackendHealth = unknownHealth(thresholds);
  const states: string[] = [];
  for (const letter of word) {
    health = nextHealth(health, letter === '+', thresholds);
    states.push(`${health.state}${health.counter}`);
  }
  return states.join(' ');
}

const table: readonly [name: string, word: string, states: string, thresholds?: typeof rise2fall3][] = [
  ['one pass in unknown makes up', '+', 'up2'],
  ['one failure in unknown makes down at once', '-', 'down0'],
  ['passes saturate at rise+fall-1', '++++', 'up2 up3 up4 up4'],
  ['failures saturate at 0', '---', 'down0 down0 down0'],
  ['fall failures from the top', '+++---', 'up2 up3 up4 up3 up2 down1'],
  ['rise passes from the bottom', '-++', 'down0 down1 up2'],
  ['a single failure right after up is enough', '+-', 'up2 down1'],
  ['a flap in the middle moves by one', '+++-+-+', 'up2 up3 up4 up3 up4 up3 up4'],
  ['a high rise: unknown begins one below it', '-+++', 'down1 down2 up3 up4', { rise: 3, fall: 2 }],
  ['rise 1 fall 1: every result decides', '+-+', 'up1 down0 up1', { rise: 1, fall: 1 }],
];
for (const [name, word, states, thresholds] of table) {
  test(`health: ${name}`, () => assert.equal(walk(word, thresholds), states));
}

test('the same object comes back when nothing changed', () => {
  const top: BackendHealth = { state: 'up', counter: 4 };
  assert.equal(nextHealth(top, true, rise2fall3), top);
  const bottom: BackendHealth = { state: 'down', counter: 0 };
  assert.equal(nextHealth(bottom, false, rise2fall3), bottom);
});

test('results in paused, disabled and removed are discarded', () => {
  for (const state of ['paused', 'disabled', 'removed'] as const) {
    const health: BackendHealth = { state, counter: 1 };
    assert.equal(nextHealth(health, true, rise2fall3), health);
    assert.equal(nextHealth(health, false, rise2fall3), health);
    assert.equal(isProbed(state), false);
  }
});

test('intervals follow the counter', () => {
  assert.equal(intervalKind(unknownHealth(rise2fall3), rise2fall3), 'fast');
  assert.equal(intervalKind({ state: 'down', counter: 0 }, rise2fall3), 'down');
  assert.equal(intervalKind({ state: 'down', counter: 1 }, rise2fall3), 'fast');
  assert.equal(intervalKind({ state: 'up', counter: 3 }, rise2fall3), 'fast');
  assert.equal(intervalKind({ state: 'up', counter: 4 }, rise2fall3), 'steady');
  assert.equal(intervalKind(unknownHealth({ rise: 1, fall: 1 }), { rise: 1, fall: 1 }), 'fast');
});

test('property: up iff counter >= rise, counter in range, one step at a time', () => {
  fc.assert(
    fc.property(arbitraryThresholds, fc.array(fc.boolean(), { maxLength: 60 }), (thresholds, results) => {
      let health = unknownHealth(thresholds);
      for (const ok of results) {
        const next = nextHealth(health, ok, thresholds);
        assert.equal(next.state, next.counter >= thresholds.rise ? 'up' : 'down');
        assert.ok(next.counter >= 0 && next.counter <= counterMax(thresholds));
        assert.ok(Math.abs(next.counter - health.counter) <= 1);
        assert.equal(next === health, next.state === health.state && next.counter === health.counter);
        health = next;
      }
    }),
  );
});

test('property: rise passes always end up, fall failures always end down', () => {
  fc.assert(
    fc.property(arbitraryThresholds, fc.array(fc.boolean(), { maxLength: 40 }), (thresholds, results) => {
      let health = unknownHealth(thresholds);
      for (const ok of results) health = nextHealth(health, ok, thresholds);
      let risen = health;
      for (let i = 0; i < thresholds.rise; i++) risen = nextHealth(risen, true, thresholds);
      assert.equal(risen.state, 'up');
      let fallen = health;
      for (let i = 0; i < thresholds.fall; i++) fallen = nextHealth(fallen, false, thresholds);
      assert.equal(fallen.state, 'down');
    }),
  );
});

test('property: rescaling keeps the state and stays consistent', () => {
  fc.assert(
    fc.property(arbitraryThresholds, arbitraryThresholds, fc.array(fc.boolean()), (from, to, results) => {
      let health = unknownHealth(from);
      for (const ok of results) health = nextHealth(health, ok, from);
      const scaled = rescaleHealth(health, from, to);
      assert.equal(scaled.state, health.state);
      assert.ok(scaled.counter >= 0 && scaled.counter <= counterMax(to));
      if (scaled.state === 'up') assert.ok(scaled.counter >= to.rise);
      if (scaled.state === 'down') assert.ok(scaled.counter < to.rise);
      if (intervalKind(health, from) === 'steady') assert.equal(intervalKind(scaled, to), 'steady');
    }),
  );
});
