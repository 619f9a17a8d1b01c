import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlushDebts } from './flush-debts.ts';

test('what is owed stands until it is settled', () => {
  const debts = new FlushDebts();
  assert.equal(debts.isEmpty(), true);
  debts.owe('v', 'a', 'if-weighted');
  assert.equal(debts.of('v', 'a'), 'if-weighted');
  assert.equal(debts.of('v', 'b'), undefined);
  assert.equal(debts.of('w', 'a'), undefined);
  debts.settle('v', 'b', debts.mark());
  debts.settle('w', 'a', debts.mark());
  assert.equal(debts.of('v', 'a'), 'if-weighted');
  debts.settle('v', 'a', debts.mark());
  assert.equal(debts.isEmpty(), true);
});

test('a conditional debt does not lessen an unconditional one, which replaces it', () => {
  const debts = new FlushDebts();
  debts.owe('v', 'a', 'always');
  debts.owe('v', 'a', 'if-weighted');
  assert.equal(debts.of('v', 'a'), 'always');
  debts.owe('v', 'b', 'if-weighted');
  debts.owe('v', 'b', 'always');
  assert.equal(debts.of('v', 'b'), 'always');
});

test('what was owed after the plan is not settled by it', () => {
  const debts = new FlushDebts();
  debts.owe('v', 'a', 'always');
  const mark = debts.mark();
  debts.owe('v', 'a', 'always');
  debts.settle('v', 'a', mark);
  assert.equal(debts.of('v', 'a'), 'always');
  debts.settle('v', 'a', debts.mark());
  assert.equal(debts.of('v', 'a'), undefined);
});

test('a VIP in its state voids only what was conditional and was owed before', () => {
  const debts = new FlushDebts();
  debts.owe('v', 'a', 'if-weighted');
  debts.owe('v', 'b', 'always');
  debts.owe('w', 'a', 'if-weighted');
  const mark = debts.mark();
  debts.owe('v', 'c', 'if-weighted');
  debts.settleConditional('v', mark);
  const left = ['a', 'b', 'c'].map((address) => debts.of('v', address));
  assert.deepEqual(left, [undefined, 'always', 'if-weighted']);
  assert.equal(debts.of('w', 'a'), 'if-weighted');
});

test('only what is meant is kept; another VPP is owed nothing', () => {
  const debts = new FlushDebts();
  for (const [vip, address] of [
    ['v', 'a'],
    ['v', 'b'],
    ['w', 'a'],
  ] as const)
    debts.owe(vip, address, 'always');
  debts.retain((vip, address) => vip === 'v' && address === 'b');
  assert.deepEqual(
    [debts.of('v', 'a'), debts.of('v', 'b'), debts.of('w', 'a')],
    [undefined, 'always', undefined],
  );
  debts.clear();
  assert.equal(debts.isEmpty(), true);
});
