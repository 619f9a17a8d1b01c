import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Filter, filterLines, parseFilter } from './filters.ts';

const lines = [
  { text: 'NAME', isHead: true },
  { text: '\x1b[32mup\x1b[0m a', isHead: false },
  { text: 'down b', isHead: false },
];
const run = (...filters: readonly string[]) => {
  const parsed = filters.map((each) => {
    const result = parseFilter(each.split(' '));
    assert.ok(result.ok, each);
    return result.filter;
  });
  return filterLines(lines, parsed as readonly Filter[]).map(({ text }) => text);
};

test('include and exclude keep the head, and do not see colour', () => {
  assert.deepEqual(run('include ^up'), ['NAME', '\x1b[32mup\x1b[0m a']);
  assert.deepEqual(run('ex up'), ['NAME', 'down b']);
  assert.deepEqual(run('include 32m'), ['NAME']);
});

test('count counts what is no head', () => {
  assert.deepEqual(run('count'), ['2']);
  assert.deepEqual(run('inc b$', 'cou'), ['1']);
});

test('what is no filter is refused', () => {
  const unknown = parseFilter(['frob']);
  assert.ok(!unknown.ok && 'refused' in unknown && unknown.refused.kind === 'unknown');
  const missing = parseFilter(['include']);
  assert.ok(!missing.ok && 'refused' in missing && missing.refused.kind === 'incomplete');
  const pattern = parseFilter(['include', '(']);
  assert.ok(!pattern.ok && 'badPattern' in pattern);
});
