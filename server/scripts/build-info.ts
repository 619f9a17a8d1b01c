// Writes build/build-info.json: which commit this build is of. Rewrites it only when it changed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('../build/', import.meta.url);
const file = new URL('build-info.json', folder);

function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    // A source archive has no git; the build says `unknown` then.
    return undefined;
  }
}

function previous(): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The first build: there is none yet.
    return undefined;
  }
}

const dirty = git('status', '--porcelain', '--untracked-files=no') ? '-dirty' : '';
const head = git('rev-parse', '--short=12', 'HEAD');
const date = git('log', '-1', '--format=%cI') ?? 'unknown';
const text = `${JSON.stringify({ commit: head ? head + dirty : 'unknown', date })}\n`;
if (text !== previous()) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, text);
}
