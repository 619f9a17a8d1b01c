// The screens of test/testdata, cell by cell, and what holds for every screen. `node scripts/golden.ts`
// writes them anew.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { frameBytes } from '../src/frames.ts';
import { asciiSigns, coloured, colourless, unicodeSigns } from '../src/paint.ts';
import { widthOf } from '../src/text.ts';
import { type Action, update } from '../src/update.ts';
import { view } from '../src/view.ts';
import { nowMs, sceneModel, scenes } from './support/scenes.ts';

for (const [name, draw] of Object.entries(scenes)) {
  test(`the screen is the golden one: ${name}`, () => {
    const expected = readFileSync(new URL(`testdata/${name}.txt`, import.meta.url), 'utf8');
    assert.equal(draw(), expected);
  });
}

const pen = { signs: unicodeSigns, nowMs, offsetMinutes: 0 };
const actions: readonly Action[] = [
  ...(['pause', 'reset', 'sort', 'refresh', 'help', 'details', 'dense'] as const),
  ...(['up', 'down', 'page-up', 'page-down', 'first', 'last'] as const),
];

test('any size and any keys: every row is there, none is too wide, the cursor is seen', () => {
  const size = fc.record({
    columns: fc.integer({ min: 40, max: 400 }),
    rows: fc.integer({ min: 8, max: 120 }),
  });
  const step = fc.oneof(size, fc.constantFrom(...actions));
  fc.assert(
    fc.property(size, fc.array(step, { maxLength: 25 }), fc.constantFrom(0, 300), (first, steps, vips) => {
      const model = sceneModel({ ...first, vips });
      for (const next of steps) {
        if (typeof next === 'string') update(model, { t: 'action', action: next, nowMs });
        else update(model, { t: 'resize', ...next });
        const { columns, rows } = model.screen;
        const lines = view(model, { ...pen, paint: coloured });
        assert.equal(lines.length, rows);
        const plain = lines.map((line) => stripVTControlCharacters(line));
        for (const line of plain)
          assert.ok(widthOf(line) <= columns, `${widthOf(line)} > ${columns}: ${line}`);
        assert.deepEqual(plain, view(model, { ...pen, paint: colourless }), 'colour says nothing of its own');
        assert.ok(
          plain.some((line) => line.startsWith('›')),
          plain.join('\n'),
        );
      }
    }),
    { numRuns: 40 },
  );
});

test('without colour no escape sequence is left', () => {
  const lines = view(sceneModel({ columns: 100, rows: 30 }), { ...pen, paint: colourless });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  assert.doesNotMatch(lines.join(''), /[\x00-\x1f\x7f]/);
});

test('for a terminal without UTF-8 everything is ASCII, in the same columns', () => {
  const model = sceneModel({ columns: 70, rows: 30 });
  const names = model.vips[1]?.target.names as string[];
  names.push('größe-日本');
  const ascii = view(model, { ...pen, signs: asciiSigns, paint: colourless });
  const unicode = view(model, { ...pen, paint: colourless });
  assert.match(ascii.join('\n'), /^[\n -~]*$/);
  assert.deepEqual(ascii.map(widthOf), unicode.map(widthOf));
});

test('only 256-colour sequences and resets are used', () => {
  const lines = view(sceneModel({ columns: 100, rows: 30 }), { ...pen, paint: coloured });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  for (const [, inside] of lines.join('').matchAll(/\x1b\[([^m]*)m/g)) {
    assert.match(inside ?? '', /^(?:0|(?:1;)?38;5;\d+|48;5;\d+)$/);
  }
});

test('a frame rewrites what changed, and all of it when nothing is known', () => {
  assert.equal(frameBytes(['a', 'b', 'c'], ['a', 'x', 'c']), '\x1b[2;1H\x1b[Kx\x1b[0m');
  assert.equal(frameBytes(['a'], ['a']), '');
  assert.match(frameBytes(undefined, ['a', 'b']), /2J.*1;1H.*a.*2;1H.*b/s);
});

test('2,000 VIPs are drawn in a few milliseconds', () => {
  const model = sceneModel({ columns: 200, rows: 50, vips: 2000 });
  update(model, { t: 'action', action: 'sort', nowMs });
  const beginMs = performance.now();
  const frames = 20;
  for (let frame = 0; frame < frames; frame += 1) view(model, { ...pen, paint: coloured });
  const frameMs = (performance.now() - beginMs) / frames;
  assert.ok(frameMs < 60, `${frameMs.toFixed(1)} ms per frame`);
});
