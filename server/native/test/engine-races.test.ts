// The probe engine's two threads under ThreadSanitizer, without Node: see race_engine.c.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const nativeFolder = fileURLToPath(new URL('../', import.meta.url));
// The sanitizers that our own process may run under do not go together with that one.
const { LD_PRELOAD: _, ...env } = process.env;

function missingLibrary(): string | false {
  const printed = spawnSync('gcc', ['-print-file-name=libtsan.so'], { encoding: 'utf8', env });
  if (printed.status === 0 && isAbsolute(printed.stdout.trim())) return false;
  return "gcc has no libtsan: install libgcc-12-dev (or your gcc's version)";
}

test('no data race, and nothing told for a run that has ended', { skip: missingLibrary() }, (t) => {
  execFileSync('make', ['--silent', '--directory', nativeFolder, 'build/race_engine'], { env });
  const run = spawnSync(`${nativeFolder}build/race_engine`, ['20000'], { encoding: 'utf8', env });
  t.diagnostic(run.stdout.trim());
  assert.deepEqual([run.status, run.stderr], [0, '']);
});
