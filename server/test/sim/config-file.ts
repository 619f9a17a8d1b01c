// The configuration file of a simulated run, as the daemon finds it: JSON, which is YAML too. The text goes
// through the parser once in each run; after that the values are put before the rules as they are, because
// reading YAML again and again would cost more than all else. It must not know what is drawn.
import assert from 'node:assert/strict';
import type { ConfigResult } from '../../src/config/config.ts';
import type { DocumentNode, Entry } from '../../src/config/document.ts';
import { freezeConfig } from '../../src/config/freeze.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { createLines, createProblems } from '../../src/config/problem.ts';
import type { Check } from '../../src/config/readers.ts';
import { rootSchema } from '../../src/config/schema.ts';
import { checkStructure } from '../../src/config/structure.ts';
import { validate } from '../../src/config/validate.ts';
import type { Prng } from '../../src/lib/prng.ts';
import { pick } from './world.ts';

export type FileValue =
  | string
  | number
  | boolean
  | readonly FileValue[]
  | { readonly [key: string]: FileValue };

const brokenTexts = [
  'maglev: {',
  'maglev: { backends: { b1: { address: nowhere } } }',
  'other: 1',
  '- 1\n- 2',
];
/** Each is refused in the same words every time. */
const brokenResults = new Map<string, ConfigResult>();

/** Sometimes somebody is in the middle of editing it. */
export class FakeFile {
  #value: FileValue;
  #broken: string | undefined;
  #isProven = false;

  constructor(value: FileValue) {
    this.#value = value;
  }

  /** Whole, and with this in it. */
  write(value: FileValue): void {
    this.#value = value;
    this.#broken = undefined;
  }

  break(prng: Prng): void {
    this.#broken = pick(prng, brokenTexts);
  }

  async read(): Promise<ConfigResult> {
    if (this.#broken !== undefined) return readBroken(this.#broken);
    const result = readValue(this.#value);
    if (!this.#isProven) {
      const parsed = parseConfig(JSON.stringify(this.#value, undefined, 1));
      assert.deepEqual(withoutPlaces(result), withoutPlaces(parsed), 'the values say what the text says');
      this.#isProven = true;
    }
    return result;
  }
}

function readBroken(text: string): ConfigResult {
  const known = brokenResults.get(text) ?? parseConfig(text);
  brokenResults.set(text, known);
  return known;
}

/** As `parseConfig`, behind its YAML. */
function readValue(value: FileValue): ConfigResult {
  const root = nodeOf(value);
  const structural = createProblems('structural');
  checkStructure(root, rootSchema, undefined, structural);
  const check: Check = {
    errors: createProblems('semantic'),
    warnings: createProblems('semantic'),
    readCaFile: undefined,
  };
  assert.equal(structural.count(), 0, 'what is drawn is of the right shape');
  const config = validate(check, root);
  const lines = createLines('');
  assert.deepEqual(check.errors.list(lines), [], 'what is drawn is valid');
  return { ok: true, config: freezeConfig(config), warnings: check.warnings.list(lines) };
}

function nodeOf(value: FileValue): DocumentNode {
  const common = { offset: 0, size: 1 };
  if (typeof value !== 'object') return { kind: 'scalar', value, source: String(value), ...common };
  if (Array.isArray(value)) return { kind: 'seq', items: value.map(nodeOf), ...common };
  const entries = Object.entries(value).map(([key, child]): [string, Entry] => [
    key,
    { offset: 0, value: nodeOf(child) },
  ]);
  return { kind: 'map', entries: new Map(entries), ...common };
}

/** Values have no lines. */
function withoutPlaces(result: ConfigResult) {
  const warnings = result.warnings.map(({ path, message }) => `${path}: ${message}`).sort();
  return { ...result, warnings };
}
