// What holds for any input to the configuration: it gives a result, and the order of keys does not matter.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMap, isPair, isScalar, type Pair, parseDocument, visit } from 'yaml';
import type { ConfigResult } from '../src/config/config.ts';
import { parseConfig, parseConfigBytes } from '../src/config/parse.ts';
import { checkExitCode, reportLines } from '../src/config/report.ts';
import { configErrorCountMax } from '../src/lib/limits.ts';

const good = join(import.meta.dirname, 'testdata/config/good');
const goodTexts = readdirSync(good)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(join(good, name), 'utf8'));

/** Says what a result must be, whatever the input was. */
function assertSound(result: ConfigResult, lineCount: number): void {
  const problems = [...(result.ok ? [] : result.errors), ...result.warnings];
  assert.ok(result.ok || result.errors.length > 0);
  assert.ok(problems.length <= 2 * (configErrorCountMax + 1));
  for (const { line, column, message } of problems) {
    assert.ok(line <= lineCount && (line === 0) === (column === 0), message);
    assert.ok(message !== '');
  }
  const status = checkExitCode(result);
  assert.equal(status === 0, result.ok);
  if (!result.ok)
    assert.ok(result.errors.every(({ kind }) => kind === (status === 1 ? 'structural' : 'semantic')));
  for (const line of reportLines(result, 'file')) assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
}

const countLines = (text: string) => text.split('\n').length;

const token = fc.constantFrom(
  ...[
    'maglev:',
    'backends:',
    'frontends:',
    'healthchecks:',
    'pools:',
    'a:',
    'address:',
    '192.0.2.1',
    'type: icmp',
  ],
  ...[
    '\n',
    '\n  ',
    '\n    ',
    '\n      ',
    '- ',
    '? ',
    ': ',
    ' ',
    ',',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '|',
    '>-',
    '#',
  ],
  ...[
    '&a ',
    '*a',
    '<<: ',
    '!x ',
    '!!str ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '~',
    '\t',
    '\r',
    '\u0000',
    '\u{1f600}',
  ],
);

test('any text, any bytes and any heap of YAML tokens give a result', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join('')),
    fc.array(token, { maxLength: 60 }).map((tokens) => `maglev:\n  backends:\n    ${tokens.join('')}`),
  );
  fc.assert(
    fc.property(text, (input) => assertSound(parseConfig(input), countLines(input))),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assertSound(parseConfigBytes(bytes), countLines(Buffer.from(bytes).toString('latin1')));
    }),
    { numRuns: 1000 },
  );
});

test('any good file, cut and mixed up, gives a result', () => {
  const edit = fc.record({
    at: fc.nat(),
    length: fc.nat({ max: 40 }),
    from: fc.nat(),
    insert: fc.nat({ max: 40 }),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...goodTexts),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      (text, edits) => {
        let input = text;
        for (const { at, length, from, insert } of edits) {
          const place = at % (input.length + 1);
          const source = from % text.length;
          input = input.slice(0, place) + text.slice(source, source + insert) + input.slice(place + length);
        }
        assertSound(parseConfig(input), countLines(input));
      },
    ),
    { numRuns: 700 },
  );
});

/** Sections whose order is part of what they say: the backends of a pool, and request headers. */
const orderedSections = ['headers'];

function shuffle(text: string, random: () => number): string {
  const document = parseDocument(text, { merge: false, stringKeys: true });
  visit(document, {
    Map(_key, map, ancestors) {
      const holder = ancestors.at(-1);
      const name = isPair(holder) && isScalar(holder.key) ? String(holder.key.value) : '';
      const isPoolBackends = name === 'backends' && ancestors.length > 6;
      if (orderedSections.includes(name) || isPoolBackends) return;
      const keys = new Map(map.items.map((pair: Pair) => [pair, random()]));
      map.items.sort((a: Pair, b: Pair) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
    },
  });
  assert.ok(isMap(document.contents));
  return document.toString();
}

test('the order of keys does not matter', () => {
  const texts = goodTexts.filter((text) => !text.includes('&') && text.includes('backends'));
  assert.ok(texts.length >= 5);
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.infiniteStream(fc.double({ min: 0, max: 1 })),
      (text, numbers) => {
        const shuffled = shuffle(text, () => numbers.next().value ?? 0);
        const [before, after] = [parseConfig(text), parseConfig(shuffled)];
        assert.ok(before.ok && after.ok, shuffled);
        assert.deepEqual(after.config, before.config);
      },
    ),
  );
});
