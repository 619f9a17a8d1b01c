import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as assertProperty, constantFrom, property, string } from 'fast-check';
import { grammar } from '../commands/all.ts';
import { complete, isPlaceholder } from './complete.ts';
import { expand, type NamesOf } from './expand.ts';

const names: Readonly<Record<string, readonly string[]>> = {
  backend: ['nginx0-ams', 'nginx1-ams', 'nginx1', 'frontend', 'flip'],
  frontend: ['www-v4', 'www-v6', 'api'],
  pool: ['primary', 'fallback'],
  healthcheck: ['http-ok'],
};
const namesOf: NamesOf = (slot) => (names[slot] ?? []).map((text) => ({ text, help: '' }));
const full = (line: string): string => {
  const expanded = expand(line.split(' '), grammar, namesOf);
  return expanded.ok ? expanded.words.join(' ') : `${expanded.kind} ${expanded.index}`;
};

const table: readonly (readonly [typed: string, full: string])[] = [
  ['sh ba nginx0', 'show backend nginx0-ams'],
  ['sh ba', 'show backends'],
  ['sh f api', 'show frontend api'],
  ['sh f', 'show frontends'],
  ['sh h', 'show healthchecks'],
  ['sh h http', 'show healthcheck http-ok'],
  ['sh ver', 'show version'],
  ['sh v', 'ambiguous 1'],
  ['sh v i', 'ambiguous 1'],
  ['sh vp l s', 'show vpp lb state'],
  ['s backends', 'ambiguous 0'],
  ['show backend', 'incomplete 2'],
  ['sh backend nginx1', 'show backend nginx1'],
  ['sh backend nginx', 'ambiguous 2'],
  ['sh backend apache', 'unknown 2'],
  ['show version now', 'unknown 2'],
  ['frob', 'unknown 0'],
  ['', 'unknown 0'],
  ['set ba nginx0 p', 'set backend nginx0-ams pause'],
  ['set ba nginx0 e', 'set backend nginx0-ams enable'],
  ['set ba nginx0 dis reason kernel upgrade', 'set backend nginx0-ams disable reason kernel upgrade'],
  ['set f api p f b nginx0 w 50', 'set frontend api pool fallback backend nginx0-ams weight 50'],
  ['set f api p f b nginx0 w 101', 'unknown 8'],
  ['set f api p f b nginx0 w 050 f', 'set frontend api pool fallback backend nginx0-ams weight 050 flush'],
  ['set f api p f b nginx0 w def', 'set frontend api pool fallback backend nginx0-ams weight default'],
  ['wat e', 'watch events'],
  ['wat e f api n 3', 'watch events frontend api num 3'],
  ['wat e log lev warn ba nginx0', 'watch events log level warn backend nginx0-ams'],
  ['wat e num 0', 'unknown 3'],
  // An exact word of the grammar goes before a name that is written the same.
  ['watch events backend frontend', 'watch events backend frontend'],
  ['watch events backend f', 'ambiguous 3'],
  ['con c', 'config check'],
  ['com b', 'completion bash'],
  ['q', 'quit'],
];

test('words are cut short, exact ones win, what follows tells one and many apart', () => {
  for (const [typed, wanted] of table) assert.equal(full(typed), wanted, typed);
});

test('values and words are told apart', () => {
  const words = 'set frontend api pool primary backend nginx1 weight 5 reason cut the load'.split(' ');
  const expanded = expand(words, grammar, namesOf);
  assert.ok(expanded.ok);
  const { values, given } = expanded;
  assert.deepEqual(values, {
    frontend: 'api',
    pool: 'primary',
    backend: 'nginx1',
    weight: '5',
    text: 'cut the load',
  });
  assert.ok(!given.has('flush') && given.has('weight'));
});

test('without names the daemon is to judge', () => {
  const expanded = expand(['show', 'backend', 'nginx'], grammar, () => undefined);
  assert.ok(expanded.ok && expanded.values.backend === 'nginx');
});

test('a name that is missing is named as what it should be', () => {
  const expanded = expand(['show', 'backend', 'nope'], grammar, namesOf);
  assert.ok(!expanded.ok && expanded.missing === 'backend');
  const word = expand(['show', 'nope'], grammar, namesOf);
  assert.ok(!word.ok && word.missing === undefined);
});

const anyWord = constantFrom(
  'show',
  'backend',
  'set',
  'vpp',
  'nginx1',
  'api',
  'pool',
  'weight',
  '7',
  'pause',
  '',
);

test('property: what was expanded expands to itself', () => {
  assertProperty(
    property(array(anyWord, { maxLength: 9 }), (words) => {
      const expanded = expand(words, grammar, namesOf);
      if (!expanded.ok) return;
      const again = expand(expanded.words, grammar, namesOf);
      assert.ok(again.ok);
      assert.deepEqual(again.words, expanded.words);
      assert.equal(again.command, expanded.command);
    }),
    { numRuns: 500 },
  );
});

test('property: any words give a command or a refusal at one of them', () => {
  assertProperty(
    property(array(string({ maxLength: 6 }), { maxLength: 6 }), (words) => {
      const expanded = expand(words, grammar, namesOf);
      assert.ok(expanded.ok || (expanded.index >= 0 && expanded.index <= words.length));
    }),
    { numRuns: 500 },
  );
});

/** A walk through the grammar by its own completion: every step is a candidate. */
function walk(choices: readonly number[]): readonly string[] {
  const words: string[] = [];
  for (const choice of choices) {
    const found = complete(words, '', grammar, namesOf);
    if ('ok' in found || found.candidates.length === 0) break;
    const { text } = found.candidates[choice % found.candidates.length] as { text: string };
    words.push(text.startsWith('<') ? '5' : text);
  }
  return words;
}
const walks = array(constantFrom(...Array.from({ length: 23 }, (_, index) => index)), { maxLength: 12 });

test('property: what completion offers can be read, in full and cut to a unique prefix', () => {
  assertProperty(
    property(walks, (choices) => {
      const words = walk(choices);
      for (const [index, word] of words.entries()) {
        const found = complete(words.slice(0, index), '', grammar, namesOf);
        assert.ok(!('ok' in found));
        const texts = found.candidates.map(({ text }) => text);
        const cut = Array.from(word, (_, end) => word.slice(0, end + 1)).find((start) => {
          return texts.filter((text) => text.startsWith(start)).length === 1;
        });
        if (cut === undefined || found.candidates.some(isPlaceholder)) continue;
        const whole = expand([...words.slice(0, index), word, ...words.slice(index + 1)], grammar, namesOf);
        const short = expand([...words.slice(0, index), cut, ...words.slice(index + 1)], grammar, namesOf);
        assert.equal(short.ok, whole.ok, `${words.join(' ')}: ${cut}`);
        if (short.ok && whole.ok) assert.deepEqual(short.words, whole.words);
      }
    }),
    { numRuns: 500 },
  );
});
