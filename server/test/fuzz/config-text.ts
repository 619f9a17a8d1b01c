// Fuzzes the reading of a maglev.yaml from its words: valid files whose lines, keys and values are swapped,
// doubled, moved and spoilt. As a program: node server/test/fuzz/config-text.ts [--seconds 60] [--seed 1]
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigProblem } from '../../src/config/config.ts';
import { diffConfig } from '../../src/config/diff.ts';
import { parseConfigBytes } from '../../src/config/parse.ts';
import { configErrorCountMax } from '../../src/lib/limits.ts';
import { createPrng, type Prng } from '../../src/lib/prng.ts';
import { mutate } from '../support/mutation.ts';
import { runAsProgram, runFor } from './run-for.ts';

const testdata = join(import.meta.dirname, '../testdata/config');
const corpus = join(import.meta.dirname, 'corpus/config-text');
const texts = [testdata, corpus].flatMap((folder) =>
  globSync('{good,bad,sequences}/**/*.yaml', { cwd: folder })
    .concat(globSync('*.yaml', { cwd: folder }))
    .sort()
    .map((path) => readFileSync(join(folder, path), 'utf8'))
    .filter((text) => text.length < 20_000),
);

const strangeValues = [
  ...[
    '~',
    'null',
    '""',
    "'",
    '"',
    '[]',
    '{}',
    '[',
    '{',
    '*a',
    '&a x',
    '<<: *a',
    '!!binary x',
    '!x',
    '? a',
    '- ',
  ],
  ...[
    '0',
    '-1',
    '1e999',
    '0x7f',
    '0o17',
    '1_000',
    '.nan',
    '99999999999999999999',
    'true',
    'yes',
    '2001-01-01',
  ],
  ...[
    '1s',
    '-1s',
    '1h1h',
    '1e3s',
    '9223372036854775808ns',
    '0s',
    '1ms1',
    '127.0.0.1',
    '::',
    '::ffff:1.2.3.4',
  ],
  ...[
    '1.2.3',
    '01.2.3.4',
    'fe80::1%lo',
    '2001:db8::/32',
    '__proto__',
    'constructor',
    'toString',
    '|',
    '>-',
    '#',
  ],
  ...[
    '%YAML 1.1',
    '---',
    '...',
    '\t',
    '\u0000',
    '\u2028',
    '\ufeff',
    '\ud800',
    'a'.repeat(70),
    '(a+)+$',
    '[[:',
  ],
];

const pick = <T>(prng: Prng, items: readonly T[]): T => items[prng.below(items.length)] as T;

/** One edit of the lines of a file, or of one line. */
function edit(prng: Prng, lines: string[]): void {
  const at = prng.below(lines.length);
  const line = lines[at] ?? '';
  const [, head = '', value = ''] = /^(\s*(?:- )?[^:]*:)(.*)$/.exec(line) ?? [];
  switch (prng.below(9)) {
    case 0:
      lines[at] = `${head} ${pick(prng, strangeValues)}`;
      return;
    case 1:
      lines[at] = line.replace(/[\w.-]+/, () => pick(prng, strangeValues));
      return;
    case 2:
      lines.splice(at, 1);
      return;
    case 3:
      lines.splice(at, 0, line);
      return;
    case 4:
      lines[at] = ' '.repeat(prng.below(9)) + line.trimStart();
      return;
    case 5:
      lines.splice(prng.below(lines.length), 0, pick(prng, lines));
      return;
    case 6:
      lines[at] = `${head}${/:(.*)$/.exec(pick(prng, lines))?.[1] ?? ''}`;
      return;
    case 7:
      lines[at] = `${head} [${value}, ${pick(prng, strangeValues)}]`;
      return;
    default:
      lines.splice(at, prng.below(4), ...pick(prng, texts).split('\n').slice(0, prng.below(8)));
  }
}

function drawBytes(prng: Prng): Uint8Array {
  const lines = pick(prng, texts).split('\n');
  for (let count = 1 + prng.below(4); count > 0; count--) edit(prng, lines);
  const bytes = Buffer.from(lines.join('\n'));
  return prng.below(4) === 0 && bytes.length > 0 ? mutate(prng, bytes, 1 + prng.below(3)) : bytes;
}

/** A place in the text, and one bounded line that can be printed. */
function assertWellFormed({ kind, line, column, message }: ConfigProblem): void {
  assert.ok(kind === 'structural' || kind === 'semantic');
  // 0 and 0: the file as a whole.
  assert.ok((line >= 1 && column >= 1) || (line === 0 && column === 0), `${line}:${column}`);
  assert.ok(message.length > 0 && message.length < 8000, `${message.length} characters`);
  assert.doesNotMatch(message, /\p{Cc}|\p{Zl}|\p{Zp}/u);
}

const parseMsMax = 3_000;

/** One execution; throws at a finding. */
export function fuzzConfigOnce(seed: number): boolean {
  const bytes = drawBytes(createPrng(seed));
  const startMs = performance.now();
  const result = parseConfigBytes(bytes);
  const elapsedMs = performance.now() - startMs;
  assert.ok(elapsedMs < parseMsMax, `took ${Math.round(elapsedMs)} ms`);
  assert.deepEqual(parseConfigBytes(bytes), result, 'the same bytes give the same');
  for (const problem of result.warnings) assertWellFormed(problem);
  if (!result.ok) {
    assert.ok(result.errors.length > 0 && result.errors.length <= configErrorCountMax + 1);
    for (const problem of result.errors) assertWellFormed(problem);
    return false;
  }
  const { config } = result;
  assert.ok(Object.isFrozen(config));
  for (const frontend of config.frontends.values()) {
    for (const { name, weight } of frontend.pools.flatMap(({ backends }) => backends)) {
      assert.ok(config.backends.has(name) && weight >= 0 && weight <= 100, name);
    }
  }
  const { frontends } = diffConfig(config, config);
  assert.deepEqual([frontends.added, frontends.removed, frontends.changed].flat(), []);
  return true;
}

/** Runs for a time; gives the number of executions. Throws at the first finding, with its seed. */
export function fuzzConfig(firstSeed: number, seconds: number): number {
  return runFor('config-text', { firstSeed, seconds }, fuzzConfigOnce);
}

if (import.meta.main) await runAsProgram('config-text', fuzzConfig);
