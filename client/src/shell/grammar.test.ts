import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grammar } from '../commands/all.ts';
import { canEnd, parseLine, pathOf, stepsFrom, tokenText } from './grammar.ts';

const declared = { line: 'x', help: '' };
const next = (line: string) =>
  stepsFrom({ declared, rest: parseLine(line) }).map(({ token }) => tokenText(token));

test('a line is words, slots, choices and options', () => {
  assert.deepEqual(next('show version'), ['show']);
  assert.deepEqual(next('<weight>|default'), ['<weight>', 'default']);
  assert.deepEqual(next('[num <count>] [log [level info]] now'), ['num', 'log', 'now']);
});

test('options come in any order, each once', () => {
  const [first] = stepsFrom({ declared, rest: parseLine('[a] [b <count>]') });
  assert.ok(first !== undefined && canEnd(first.to));
  assert.deepEqual(
    stepsFrom(first.to).map(({ token }) => tokenText(token)),
    ['b'],
  );
});

test('the path is what every form begins with', () => {
  assert.deepEqual(pathOf(parseLine('set backend <backend> pause|resume')), ['set', 'backend']);
  assert.deepEqual(pathOf(parseLine('config check')), ['config', 'check']);
});

test('a line that is none is our own mistake', () => {
  for (const line of ['a ]', '[ a', 'a <nothing>']) assert.throws(() => parseLine(line), Error, line);
});

test('no two commands have one path, and every word has its help', () => {
  const paths = grammar.rules.map(({ parts }) => pathOf(parts).join(' '));
  assert.equal(new Set(paths).size, paths.length);
  for (const { declared } of grammar.rules) {
    assert.match(declared.help, /^(VIP|[a-z]).*[^.]$/, declared.line);
    for (const [word = ''] of declared.line.matchAll(/<?[a-z]+>?/g)) {
      const isLast = declared.line.endsWith(word);
      const help =
        declared.wordHelp?.[word] ?? grammar.wordHelp[word] ?? (isLast ? declared.help : undefined);
      const isOnPath = pathOf(grammar.rules.find((rule) => rule.declared === declared)?.parts ?? []).includes(
        word,
      );
      assert.ok(help !== undefined || isOnPath, `${declared.line}: ${word} has no help`);
    }
  }
});
