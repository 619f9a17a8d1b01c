import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sectionText, withSection } from './results-page.ts';

const page = '# Page\n\n<!-- measured: a -->\nold\n<!-- end of a -->\n\nend\n';

test('a result takes the place of the former one, and nothing else', () => {
  const written = withSection(page, 'a', 'new\n');
  assert.equal(written, page.replace('old', 'new'));
  assert.equal(withSection(written ?? '', 'a', 'new\n'), written);
});

test('a trial without a place is told', () => {
  assert.equal(withSection(page, 'b', 'new'), undefined);
});

test('figures become a table with the stamp and the notes below', () => {
  const figure = { name: 'lag', unit: 'ms', value: 1.5, bar: { on: 'value', max: 1 } } as const;
  const text = sectionText('a', { figures: [figure], notes: ['One.'] }, 'On Monday.');
  assert.deepEqual(text.split('\n'), [
    '| figure | measured | baseline | ratio | bar | met |',
    '|---|---|---|---|---|---|',
    '| lag | 1.50 ms | | | <= 1 ms | MISSED |',
    '',
    'On Monday.',
    '',
    '- One.',
  ]);
});
