import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grammar } from '../commands/all.ts';
import { expand, type NamesOf } from './expand.ts';
import { nearest } from './near.ts';
import { describeRefusal } from './refusal.ts';
import { joinWords } from './words.ts';

const namesOf: NamesOf = () => ['nginx0-ams', 'nginx1-ams'].map((text) => ({ text, help: '' }));
const refusal = (...typed: readonly string[]) => {
  const refused = expand(typed, grammar, namesOf);
  assert.ok(!refused.ok);
  const { line, words } = joinWords(typed);
  return describeRefusal(refused, line, words);
};

test('an error names the candidates and marks the spot', () => {
  assert.deepEqual(refusal('s', 'backends'), [
    '"s" is ambiguous: show, set, sync',
    '  s backends',
    '  ^',
    '  show  show state',
    '  set   change a backend or a weight',
    '  sync  have VPP repaired now',
  ]);
  assert.deepEqual(refusal('show', 'backend', 'nginx0-asm').slice(0, 3), [
    'backend nginx0-asm: no such backend (did you mean nginx0-ams?)',
    '  show backend nginx0-asm',
    '               ^^^^^^^^^^',
  ]);
  assert.deepEqual(refusal('show', 'backedns').slice(0, 1), [
    '"backedns" is not known here (did you mean backends?)',
  ]);
  assert.deepEqual(refusal('config'), [
    'the command is not complete: check, reload can follow',
    '  config',
    '         ^',
    '  check   check the configuration file; nothing changes',
    '  reload  check the configuration file and take it over',
  ]);
  assert.deepEqual(refusal('show', 'version', 'x').slice(0, 1), [
    '"x" is too much: the command ends before it',
  ]);
});

test('the mark stands under wide letters and made-visible controls', () => {
  const [message, line, mark] = refusal('show', 'backend', '\x1b[2J網');
  assert.equal(message, 'backend \\x1b[2J網: no such backend');
  assert.equal(line, '  show backend \\x1b[2J網');
  assert.equal(mark?.indexOf('^'), 15);
});

test('the nearest name is near', () => {
  assert.equal(nearest('nginx9', ['nginx0', 'apache']), 'nginx0');
  assert.equal(nearest('ab', ['ac']), undefined);
  assert.equal(nearest('frob', ['show', 'set']), undefined);
});
