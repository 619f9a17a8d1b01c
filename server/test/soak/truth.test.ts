import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Truth } from './truth.ts';

test('a transition is explained by what was so within reach, and by nothing else', () => {
  const truth = new Truth({ reachMs: 10 });
  assert.equal(truth.explains('b', 'up', 5), true);
  assert.equal(truth.explains('b', 'down', 5), false, 'it was never ill');
  truth.turn('b', false, 100);
  truth.turn('b', true, 120);
  assert.equal(truth.isWell('b'), true);
  assert.equal(truth.explains('b', 'down', 99), false, 'not before it was ill');
  assert.equal(truth.explains('b', 'down', 101), true);
  assert.equal(truth.explains('b', 'up', 111), false, 'it was well too long ago');
  assert.equal(truth.explains('b', 'down', 130), true, 'the last probes of its illness');
  assert.equal(truth.explains('b', 'down', 131), false);
});
