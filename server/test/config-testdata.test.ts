// Walks testdata/config: every good file with its configuration and report, every bad one with its exact
// report, every sequence of reloads with its changes. A file without its partner fails.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse as parseYaml } from 'yaml';
import { readCertificates } from '../src/config/ca-file.ts';
import type { Config } from '../src/config/config.ts';
import { describeDiff, diffConfig } from '../src/config/diff.ts';
import { parseConfigBytes } from '../src/config/parse.ts';
import type { CaFileResult } from '../src/config/readers.ts';
import { checkExitCode, reportLines } from '../src/config/report.ts';
import { renderJsonSchema } from '../src/config/schema.ts';

const directory = join(import.meta.dirname, 'testdata/config');

function readCaFile(path: string): CaFileResult {
  const file = join(directory, path);
  if (!existsSync(file)) return { ok: false, reason: 'cannot be read: no such file' };
  return readCertificates(readFileSync(file, 'utf8'));
}

const check = (file: string) => parseConfigBytes(readFileSync(file), { readCaFile });
const linesOf = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n');
const isValidSchema = new Ajv2020({ strict: false }).compile(JSON.parse(renderJsonSchema()));

/** A folder's YAML files without their extension; each must have its partners, and nothing else be there. */
function cases(folder: string, ...partners: string[]): readonly string[] {
  const names = readdirSync(join(directory, folder));
  const stems = names.filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -'.yaml'.length));
  const expected = stems.flatMap((stem) => ['.yaml', ...partners].map((extension) => stem + extension));
  assert.deepEqual(names.sort(), expected.sort(), `${folder}: a file lacks its partner`);
  return stems.map((stem) => join(directory, folder, stem));
}

/** Maps as lists, so that their order is compared; certificates by their number. */
function asJson(config: Config): unknown {
  const text = JSON.stringify(config, (key, value) => {
    if (key === 'caPem') return `${value.match(/BEGIN CERTIFICATE/g).length} certificates`;
    if (!(value instanceof Map)) return value;
    assert.deepEqual(
      [...value.keys()],
      [...value.values()].map(({ name }) => name),
    );
    return [...value.values()];
  });
  return JSON.parse(text);
}

/** What other YAML libraries make of it; undefined when it is not one document of plain YAML. */
function plainYaml(file: string): unknown {
  try {
    return parseYaml(readFileSync(file, 'utf8'), {
      merge: true,
      stringKeys: true,
      logLevel: 'silent',
      maxAliasCount: 1000,
    });
  } catch {
    return undefined;
  }
}

for (const stem of cases('good', '.txt', '.json')) {
  test(`good: ${basename(stem)}`, () => {
    const file = `${stem}.yaml`;
    const result = check(file);
    assert.deepEqual(reportLines(result, basename(file)), linesOf(`${stem}.txt`));
    assert.ok(result.ok);
    assert.equal(checkExitCode(result), 0);
    assert.deepEqual(asJson(result.config), JSON.parse(readFileSync(`${stem}.json`, 'utf8')));
    assert.ok(isValidSchema(plainYaml(file)), JSON.stringify(isValidSchema.errors));
  });
}

const bad = cases('bad', '.txt');

for (const stem of bad) {
  test(`bad: ${basename(stem)}`, () => {
    const file = `${stem}.yaml`;
    const result = check(file);
    assert.deepEqual(reportLines(result, basename(file)), linesOf(`${stem}.txt`));
    assert.ok(!result.ok && result.errors.length > 0);
    const isStructural = basename(stem).startsWith('structural-');
    assert.equal(checkExitCode(result), isStructural ? 1 : 2);
    assert.ok(result.errors.every(({ kind }) => kind === (isStructural ? 'structural' : 'semantic')));
    // An editor with the schema must not praise what has the wrong shape.
    if (isStructural && result.errors.every(({ message }) => /^(unknown key|must be)/.test(message))) {
      assert.ok(!isValidSchema(plainYaml(file)));
    }
  });
}

test('there are at least 50 bad files', () => {
  assert.ok(bad.length >= 50);
});

/** Replays a folder's files in their order, as reloads do: what is refused changes nothing. */
function replay(folder: string): readonly string[] {
  const lines: string[] = [];
  let running: Config | undefined;
  const count = readdirSync(folder).filter((name) => name.endsWith('.yaml')).length;
  for (let step = 1; step <= count; step += 1) {
    const result = check(join(folder, `${step}.yaml`));
    if (!result.ok) {
      lines.push(`${step}: refused`, ...reportLines(result, `${step}.yaml`).map((line) => `  ${line}`));
      continue;
    }
    const changes = running === undefined ? [] : describeDiff(diffConfig(running, result.config));
    const verdict = changes.length === 0 ? 'nothing changed' : 'taken';
    lines.push(
      `${step}: ${running === undefined ? 'first' : verdict}`,
      ...changes.map((line) => `  ${line}`),
    );
    running = result.config;
  }
  return lines;
}

const sequences = readdirSync(join(directory, 'sequences')).sort();

for (const [index, name] of sequences.entries()) {
  test(`sequence ${name}`, () => {
    assert.ok(name.startsWith(`${String(index + 1).padStart(2, '0')}-`), 'sequences are numbered');
    const folder = join(directory, 'sequences', name);
    const names = readdirSync(folder);
    const steps = names.length - 1;
    const expected = [...Array.from({ length: steps }, (_, step) => `${step + 1}.yaml`), 'diff.txt'];
    assert.deepEqual(names.sort(), expected.sort());
    assert.ok(steps >= 2);
    assert.deepEqual(replay(folder), linesOf(join(folder, 'diff.txt')));
  });
}

test('there are at least six sequences', () => {
  assert.ok(sequences.length >= 6);
});
