// A state directory for tests of the overrides' store, with what the store logged about it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOverridesStore, type OverridesStore, type StoreFs } from '../../src/overrides/store.ts';

export interface LogEntry {
  readonly level: 'warn' | 'error';
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface StateDirectory {
  readonly path: string;
  readonly file: string;
  readonly log: readonly LogEntry[];
  /** A new store on it, as after a restart. */
  open(fs?: StoreFs): OverridesStore;
  /** Names of all files, sorted. */
  names(): string[];
  /** The file's content; undefined when there is none. */
  content(): string | undefined;
  write(content: string | Uint8Array): void;
  remove(): void;
}

/** 2026-11-23T01:02:03.004Z, so that names of files moved aside are known. */
export const wallMs = Date.UTC(2026, 10, 23, 1, 2, 3, 4);
export const asideName = 'overrides.json.unreadable-20261123T010203.004Z';

const living = new Set<string>();

// A test that throws half-way still leaves nothing behind.
process.on('exit', () => {
  for (const path of living) rmSync(path, { recursive: true, force: true });
});

/** A directory of its own, or `path`, which `remove` then leaves alone. */
export function createStateDirectory(path?: string): StateDirectory {
  const directory = path ?? mkdtempSync(join(tmpdir(), 'maglev-overrides-'));
  if (path === undefined) living.add(directory);
  const file = join(directory, 'overrides.json');
  const log: LogEntry[] = [];
  const logger = {
    error: (message: string, attributes = {}) => void log.push({ level: 'error', message, attributes }),
    warn: (message: string, attributes = {}) => void log.push({ level: 'warn', message, attributes }),
  };
  return {
    path: directory,
    file,
    log,
    open: (fs) =>
      createOverridesStore({
        stateDir: directory,
        log: logger,
        wallMs: () => wallMs,
        ...(fs === undefined ? {} : { fs }),
      }),
    names: () => readdirSync(directory).sort(),
    content: () =>
      readdirSync(directory).includes('overrides.json') ? readFileSync(file, 'utf8') : undefined,
    write: (content) => writeFileSync(file, content),
    remove() {
      if (living.delete(directory)) rmSync(directory, { recursive: true, force: true });
    },
  };
}
