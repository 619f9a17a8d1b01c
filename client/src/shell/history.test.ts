import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { historyLinesMax } from '../limits.ts';
import { appendHistory, historyPath, readHistory } from './history.ts';

test('the file is where state belongs', () => {
  assert.equal(historyPath({ XDG_STATE_HOME: '/s', HOME: '/h' }), '/s/maglevc/history');
  assert.equal(historyPath({ HOME: '/h' }), '/h/.local/state/maglevc/history');
  assert.equal(historyPath({ XDG_STATE_HOME: 'relative' }), undefined);
});

test("it is the operator's own, bounded, and survives", (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'maglevc-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'deep', 'history');
  assert.deepEqual(readHistory(path), []);
  appendHistory(path, 'show version');
  appendHistory(path, 'x'.repeat(100_000));
  assert.deepEqual(readHistory(path), ['show version']);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(directory, 'deep')).mode & 0o777, 0o700);
  writeFileSync(path, Array.from({ length: 3 * historyLinesMax }, (_, index) => `line ${index}\n`).join(''));
  assert.equal(readHistory(path).length, historyLinesMax);
  assert.equal(readFileSync(path, 'utf8').split('\n').length, historyLinesMax + 1);
  assert.equal(readHistory(path).at(-1), `line ${3 * historyLinesMax - 1}`);
});
