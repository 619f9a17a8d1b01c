import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configErrorCountMax } from '../lib/limits.ts';
import { childPath, quote, renderPath } from './path.ts';
import { createLines, createProblems } from './problem.ts';

test('problems come out in document order, and as found where they share a place', () => {
  const problems = createProblems('semantic');
  const path = childPath(undefined, 'a');
  problems.add(path, 4, 'third');
  problems.add(path, 2, 'first');
  problems.add(path, 2, (lines) => `second, line ${lines.place(4).line}`);
  assert.deepEqual(problems.list(createLines('ab\ncd\n')), [
    { kind: 'semantic', path: 'a', line: 1, column: 3, message: 'first' },
    { kind: 'semantic', path: 'a', line: 1, column: 3, message: 'second, line 2' },
    { kind: 'semantic', path: 'a', line: 2, column: 2, message: 'third' },
  ]);
});

test('of many problems the first of the document are listed and the rest is counted', () => {
  const problems = createProblems('structural');
  let worked = 0;
  const count = 50_000;
  for (let index = 0; index < count; index += 1) {
    // Found in an order that is not the document's.
    const offset = (index * 7919) % count;
    problems.add(undefined, offset, () => {
      worked += 1;
      return `at ${offset}`;
    });
  }
  const listed = problems.list(createLines(''));
  assert.equal(listed.length, configErrorCountMax + 1);
  assert.deepEqual(
    listed.slice(0, -1).map(({ message }) => message),
    Array.from({ length: configErrorCountMax }, (_, index) => `at ${index}`),
  );
  assert.equal(listed.at(-1)?.message, `${count - configErrorCountMax} more not shown`);
  assert.equal(worked, configErrorCountMax, 'messages that nobody reads are not worked out');
});

test('lines and columns', () => {
  const lines = createLines('a\n\nbcd\r\ne');
  const places = [0, 1, 2, 3, 5, 8, 9].map((offset) => lines.place(offset));
  assert.deepEqual(
    places.map(({ line, column }) => `${line}:${column}`),
    ['1:1', '1:2', '2:1', '3:1', '3:3', '4:1', '4:2'],
  );
  assert.deepEqual(createLines('').place(0), { line: 1, column: 1 });
  assert.deepEqual(createLines('\na').place(1), { line: 2, column: 1 });
});

test('paths are readable and cannot be misread', () => {
  const path = (...keys: (string | number)[]) => keys.reduce(childPath, undefined as never);
  assert.equal(renderPath(undefined), '');
  assert.equal(
    renderPath(path('maglev', 'frontends', 'www', 'pools', 0, 'name')),
    'maglev.frontends.www.pools[0].name',
  );
  assert.equal(renderPath(path('backends', 'nginx0.ams', 'x')), 'backends["nginx0.ams"].x');
  assert.equal(renderPath(path('a', '\u001b[2J\u202e')), 'a["\\u{1b}[2J\\u{202e}"]');
  assert.equal(renderPath(path('')), '[""]');
});

test('a quoted value is short and holds nothing that a terminal obeys', () => {
  assert.equal(quote('plain ü'), '`plain ü`');
  assert.equal(quote('a\nb\u0000\ud800'), '`a\\u{a}b\\u{0}\\u{d800}`');
  assert.equal(quote('x'.repeat(500)).length, 83);
});
