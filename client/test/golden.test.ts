// What operators see, held against files that were looked at: node client/test/support/golden.ts writes
// them anew.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { reportBackends } from '../src/commands/show/backends.ts';
import { stripColour } from '../src/format/colour.ts';
import { layOut } from '../src/format/layout.ts';
import { widthOf } from '../src/format/width.ts';
import { backends, nowMs } from './support/bodies.ts';
import { goldenDir, goldenTexts, reports } from './support/golden.ts';

test('every report is as its golden file says, and no file is left over', async () => {
  const texts = await goldenTexts();
  for (const [name, text] of texts) assert.equal(text, readFileSync(join(goldenDir, name), 'utf8'), name);
  assert.deepEqual(readdirSync(goldenDir).sort(), Array.from(texts.keys()).sort());
});

test('nothing in them would be obeyed by a terminal but colour', async () => {
  for (const [name, text] of await goldenTexts()) {
    assert.doesNotMatch(stripColour(text).replaceAll('\n', ''), /[\p{Cc}\p{Cf}\u2028\u2029]/u, name);
  }
});

test('tables fit 80 columns, colour changes no width, and states have a word each', () => {
  for (const [name, report] of Object.entries(reports)) {
    const isTable = report.some(({ kind }) => kind === 'table');
    const plain = layOut(report, { width: 80, isColoured: false, hasUnicode: true });
    const coloured = layOut(report, { width: 80, isColoured: true, hasUnicode: true });
    assert.deepEqual(
      coloured.map(({ text }) => stripColour(text)),
      plain.map(({ text }) => text),
      name,
    );
    const tables = report.filter(({ kind }) => kind === 'table');
    const rows = layOut(tables, { width: 80, isColoured: false, hasUnicode: true });
    if (isTable && name !== 'show-vpp-lb-counters') {
      for (const { text } of rows) assert.ok(widthOf(text) <= 80, `${name}: ${text}`);
    }
  }
});

test('a thousand rows are laid out at once, every column at its place', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => {
    const sample = backends[index % backends.length] as (typeof backends)[0];
    return { ...sample, name: `backend-${index}` };
  });
  const report = reportBackends(many, { nowMs, hasUnicode: true });
  const [head, ...rows] = layOut(report, { width: 160, isColoured: false, hasUnicode: true });
  assert.equal(rows.length, 1_000);
  const column = head?.text.indexOf('STATE') ?? -1;
  for (const { text } of rows) assert.match(text.slice(column), /^[●■‖⊘?] /u);
});

test('JSON and YAML hold the value as it was', async () => {
  const texts = await goldenTexts();
  assert.deepEqual(JSON.parse(texts.get('backends.json') ?? ''), { backends });
  assert.deepEqual(parse(texts.get('backends.yaml') ?? ''), { backends });
});
