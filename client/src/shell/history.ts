// The lines of earlier sessions in a file of the operator's own: bounded, and nobody else's to read.
import {
  appendFileSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { historyBytesMax, historyLineLengthMax, historyLinesMax } from '../limits.ts';

/** Where the state of programs belongs; undefined: nowhere. */
export function historyPath(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { XDG_STATE_HOME: state, HOME: home } = environment;
  if (state?.startsWith('/')) return `${state}/maglevc/history`;
  return home?.startsWith('/') ? `${home}/.local/state/maglevc/history` : undefined;
}

/** Oldest first; nothing where there is no file. Shortens a file that has grown too long. */
export function readHistory(path: string): readonly string[] {
  let text: string;
  try {
    text = readEnd(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const lines = text.split('\n').filter((line) => line !== '');
  const kept = lines.slice(-historyLinesMax);
  if (lines.length > historyLinesMax) {
    const fresh = `${path}.${process.pid}`;
    writeFileSync(fresh, `${kept.join('\n')}\n`, { mode: 0o600 });
    renameSync(fresh, path);
  }
  return kept;
}

/** The last part of the file, from a whole line on. */
function readEnd(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const length = Math.min(size, historyBytesMax);
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, size - length);
    const text = bytes.toString('utf8');
    return size > length ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    closeSync(file);
  }
}

export function appendHistory(path: string, line: string): void {
  if (line.length > historyLineLengthMax || /[\r\n]/.test(line)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  appendFileSync(path, `${line}\n`, { mode: 0o600 });
}
