import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatNumber, missedLines, tableLines } from './table.ts';

const results = [
  {
    trial: 'one',
    notes: [],
    figures: [
      {
        name: 'CPU',
        unit: 'ms',
        value: 150,
        baseline: { name: 'plain', value: 100 },
        bar: { on: 'ratio', max: 1.4 },
      },
      { name: 'lost', unit: '', value: 0, bar: { on: 'value', max: 0 } },
      { name: 'lag', unit: 'ms', value: 0.5 },
    ],
  },
] as const;

test('the table is aligned, and says where a bar is met', () => {
  assert.deepEqual(tableLines(results), [
    'trial  figure  measured  baseline        ratio  bar           met',
    'one    CPU     150 ms    100 ms (plain)  1.50   ratio <= 1.4  MISSED',
    'one    lost    0                                <= 0          met',
    'one    lag     0.500 ms',
  ]);
});

test('missed bars are repeated aloud', () => {
  assert.deepEqual(missedLines(results), [
    'BAR MISSED: one, CPU, 150 ms, 100 ms (plain), 1.50, ratio <= 1.4',
  ]);
});

test('a bar on a ratio is neither met nor missed without its baseline', () => {
  const figure = { name: 'CPU', unit: 'ms', value: 150, bar: { on: 'ratio', max: 1.4 } } as const;
  const alone = [{ trial: 'one', notes: [], figures: [figure] }];
  assert.deepEqual(missedLines(alone), []);
  assert.match(tableLines(alone)[1] ?? '', /ratio <= 1\.4$/);
});

test('numbers keep three digits that mean something', () => {
  const shown = [0, 7, 0.01234, 12.345, 99.95, 123.4, 1234567.8, Number.NaN].map(formatNumber);
  assert.deepEqual(shown, ['0', '7', '0.0123', '12.3', '100', '123', '1,234,568', '-']);
});
