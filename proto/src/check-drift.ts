// Fails when the generated code is not what `npm run generate` makes of the contract now. Run by hand and by
// `check`; it knows nothing of what is in the files.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Texts by path below `directory`. */
function readTexts(directory: string): ReadonlyMap<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.map((path) => [path.slice(directory.length + 1), readFileSync(path, 'utf8')]));
}

const scratch = mkdtempSync(join(tmpdir(), 'maglev-proto-'));
try {
  execFileSync('buf', ['generate', '--output', scratch], { cwd: root, stdio: 'inherit' });
  const fresh = readTexts(join(scratch, 'gen'));
  const committed = readTexts(join(root, 'gen'));
  const paths = new Set([...fresh.keys(), ...committed.keys()]);
  const stale = Array.from(paths).filter((path) => fresh.get(path) !== committed.get(path));
  for (const path of stale) process.stderr.write(`gen/${path} is not up to date\n`);
  if (stale.length > 0) {
    process.stderr.write('run: npm run generate --workspace proto\n');
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true });
}
