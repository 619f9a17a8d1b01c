// Every state of the contract has a sign, and no two that differ look alike.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackendStateSchema, FrontendStateSchema } from '@vpp-maglev/proto/maglev';
import { wordOf } from './rest-json.ts';
import { characters, shownState, signOf } from './signs.ts';

test('every state of the contract has a sign that says its word', () => {
  for (const schema of [BackendStateSchema, FrontendStateSchema]) {
    const words = schema.values.slice(1).map(({ name }) => wordOf(schema, name));
    assert.ok(words.length > 2);
    for (const word of words) assert.equal(signOf(word)?.word, word);
  }
  assert.equal(signOf('melting'), undefined);
  assert.equal(signOf('toString'), undefined);
});

test('shapes can be told apart without colour, in ASCII too', () => {
  for (const face of ['unicode', 'ascii'] as const) {
    const drawn = Object.values(characters).map((character) => character[face]);
    assert.equal(new Set(drawn).size, drawn.length);
  }
});

test('up without new flows is a standby, and nothing else is', () => {
  assert.equal(shownState({ state: 'up', effectiveWeight: 0 }), 'standby');
  assert.equal(shownState({ state: 'up', effectiveWeight: 1 }), 'up');
  assert.equal(shownState({ state: 'down', effectiveWeight: 0 }), 'down');
});
