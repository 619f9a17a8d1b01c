// The result of a check as `--check` prints it, and its exit status. It must not know where the lines go.
import type { ConfigProblem, ConfigResult } from './config.ts';

/** 0: valid; 1: cannot be read or parsed (structural); 2: understood and wrong (semantic). */
export function checkExitCode(result: ConfigResult): 0 | 1 | 2 {
  if (result.ok) return 0;
  return result.errors.some(({ kind }) => kind === 'structural') ? 1 : 2;
}

/** One line per problem, errors first. `fileName` stands for the path of what concerns the whole file. */
export function reportLines(result: ConfigResult, fileName: string): readonly string[] {
  const errors = result.ok ? [] : result.errors.map((problem) => problemLine(problem, fileName));
  const warnings = result.warnings.map((problem) => `warning: ${problemLine(problem, fileName)}`);
  return [...errors, ...warnings, ...(result.ok ? [summary(result.config)] : [])];
}

/** `path: message (line 3, column 7)` */
export function problemLine(problem: ConfigProblem, fileName: string): string {
  const { path, line, column, message } = problem;
  const place = line === 0 ? '' : ` (line ${line}, column ${column})`;
  return `${path === '' ? fileName : path}: ${message}${place}`;
}

function summary(config: Extract<ConfigResult, { ok: true }>['config']): string {
  const counts = [
    count(config.frontends.size, 'frontend'),
    count(config.backends.size, 'backend'),
    count(config.healthchecks.size, 'health check'),
  ];
  return `ok: ${counts.join(', ')}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
