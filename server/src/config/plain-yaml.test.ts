// Whatever is read here must be what the library reads; what it refuses must be refused here as well.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readWholeYaml } from './document.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { createProblems } from './problem.ts';

/** Gives whether it was read here. */
function compare(text: string): boolean {
  const plain = readPlainYaml(text);
  if (plain === undefined) return false;
  const problems = createProblems('structural');
  assert.deepEqual(plain, readWholeYaml(text, problems), JSON.stringify(text));
  assert.equal(problems.count(), 0, JSON.stringify(text));
  return true;
}

const read = [
  'maglev:\n  backends:\n    a: { address: 192.0.2.1, port: 80 } # one\n\n    # two\n    b:\n      c: yes\n',
  'a:\n- b: 1\n  c:\n  - d\n  -  e\n- f: 1s\nlast: 0',
  'a: [x, {b: 2, c: 2001:db8::1}, [], {}]\nd: { e:, f: , g: {} }\n',
  'a:\nb:   \nc: # nothing\n  # still nothing\nd: some words, and more\n',
  'a: \'it is: so\'\nb: "no, comment"\n',
  'a: 007\nb: true\nc: 10.0.0.1\nd: 1.2.3\n',
  '- - a\n  - b\n- c\n',
];

test('what configurations are written in is read, as the library reads it', () => {
  for (const text of read) assert.ok(compare(text), text);
});

const leftAlone = [
  ...['a: &x 1\nb: *x\n', 'a: |\n  b\n', 'a: b\n  c\n', 'a: 1\na: 2\n', '---\na: 1\n', 'a: 1\n...\n'],
  ...[
    'a:\tb\n',
    'a: ä\n',
    'a: 1.5\n',
    'a: 0x10\n',
    'a: Null\n',
    'a: [1,\n  2]\n',
    'a: {b: 1,}\n',
    '<<: {a: 1}\n',
  ],
  ...[
    'a: "b\\n"\n',
    "a: 'it''s'\n",
    'a: b: c\n',
    'a: {b:c}\n',
    'a: 1\n b: 2\n',
    '  a: 1\nb: 2\n',
    '',
    '# a\n',
    'a\n',
  ],
  ...['? a\n: b\n', 'a: !!str 1\n', 'a: -1\n', 'a: [b: 1]\n', 'a: "b" c\n', 'a: {b: 1} c\n', '- a\nb: 1\n'],
];

test('the rest is left to the library', () => {
  for (const text of leftAlone) assert.equal(readPlainYaml(text), undefined, text);
});

const words = [
  'a',
  'b-1',
  'c.d',
  '1',
  '07',
  '1.5',
  '0x1',
  '1e3',
  'true',
  'null',
  'No',
  '::1',
  'x:y',
  'x:',
  '-',
];
const pieces = [
  ...words,
  ' ',
  '  ',
  '\n',
  '\n  ',
  '\n    ',
  ': ',
  ':',
  '- ',
  '{',
  '}',
  '[',
  ']',
  ', ',
  ',',
  '# ',
  '#',
];
const texts = fc
  .array(fc.constantFrom(...pieces, "'", '"', '/', '%', '=', '@', '&', '*', '|', '>', '!', '?', '~'), {
    maxLength: 24,
  })
  .map((parts) => parts.join(''));

test('any text of such pieces is read alike or left alone', () => {
  fc.assert(
    fc.property(texts, (text) => {
      compare(text);
    }),
    { numRuns: 5000 },
  );
});

const scalar = fc.constantFrom(
  ...words,
  'two words',
  "'q: #'",
  '"q, "',
  '10.0.0.1',
  '2001:db8::',
  '',
  'a b: c',
  'x #y',
);
const flow = fc.letrec((tie) => ({
  node: fc.oneof({ maxDepth: 3 }, scalar, tie('map'), tie('seq')),
  map: fc
    .array(fc.tuple(fc.constantFrom(...words), tie('node')), { maxLength: 3 })
    .map((pairs) => `{ ${pairs.map(([key, value]) => `${key}: ${value}`).join(', ')} }`),
  seq: fc.array(tie('node'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
})).node as fc.Arbitrary<string>;
const line = fc
  .tuple(
    fc.constantFrom('', '  ', '    ', '      '),
    fc.constantFrom('', '- ', '- - ', '# '),
    fc.constantFrom(...words, ''),
    fc.constantFrom(': ', ':', ' '),
    fc.oneof(fc.constant(''), flow),
    fc.constantFrom('', ' ', ' # c', '#c'),
  )
  .map((parts) => parts.join(''));

test('any lines of such forms are read alike or left alone', () => {
  let count = 0;
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
      if (compare(lines.join('\n'))) count += 1;
    }),
    { numRuns: 10_000 },
  );
  assert.ok(count > 100, `${count} were read here`);
});
