// The sample and the guide are held against the schema: what they show works, and they show all.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ParseOptions, parseConfig } from '../src/config/parse.ts';
import { reportLines } from '../src/config/report.ts';
import { rootSchema, type SchemaNode } from '../src/config/schema.ts';

const root = join(import.meta.dirname, '../..');
const sample = readFileSync(join(root, 'debian/maglev.yaml'), 'utf8');
const guide = readFileSync(join(root, 'docs/config-guide.md'), 'utf8');

/** Every key of the schema with its section's path. */
function collectKeys(schema: SchemaNode, path: string): (readonly [path: string, key: string, SchemaNode])[] {
  const children = [
    ...Object.values(schema.patternProperties ?? {}),
    ...(schema.items ? [schema.items] : []),
  ];
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) => [
      [path, key, child] as const,
      ...collectKeys(child, `${path}.${key}`),
    ]),
    ...children.flatMap((child) => collectKeys(child, path)),
  ];
}
const keys = collectKeys(rootSchema, '');

function assertValid(text: string, options: ParseOptions = {}): void {
  const result = parseConfig(text, options);
  assert.deepEqual(result.ok ? [] : reportLines(result, 'file'), []);
  assert.deepEqual(result.warnings, [], 'examples give no warnings');
}

test('the sample is valid as it is, and with everything that is commented out', () => {
  assertValid(sample);
  const whole = sample.replaceAll(/^( *)#([a-z0-9-]+:)/gm, '$1$2');
  assert.notEqual(whole, sample);
  assertValid(whole, { readCaFile: () => ({ ok: true, pem: '' }) });
});

test('the sample shows every key', () => {
  for (const [path, key] of keys) {
    assert.match(
      sample,
      new RegExp(`^[^#]*(^ *#)?(?<![a-z-])${key}:`, 'm'),
      `${path}.${key} is not in the sample`,
    );
  }
});

test('the sample holds no tab, and no line is long', () => {
  for (const line of sample.split('\n')) assert.ok(!line.includes('\t') && line.length <= 120, line);
});

const snippets = Array.from(guide.matchAll(/^```yaml\n([\s\S]*?)^```$/gm), ([, text = '']) => text);

test('the snippets of the guide are valid', () => {
  assert.ok(snippets.length >= 3);
  for (const snippet of snippets) {
    const result = parseConfig(snippet);
    assert.deepEqual(result.ok ? [] : reportLines(result, 'file'), []);
  }
});

/** The table rows of the guide that are about a key. */
const rowsOf = (key: string) => guide.split('\n').filter((line) => line.startsWith(`| \`${key}\` |`));
const isSection = ({ properties, patternProperties }: SchemaNode) => {
  return properties !== undefined || patternProperties !== undefined;
};

test('the guide has every key with its default and its limits', () => {
  for (const [path, key, schema] of keys) {
    const isTop = path === '' || path === '.maglev' || key === 'lb';
    if (isTop && isSection(schema)) {
      assert.ok(guide.includes(key), `${path}.${key} is not in the guide`);
      continue;
    }
    const cells = rowsOf(key).map((row) => row.split('|').map((cell) => cell.trim()));
    assert.ok(cells.length > 0, `${path}.${key} has no row in the guide`);
    const { default: value, minimum, maximum, enum: choices = [] } = schema;
    if (value !== undefined)
      assert.ok(
        cells.some((row) => row.includes(String(value))),
        `${key}: default ${value}`,
      );
    if (minimum !== undefined) {
      assert.ok(
        cells.some((row) => row.some((cell) => cell.includes(`${minimum} to ${maximum}`))),
        `${key}: range`,
      );
    }
    for (const choice of choices)
      assert.ok(
        rowsOf(key).some((row) => row.includes(`\`${choice}\``)),
        `${key}: ${choice}`,
      );
  }
});
