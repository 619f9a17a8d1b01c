import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagTable, parseFlags } from './flags.ts';

const parse = (line: string) => parseFlags(line.split(' '));

test('flags stand anywhere, with = or the next word', () => {
  assert.deepEqual(parse('--server a:1 show -o json backends --color=false'), {
    flags: { server: 'a:1', output: 'json', color: false },
    words: ['show', 'backends'],
  });
  assert.deepEqual(parse('-o=y show'), { flags: { output: 'yaml' }, words: ['show'] });
  assert.deepEqual(parse('-server a show'), { flags: { server: 'a' }, words: ['show'] });
});

test('--watch takes a number if one follows', () => {
  assert.deepEqual(parse('--watch show'), { flags: { watchSeconds: 2 }, words: ['show'] });
  assert.deepEqual(parse('show --watch 5s'), { flags: { watchSeconds: 5 }, words: ['show'] });
  assert.deepEqual(parse('show --watch=0.5'), { flags: { watchSeconds: 0.5 }, words: ['show'] });
});

test('behind -- everything is a word', () => {
  assert.deepEqual(parse('set -- --x -o'), { flags: {}, words: ['set', '--x', '-o'] });
});

test('what is no flag or no value is refused with what would be', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['--frob', /no such flag: --frob/],
    ['-o xml', /--output: "xml" is none of table, json, yaml/],
    ['-o', /--output needs a value/],
    ['--watch=0', /--watch: "0" is no number of seconds/],
    ['--timeout never', /--timeout: "never"/],
    ['--color=maybe', /neither true nor false/],
    ['--server=', /--server: the value is empty/],
    ['--help=x', /takes no value/],
  ];
  for (const [line, message] of table) {
    const parsed = parse(line);
    assert.ok('refusal' in parsed, line);
    assert.match(parsed.refusal, message);
  }
});

test('names and short forms are unique', () => {
  const names = flagTable.flatMap(({ name, short }) => (short === undefined ? [name] : [name, short]));
  assert.equal(new Set(names).size, names.length);
});
