// The page of faults is what the table of faults says, and what a run wrote: a fault that was added is to be
// run, and a promise that was changed, too.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allFaults } from './all-faults.ts';
import { renderFaults } from './report.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/faults.md'), 'utf8');

test('every fault stands in docs/faults.md with its promise, in order, and was kept', () => {
  const rows = page.split('\n').filter((line) => /^\| (?!fault )[^-]/.test(line));
  const cells = rows.map((row) => row.split(' | ').slice(0, 3).join(' | '));
  const expected = allFaults.map(({ name, done, promised }) => `| ${name} | ${done} | ${promised}`);
  assert.deepEqual(cells, expected, 'npm run faults -- --write');
  assert.doesNotMatch(page, /\*\*not kept/);
});

test('a cell is one line without bars, and what was not kept is marked', () => {
  const base = { name: 'n', done: 'd', promised: 'p' };
  const text = renderFaults([
    { ...base, seen: 'a\nb | c', isKept: true },
    { ...base, seen: 'x', isKept: false },
  ]);
  assert.match(text, /\n\| n \| d \| p \| a b \\\| c \|\n\| n \| d \| p \| \*\*not kept:\*\* x \|\n$/);
});
