import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { responseBodyBytesMax } from '../lib/limits.ts';
import { acceptsStatus, compileBodyPattern, wholeCharacters } from './match.ts';

test('a status matches when any range holds it', () => {
  const ranges = [
    { first: 200, last: 200 },
    { first: 300, last: 399 },
  ];
  for (const status of [200, 300, 399]) assert.ok(acceptsStatus(ranges, status));
  for (const status of [199, 201, 299, 400]) assert.ok(!acceptsStatus(ranges, status));
  assert.ok(!acceptsStatus([], 200));
});

const whole = (source: string, body: string | Uint8Array) =>
  compileBodyPattern(source).matchesWhole(Buffer.from(body as string));
const soFar = (source: string, body: string | Uint8Array) =>
  compileBodyPattern(source).matchesSoFar(Buffer.from(body as string));

test('patterns are RE2, unanchored, and see UTF-8', () => {
  assert.ok(whole('ok', 'it is ok\n'));
  assert.ok(!whole('^ok', 'it is ok'));
  assert.ok(whole('(?i)OK', 'ok'));
  assert.ok(!whole('^ok$', 'ok\n'), '$ is the end of the body, as in Go');
  assert.ok(whole('(?m)^ok$', 'ok\n'));
  assert.ok(whole('^ä.😀$', 'äö😀'));
  assert.ok(whole('^.$', Uint8Array.of(0xff)), 'a stray byte is one character');
  assert.ok(whole('\\x{fffd}', Uint8Array.of(0x61, 0xc3)));
  assert.ok(whole('', ''));
  assert.throws(() => compileBodyPattern('(?=x)'), /invalid|parsing/);
  assert.throws(() => compileBodyPattern('(a)\\1'), /invalid|parsing/);
});

test('an early match is told only when nothing that follows can undo it', () => {
  assert.ok(soFar('^ok', 'ok'));
  assert.ok(!soFar('^ok', 'o'));
  for (const source of ['ok$', 'ok\\z', 'ok\\b', 'ok\\B', '(?m)ok$']) assert.ok(!soFar(source, 'ok'), source);
  assert.ok(!soFar('caf\\x{fffd}', Buffer.from('café').subarray(0, 4)), 'the character is not whole yet');
  assert.ok(soFar('café', 'café'));
});

test('only a character that can still become whole is left out', () => {
  const left = (...bytes: number[]) => [...wholeCharacters(Uint8Array.from(bytes))];
  assert.deepEqual(left(), []);
  assert.deepEqual(left(0x61, 0xc3), [0x61]);
  assert.deepEqual(left(0x61, 0xe2, 0x82), [0x61]);
  assert.deepEqual(left(0x61, 0xf0, 0x9f, 0x98), [0x61]);
  assert.deepEqual(left(0xc3, 0xa4), [0xc3, 0xa4]);
  assert.deepEqual(left(0xf0, 0x9f, 0x98, 0x80), [0xf0, 0x9f, 0x98, 0x80]);
  assert.deepEqual(left(0x80, 0x80, 0x80, 0x80), [0x80, 0x80, 0x80, 0x80]);
});

const sources = [
  'a',
  'a+b',
  '(a|bb)*c',
  '^[^b]*c',
  '\\W',
  '(?s).{3}',
  'é',
  '[^a]',
  '\\x{fffd}',
  'c$',
  '\\bb',
  '',
];
const bodies = fc.oneof(
  fc
    .array(fc.constantFrom('a', 'b', 'c', 'é', ' ', '😀'), { maxLength: 12 })
    .map((parts) => Buffer.from(parts.join(''))),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);

test('property: what matches so far matches the whole, whatever follows', () => {
  const patterns = sources.map(compileBodyPattern);
  fc.assert(
    fc.property(fc.constantFrom(...patterns), bodies, bodies, (pattern, body, more) => {
      if (pattern.matchesSoFar(body)) assert.ok(pattern.matchesWhole(Buffer.concat([body, more])));
    }),
    { numRuns: 3000 },
  );
});

test('property: valid UTF-8 matches as its text does in JavaScript', () => {
  const same = ['a', 'a+b', '(a|bb)*c', '^[^b]*c', 'é', '[^a]', 'c$', ''];
  const patterns = same.map((source) => [compileBodyPattern(source), new RegExp(source, 'u')] as const);
  fc.assert(
    fc.property(
      fc.constantFrom(...patterns),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      ([ours, theirs], text) => {
        assert.equal(ours.matchesWhole(Buffer.from(text)), theirs.test(text));
      },
    ),
    { numRuns: 3000 },
  );
});

test('a body at its limit costs little, also with patterns that make backtracking engines hang', () => {
  const body = Buffer.alloc(responseBodyBytesMax, 'x');
  for (const source of ['(x+x+)+[yz]', '(x|xx)*[yz]$', '(.*)*[yz]', '^(x?){40}x{40}[yz]']) {
    const startMs = performance.now();
    assert.ok(!whole(source, body));
    // Milliseconds when all is well; a backtracking engine would need longer than the universe has.
    assert.ok(performance.now() - startMs < 2000, source);
  }
});
