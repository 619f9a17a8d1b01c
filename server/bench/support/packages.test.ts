import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingText } from './packages.ts';

test('what is missing is named once, with the command that installs it', () => {
  const shell = { name: 'dash', program: 'sh' };
  const absent = { name: 'absent', program: 'no-such-program' };
  const more = { name: 'more', program: 'no-such-program-either' };
  assert.equal(missingText([shell]), undefined);
  assert.equal(missingText([more, shell, absent, more]), 'missing packages: apt-get install absent more');
});
