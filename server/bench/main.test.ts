// The command as it is typed. What trials measure is no matter here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { trials } from './trials.ts';

const mainPath = fileURLToPath(new URL('main.ts', import.meta.url));

function bench(argv: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [mainPath, ...argv], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('--list names every trial', () => {
  const { status, stdout } = bench(['--list']);
  assert.equal(status, 0);
  for (const { name } of trials) assert.ok(stdout.includes(`${name} `), name);
});

test('a wrong command line ends with 2 and the usage', () => {
  const { status, stderr } = bench(['--only', 'nothing']);
  assert.equal(status, 2);
  assert.match(stderr, /^bench: no such trial: nothing/);
  assert.match(stderr, /usage: npm run bench/);
});
