// The style of the house in this room: homes of time, environment and files, line length, first comments,
// and no import of the server.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const clientDir = join(import.meta.dirname, '..');
const lineLengthMax = 110;
const read = (folder: string) =>
  readdirSync(join(clientDir, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(clientDir, folder, name), 'utf8') }));
const product = read('src').filter(({ path }) => !path.endsWith('.test.ts'));
const all = [...read('src'), ...read('test'), ...read('scripts'), ...read('bench')];

/** What has one home, and which. */
const homes: readonly (readonly [pattern: RegExp, homes: readonly string[]])[] = [
  [/\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/, ['src/clock.ts']],
  [/\bset(Timeout|Interval|Immediate)\(/, ['src/clock.ts']],
  [/\bMath\.random\b/, []],
  [/\bprocess\.(env|argv|exit|once|on)\b/, ['src/main.ts']],
  [/\bconsole\./, []],
  [/from 'node:fs'/, ['src/connect.ts', 'src/shell/history.ts', 'src/version.ts']],
];

test('time, environment and files have their homes', () => {
  for (const { path, text } of product) {
    const code = text.replaceAll(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '');
    for (const [pattern, allowed] of homes) {
      const hit = pattern.exec(code);
      assert.ok(hit === null || allowed.includes(path), `${path}: ${hit?.[0]} has its home elsewhere`);
    }
  }
});

test('programs meet only at the contract: the types of the schemas, and one way to write durations', () => {
  const taken = /^import (type )?[^;]*?from '([^']*(?:@vpp-maglev|\.\.)\/server\/[^']*)'/gm;
  for (const { path, text } of product) {
    for (const [, type, from = ''] of text.matchAll(taken)) {
      const isTypes = type !== undefined && /^@vpp-maglev\/server\/([a-z]+-)?schemas$/.test(from);
      assert.ok(isTypes || from === '@vpp-maglev/server/duration', `${path} imports ${from}`);
    }
  }
});

test('what is pure imports nothing of the world', () => {
  const pure = product.filter(({ path }) =>
    /^src\/(format|shell\/(grammar|expand|complete|words|filters|near|refusal|assist))/.test(path),
  );
  assert.ok(pure.length > 12);
  for (const { path, text } of pure) assert.doesNotMatch(text, /from 'node:|clock\.ts'|grpc\.ts'/, path);
});

test('lines stay within the page, and files begin with what they are for', () => {
  for (const { path, text } of all) {
    for (const [index, line] of text.split('\n').entries()) {
      assert.ok(line.length <= lineLengthMax, `${path}:${index + 1} has ${line.length} characters`);
    }
  }
  for (const { path, text } of product) assert.match(text, /^\/\/ \S/, path);
});

test('no swallowed errors, no left-over marks, no escape hatches', () => {
  for (const { path, text } of all.filter(({ path }) => path !== 'test/tidy.test.ts')) {
    assert.doesNotMatch(text, /catch\s*(\([^)]*\))?\s*\{\s*\}/, `${path}: an empty catch`);
    assert.doesNotMatch(text, /\b(FIXME|TODO|XXX|HACK)\b/, `${path}: unfinished`);
    assert.doesNotMatch(text, /@ts-(ignore|nocheck|expect-error)|\bas any\b|: any\s*[;,)=[\]>]/, path);
  }
});
