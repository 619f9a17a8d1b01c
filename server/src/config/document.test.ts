import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configErrorCountMax, yamlAliasCountMax, yamlDepthMax, yamlErrorCountMax } from '../lib/limits.ts';
import { type DocumentNode, readDocument } from './document.ts';
import { createLines, createProblems } from './problem.ts';
import { problemLine } from './report.ts';

function read(text: string): { readonly root: DocumentNode | undefined; readonly lines: readonly string[] } {
  const problems = createProblems('structural');
  const root = readDocument(text, problems);
  return { root, lines: problems.list(createLines(text)).map((problem) => problemLine(problem, 'file')) };
}

/** The tree as nested arrays: a mapping is a list of key and value. */
function plain(node: DocumentNode | undefined): unknown {
  if (node?.kind === 'map') return [...node.entries].map(([key, entry]) => [key, plain(entry.value)]);
  if (node?.kind === 'seq') return node.items.map(plain);
  return node?.value;
}

test('keys keep their text and their order', () => {
  const { root, lines } = read('z: 1\n10: 2\n2: 3\n0x10: 4\ntrue: 5\n~: 6\n1.50: 7\n"": 8\n__proto__: 9\n');
  assert.deepEqual(lines, []);
  assert.deepEqual(plain(root), [
    ['z', 1],
    ['10', 2],
    ['2', 3],
    ['0x10', 4],
    ['true', 5],
    ['~', 6],
    ['1.50', 7],
    ['', 8],
    ['__proto__', 9],
  ]);
});

test('values are those of the YAML 1.2 core schema', () => {
  const { root } = read('[yes, on, True, ~, 0o17, 017, 0x1f, 1e3, .inf, !!str 5, "5", 1:30, 2026-01-01]');
  const values = [
    'yes',
    'on',
    true,
    null,
    15,
    17,
    31,
    1000,
    Number.POSITIVE_INFINITY,
    '5',
    '5',
    '1:30',
    '2026-01-01',
  ];
  assert.deepEqual(plain(root), values);
});

test('merged keys stand where their << stands; the mapping itself and earlier sources come first', () => {
  const { root, lines } = read(
    'a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {k: 0, <<: [*a, *b], z: 3, l: 0}\n',
  );
  assert.deepEqual(lines, []);
  assert.deepEqual((plain(root) as unknown[][])[2], [
    'c',
    [
      ['k', 0],
      ['x', 1],
      ['y', 1],
      ['z', 3],
      ['l', 0],
    ],
  ]);
});

test('an alias means the last anchor before it', () => {
  const { root } = read('[&a 1, *a, &a 2, *a, {&a k: *a}]');
  assert.deepEqual(plain(root), [1, 1, 2, 2, [['k', 'k']]]);
});

test('an empty stream is an empty document', () => {
  for (const text of ['', '\n', '# comment', '---\n', '---\n...\n']) {
    const { root, lines } = read(text);
    assert.deepEqual(lines, []);
    assert.equal(plain(root), null);
  }
});

test('aliases are bounded, in number and in what they expand to', () => {
  const many = `a: &a x\nb: [${'*a, '.repeat(yamlAliasCountMax + 1)}]`;
  assert.deepEqual(read(many).lines, ['file: has 10001 aliases, more than 10000 (line 1, column 1)']);
  assert.equal(read(`a: &a x\nb: [${'*a, '.repeat(yamlAliasCountMax)}]`).lines.length, 0);
  const tooMany = ['file: holds more than 4000000 values once aliases are expanded (line 1, column 1)'];
  let laughs = 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n';
  for (let index = 1; index < 400; index += 1) {
    laughs += `a${index}: &a${index} [${`*a${index - 1}, `.repeat(10)}]\n`;
  }
  assert.deepEqual(read(laughs).lines, tooMany);
});

test('merges are bounded too: they copy keys', () => {
  const keys = Array.from({ length: 5000 }, (_, index) => `k${index}: 1`).join(', ');
  const { lines } = read(`a: &a {${keys}}\nb: {<<: [${'*a, '.repeat(1000)}]}\n`);
  assert.deepEqual(lines, [
    'file: holds more than 4000000 values once aliases are expanded (line 1, column 1)',
  ]);
});

test('nesting is bounded', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.deepEqual(read(nested(yamlDepthMax + 1)).lines, []);
  const path = '[0]'.repeat(yamlDepthMax + 1);
  assert.deepEqual(read(nested(yamlDepthMax + 2)).lines, [
    `${path}: is nested more than 64 levels deep (line 1, column 66)`,
  ]);
  for (const text of [nested(20_000), '['.repeat(20_000), '- '.repeat(20_000), '{a: '.repeat(20_000)]) {
    const { root, lines } = read(text);
    assert.equal(root, undefined);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^file: is nested too deeply/);
  }
});

test('characters that YAML does not have are refused, the first is named', () => {
  const table: readonly (readonly [string, string])[] = [
    ['a: \u0000', 'U+0000 is not allowed (line 1, column 4)'],
    ['a: 1\n\u001bb: \u0000', 'U+001B is not allowed (line 2, column 1)'],
    ['a: 1\rb: 2\n', 'U+000D is not allowed (line 1, column 5)'],
    ['\u007f', 'U+007F is not allowed (line 1, column 1)'],
    ['a: "\ud800"', 'U+D800 is not allowed (line 1, column 5)'],
    ['a: \uffff', 'U+FFFF is not allowed (line 1, column 4)'],
  ];
  for (const [text, message] of table)
    assert.deepEqual(read(text).lines, [`file: not YAML: character ${message}`]);
  assert.deepEqual(read('a: "\u0085\u{1f600}\ufffd"\r\n').lines, []);
});

test('a heap of errors is reported without keeping them all', () => {
  const heaps = ['[]', '[,,', '- !x y\n', 'a: b: c\n', '}', '"\\q"\n', '&a &b ', '%x\n', '---\n', '...\na\n'];
  for (const heap of heaps) {
    const text = heap.repeat(20_000);
    const { root, lines } = read(text);
    assert.equal(root, undefined, heap);
    assert.ok(lines.length >= 1 && lines.length <= configErrorCountMax + 1, heap);
    const last = lines.at(-1) ?? '';
    const more = /^file: ([0-9]+) more not shown$/.exec(last)?.[1];
    if (more !== undefined) assert.ok(Number(more) + configErrorCountMax <= yamlErrorCountMax, last);
  }
});
