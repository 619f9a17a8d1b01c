// Text or bytes of a maglev.yaml to a configuration, or to all that is wrong with it. Pure: files that the
// configuration names are read by a function that the caller brings. It must not know where the text came
// from.
import { configFileBytesMax } from '../lib/limits.ts';
import type { ConfigResult } from './config.ts';
import { readDocument } from './document.ts';
import { freezeConfig } from './freeze.ts';
import { createLines, createProblems, fileProblem, type Lines, type Problems } from './problem.ts';
import type { CaFileResult, Check } from './readers.ts';
import { rootSchema } from './schema.ts';
import { checkStructure } from './structure.ts';
import { validate } from './validate.ts';

export interface ParseOptions {
  /** Reads the certificates of a `ca-file`; called once per path. Absent: `ca-file` is not looked at. */
  readonly readCaFile?: (path: string) => CaFileResult;
}

/** Like `parseConfig`, for the content of a file: it must be UTF-8 and not too long. */
export function parseConfigBytes(bytes: Uint8Array, options: ParseOptions = {}): ConfigResult {
  if (bytes.length > configFileBytesMax) {
    return refuse(`is longer than ${configFileBytesMax} bytes`);
  }
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const wrongAt = firstDifference(bytes, new TextEncoder().encode(text));
  if (wrongAt === undefined) return parseConfig(text, options);
  // Decoded as a stream, so that a character that was begun and not finished is left out.
  const before = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, wrongAt), {
    stream: true,
  });
  const byte = (bytes[wrongAt] ?? 0).toString(16).padStart(2, '0');
  const problems = createProblems('structural');
  problems.add(undefined, before.length, `not UTF-8: byte 0x${byte} does not belong here`);
  return fail(problems, createLines(before));
}

function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let index = 0; index < length; index += 1) if (a[index] !== b[index]) return index;
  return undefined;
}

/** The configuration that `input` holds, deeply frozen, or every error of the first stage that has some. */
export function parseConfig(input: string, options: ParseOptions = {}): ConfigResult {
  const text = input.startsWith('\ufeff') ? input.slice(1) : input;
  const lines = createLines(text);
  const structural = createProblems('structural');
  const root = readDocument(text, structural);
  if (root !== undefined) checkStructure(root, rootSchema, undefined, structural);
  if (root === undefined || structural.count() > 0) return fail(structural, lines);
  const check: Check = {
    errors: createProblems('semantic'),
    warnings: createProblems('semantic'),
    readCaFile: options.readCaFile && readOnce(options.readCaFile),
  };
  const config = validate(check, root);
  const warnings = check.warnings.list(lines);
  if (check.errors.count() > 0) return { ok: false, errors: check.errors.list(lines), warnings };
  return { ok: true, config: freezeConfig(config), warnings };
}

/** Each file once, however many health checks name it. */
function readOnce(read: (path: string) => CaFileResult): (path: string) => CaFileResult {
  const results = new Map<string, CaFileResult>();
  return (path) => {
    const known = results.get(path);
    if (known !== undefined) return known;
    const result = read(path);
    results.set(path, result);
    return result;
  };
}

function fail(problems: Problems, lines: Lines): ConfigResult {
  return { ok: false, errors: problems.list(lines), warnings: [] };
}

/** The result for a file that gives no text to look at: a structural error without a place. */
export function refuse(message: string): ConfigResult {
  return { ok: false, errors: [fileProblem('structural', message)], warnings: [] };
}
