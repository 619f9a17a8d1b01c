import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzReplies } from './vpp-replies.ts';

test('2,000 streams of damaged replies: each message is read or malformed', () => {
  for (let seed = 0; seed < 2000; seed++) assert.doesNotThrow(() => fuzzReplies(seed), `seed ${seed}`);
});
