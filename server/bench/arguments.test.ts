import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments, secondsDefault } from './arguments.ts';

const names = ['a', 'b', 'c'];
const refusalOf = (...argv: string[]) => {
  const parsed = parseArguments(argv, names);
  return 'refusal' in parsed ? parsed.refusal : undefined;
};

const usual = { action: 'run', only: [], all: false, seconds: secondsDefault, writesPage: false };

test('without words the usual trials run, for the usual time', () => {
  assert.deepEqual(parseArguments([], names), usual);
});

test('long trials and the page are asked for by a word', () => {
  assert.deepEqual(parseArguments(['--write', '--all'], names), { ...usual, all: true, writesPage: true });
});

test('trials can be chosen; they run in their own order', () => {
  const argv = ['--only', 'c', '--seconds', '5', '--only', 'a', '--json', 'out.json'];
  const expected = { ...usual, only: ['a', 'c'], seconds: 5, jsonPath: 'out.json' };
  assert.deepEqual(parseArguments(argv, names), expected);
});

test('what cannot be understood is refused with a sentence', () => {
  assert.equal(refusalOf('--only', 'd'), 'no such trial: d (a, b, c)');
  assert.equal(refusalOf('--only'), '--only needs a value');
  assert.equal(refusalOf('-v'), 'no such flag: -v');
  for (const seconds of ['0', '1.5', 'x', '3601', '-1']) {
    assert.equal(
      refusalOf('--seconds', seconds),
      `--seconds: "${seconds}" is no whole number from 1 to 3600`,
    );
  }
});
