import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigProblem } from './config.ts';
import { parseConfig } from './parse.ts';
import { checkExitCode, reportLines } from './report.ts';

const problem = (kind: ConfigProblem['kind'], path: string, line = 0): ConfigProblem => ({
  kind,
  path,
  line,
  column: line === 0 ? 0 : 7,
  message: 'is wrong',
});

test('errors come first, then warnings; the file stands for what has no path', () => {
  const result = {
    ok: false,
    errors: [problem('structural', ''), problem('structural', '', 3), problem('structural', 'a.b', 3)],
    warnings: [problem('semantic', 'c', 1)],
  } as const;
  assert.deepEqual(reportLines(result, 'maglev.yaml'), [
    'maglev.yaml: is wrong',
    'maglev.yaml: is wrong (line 3, column 7)',
    'a.b: is wrong (line 3, column 7)',
    'warning: c: is wrong (line 1, column 7)',
  ]);
});

test('exit status', () => {
  const failed = (kind: ConfigProblem['kind']) =>
    checkExitCode({ ok: false, errors: [problem(kind, 'a')], warnings: [] });
  assert.equal(failed('structural'), 1);
  assert.equal(failed('semantic'), 2);
  assert.equal(checkExitCode(parseConfig('maglev:')), 0);
});

test('a valid file is summed up', () => {
  const result = parseConfig('maglev: { backends: { a: { address: 192.0.2.1 } } }');
  assert.equal(reportLines(result, 'file').at(-1), 'ok: 0 frontends, 1 backend, 0 health checks');
});
