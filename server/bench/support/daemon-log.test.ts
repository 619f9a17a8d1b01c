import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followLog } from './daemon-log.ts';

test('each whole line is given once, what is no JSON never', () => {
  let text = '{"time":"1970-01-01T00:00:01.000Z","msg":"one"}\nno JSON\n{"time":"1970-01-01T00:00:0';
  const log = followLog({ outputFrom: (byte) => Buffer.from(text).subarray(byte) });
  assert.deepEqual(log.next(), [{ atMs: 1000, msg: 'one' }]);
  assert.deepEqual(log.next(), []);
  text += '2.000Z","msg":"two","backend":"b"}\n';
  assert.deepEqual(log.next(), [{ atMs: 2000, msg: 'two', backend: 'b' }]);
});
