import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as assertProperty, property, string } from 'fast-check';
import { grammar } from '../commands/all.ts';
import { assist, helpLines, tabAnswer } from './assist.ts';
import { commonStart } from './complete.ts';
import type { NamesOf } from './expand.ts';

const namesOf: NamesOf = (slot) =>
  slot === 'backend' ? ['nginx0-ams', 'nginx1-ams'].map((text) => ({ text, help: 'up, 192.0.2.10' })) : [];
const tab = (line: string) => tabAnswer(assist(line, grammar, namesOf));
const help = (line: string) => helpLines(assist(line, grammar, namesOf));

test('TAB finishes a word that is alone, and goes as far as all agree', () => {
  assert.equal(tab('sho').insert, 'show ');
  assert.equal(tab('sh b').insert, 'backend');
  assert.equal(tab('show backend n').insert, 'nginx');
  assert.equal(tab('show backend nginx0').insert, 'nginx0-ams ');
  assert.equal(tab('set backend nginx0-ams p').insert, 'pause ');
  assert.equal(tab('show backends | c').insert, 'count ');
});

test('TAB lists what is ambiguous, with what it is', () => {
  assert.deepEqual(tab('show backend nginx').lines, [
    '  nginx0-ams  up, 192.0.2.10',
    '  nginx1-ams  up, 192.0.2.10',
  ]);
  assert.equal(tab('show backend nginx').insert, undefined);
});

test('TAB says nothing behind words that cannot be, and in quotes', () => {
  assert.deepEqual(tab('frob b'), { lines: [] });
  assert.deepEqual(tab('show backends | include "co'), { lines: [] });
});

test('? lists what can follow, and whether the line may end', () => {
  assert.deepEqual(help('set backend nginx0-ams '), [
    '  pause    stop probing and drain: weight 0, flows stay',
    '  resume   end a pause: probe again from unknown',
    '  enable   end a disable: probe again from unknown',
    '  disable  stop probing and cut its flows now',
  ]);
  assert.deepEqual(help('show version '), [
    '  <cr>  run it',
    '  |     filter: include, exclude, count, json',
  ]);
  assert.deepEqual(help('show backends | '), [
    '  include  only lines that match',
    '  exclude  only lines that do not match',
    '  count    how many lines',
    '  json     the answer as JSON, before other filters',
  ]);
  assert.deepEqual(help('frob '), [
    '  word 1 is not known here: show, set, sync, watch, config, completion, quit, exit',
  ]);
  assert.deepEqual(help('show frob'), ['  nothing begins with "frob"']);
});

test('property: TAB and ? answer any line, and insert only what continues it', () => {
  assertProperty(
    property(string({ maxLength: 30 }), string({ maxLength: 4 }), (line, more) => {
      for (const typed of [line, `show ${more}`, `set backend ${more}`, `show backends | ${more}`]) {
        const found = assist(typed, grammar, namesOf);
        const { insert } = tabAnswer(found);
        if (insert !== undefined)
          assert.ok(insert.startsWith(found.started) && typed.endsWith(found.started));
        assert.ok(helpLines(found).length > 0);
      }
    }),
    { numRuns: 500 },
  );
});

test('the common start of nothing is none', () => {
  assert.equal(commonStart([]), undefined);
  assert.equal(commonStart(['abc', 'abd', 'ab']), 'ab');
  assert.equal(commonStart(['a', 'b']), '');
});
