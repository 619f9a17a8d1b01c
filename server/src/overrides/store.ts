// Where the overrides outlive the process: `overrides.json` in the state directory. This is the only file of
// the daemon that writes. It must not know what an override means.
//
// Saving. A new file is written beside the old one under a name of its own, flushed, renamed over it, and the
// directory is flushed: at every moment, also after a crash or a power cut, the file is the old or the new
// value, whole. A save that fails before the rename has changed nothing. If only the last step fails, the
// rename has happened but may not last; then the old content is written back, so that what is reported as
// failed has not happened. If that fails as well, the failure says `fileHolds: 'new'`: until a save succeeds,
// a restart would read what the caller was refused. (A disk that refuses to flush and then loses power may
// show either; more cannot be had from it.)
//
// Loading. What cannot be read (the content, the kind of file, the permission, the disk) is moved aside under
// a name that nothing has yet, and loading goes on with nothing. Where even that fails (a read-only disk, a
// directory of somebody else) the file stays where it is and the store refuses to save over it; each save
// first tries again to move it. A symbolic link is not followed: a save would replace the link, not the file
// it points to.
//
// One daemon per state directory, and one call at a time.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import * as fsPromises from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { assert } from '../lib/assert.ts';
import { asideNameTriesMax, overridesFileBytesMax } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';
import { formatOverrides, parseOverrides } from './file-format.ts';
import type { Overrides } from './overrides.ts';
import { noOverrides } from './overrides.ts';

const overridesFileName = 'overrides.json';
const leftOverName = /^overrides\.json\.tmp-[0-9a-f]{16}$/;
const directoryMode = 0o750;
/** The group may read: the file holds names and reasons, no secrets. */
const fileMode = 0o640;

/** What the store asks of the file system; node:fs/promises, unless a test stands in between. */
export type StoreFs = Pick<typeof fsPromises, 'lstat' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'unlink'>;

type StoreLog = Pick<Log, 'error' | 'warn'>;

export interface StoreDeps {
  /** Directory of the file; created if its parent exists. Empty: memory only. */
  readonly stateDir: string;
  readonly log: StoreLog;
  /** Wall clock for the name of a file that is moved aside. */
  readonly wallMs: () => number;
  readonly fs?: StoreFs;
}

/** Why a value could not be written. */
export interface SaveFailure {
  /** The system's name for it, e.g. `ENOSPC`; `EFBIG` also for a value beyond our own limit. */
  readonly code: string;
  /** A sentence with the file's path and the reason in words. */
  readonly message: string;
  /** What a restart would read: the value last loaded or saved, or, where nothing helped, the refused one. */
  readonly fileHolds: 'old' | 'new';
}

export type SaveResult = { readonly ok: true } | { readonly ok: false; readonly failure: SaveFailure };

export interface OverridesStore {
  /** The stored value, once, before the first save. Never fails: see the head of this file. */
  load(): Promise<Overrides>;
  /** Resolves when the value is durable or has been refused. Never called while a load or save runs. */
  save(overrides: Overrides): Promise<SaveResult>;
}

/** An error of the operating system in words; anything else is a bug of ours and is thrown on. */
interface SystemFailure {
  readonly code: string;
  /** E.g. `no space left on device (ENOSPC)`. */
  readonly words: string;
}

interface Place {
  readonly fs: StoreFs;
  readonly log: StoreLog;
  readonly directory: string;
  readonly file: string;
}

/** The store of the overrides; touches nothing before `load`. */
export function createOverridesStore(deps: StoreDeps): OverridesStore {
  const { stateDir, log, wallMs, fs = fsPromises } = deps;
  if (stateDir === '') return { load: async () => noOverrides, save: async () => ({ ok: true }) };
  const place: Place = { fs, log, directory: stateDir, file: join(stateDir, overridesFileName) };
  /** The content that the caller believes in: undefined before `load`, null when there is no file. */
  let believed: Buffer | null | undefined;
  /** Why the file that stands there was not taken in; as long as it does, nothing may be written over it. */
  let unread: string | undefined;
  let busy = false;

  async function load(): Promise<Overrides> {
    assert(!busy && believed === undefined, 'overrides are loaded once, before they are saved');
    busy = true;
    try {
      await prepareDirectory(place);
      const content = await readContent(place);
      believed = content.t === 'read' ? content.bytes : null;
      if (content.t === 'read') return content.overrides;
      if (content.t === 'absent') return noOverrides;
      const failure = await moveAside(place, content.why, wallMs());
      if (failure === undefined) return noOverrides;
      unread = content.why;
      log.error('overrides-stuck', { error: stuckWords(place, unread, failure) });
      return noOverrides;
    } finally {
      busy = false;
    }
  }

  async function save(overrides: Overrides): Promise<SaveResult> {
    assert(believed !== undefined, 'overrides are loaded before they are saved');
    assert(!busy, 'one save at a time');
    busy = true;
    try {
      if (unread !== undefined) {
        const failure = await moveAside(place, unread, wallMs());
        if (failure !== undefined) return failed(failure.code, stuckWords(place, unread, failure));
        unread = undefined;
      }
      const bytes = Buffer.from(formatOverrides(overrides));
      const failure = await replaceContent(place, bytes, believed);
      if (failure !== undefined) return { ok: false, failure };
      believed = bytes;
      return { ok: true };
    } finally {
      busy = false;
    }
  }

  return { load, save };
}

/** Creates the directory if need be and removes what a crash left in it. Trouble is logged, no more. */
async function prepareDirectory({ fs, log, directory }: Place): Promise<void> {
  let names: string[] = [];
  try {
    await ensureDirectory(fs, directory);
    names = await fs.readdir(directory);
  } catch (cause) {
    const { words } = systemFailure(cause);
    log.error('state-directory-unusable', { directory, error: words });
  }
  for (const name of names.filter((name) => leftOverName.test(name))) {
    await removeTemporary(fs, log, join(directory, name));
  }
}

async function ensureDirectory(fs: StoreFs, directory: string): Promise<void> {
  try {
    await fs.mkdir(directory, { mode: directoryMode });
  } catch (cause) {
    if (systemFailure(cause).code === 'EEXIST') return;
    throw cause;
  }
  // The new directory must last as well, or the file in it does not.
  const parent = await openDirectory(fs, dirname(directory));
  await closeAfter(parent, () => flushDirectory(parent));
}

type Content =
  | { readonly t: 'read'; readonly bytes: Buffer; readonly overrides: Overrides }
  | { readonly t: 'absent' }
  | { readonly t: 'unreadable'; readonly why: string };

async function readContent({ fs, file }: Place): Promise<Content> {
  try {
    // Non-blocking, or a named pipe at the file's place would hold us for ever.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
    const handle = await fs.open(file, flags);
    return await closeAfter(handle, () => readFrom(handle));
  } catch (cause) {
    const { code, words } = systemFailure(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { t: 'absent' };
    return { t: 'unreadable', why: code === 'ELOOP' ? 'it is a symbolic link' : words };
  }
}

async function readFrom(handle: FileHandle): Promise<Content> {
  const stat = await handle.stat();
  if (!stat.isFile()) return { t: 'unreadable', why: 'it is not a regular file' };
  if (stat.size > overridesFileBytesMax) {
    return { t: 'unreadable', why: `its ${stat.size} bytes are more than ${overridesFileBytesMax}` };
  }
  const buffer = Buffer.alloc(stat.size);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  const bytes = buffer.subarray(0, length);
  const parsed = parseOverrides(bytes);
  return parsed.ok ? { t: 'read', bytes, overrides: parsed.value } : { t: 'unreadable', why: parsed.why };
}

/** Renames the file to a name that is free and says so, as an error; a file that has gone is no failure. */
async function moveAside(place: Place, why: string, wallMs: number): Promise<SystemFailure | undefined> {
  const { fs, log, file } = place;
  try {
    const aside = await freeAsideName(fs, file, wallMs);
    if (aside === undefined) return { code: 'EEXIST', words: 'every name for it is taken' };
    await fs.rename(file, aside);
    log.error('overrides-moved-aside', { file, movedTo: aside, error: `cannot be read: ${why}` });
    return undefined;
  } catch (cause) {
    const failure = systemFailure(cause);
    return failure.code === 'ENOENT' ? undefined : failure;
  }
}

/** A rename would replace what has the name, and on Linux it cannot be told not to: so look first. */
async function freeAsideName(fs: StoreFs, file: string, wallMs: number): Promise<string | undefined> {
  const base = `${file}.unreadable-${new Date(wallMs).toISOString().replaceAll(/[-:]/g, '')}`;
  for (let tries = 0; tries < asideNameTriesMax; tries += 1) {
    const name = tries === 0 ? base : `${base}-${tries}`;
    try {
      await fs.lstat(name);
    } catch (cause) {
      if (systemFailure(cause).code === 'ENOENT') return name;
      throw cause;
    }
  }
  return undefined;
}

/** Puts `bytes` in the file's place, durably, or leaves `before` there (null: no file) if it can. */
async function replaceContent(
  place: Place,
  bytes: Buffer,
  before: Buffer | null,
): Promise<SaveFailure | undefined> {
  if (bytes.length > overridesFileBytesMax) {
    const words = `${bytes.length} bytes are more than ${overridesFileBytesMax} (EFBIG)`;
    return { code: 'EFBIG', message: `cannot write ${place.file}: ${words}`, fileHolds: 'old' };
  }
  const failure = await writeDurably(place, bytes);
  if (failure === undefined) return undefined;
  const { code } = failure;
  const message = `cannot write ${place.file}: ${failure.words}`;
  if (!failure.renamed) return { code, message, fileHolds: 'old' };
  const stuck = before === null ? await removeDurably(place) : await writeDurably(place, before);
  if (stuck === undefined || stuck.renamed) {
    return { code, message: `${message}; the old content was put back`, fileHolds: 'old' };
  }
  const warning = 'until a save succeeds, a restart would read the new content';
  const detail = `the old content could not be put back: ${stuck.words}; ${warning}`;
  return { code, message: `${message}; ${detail}`, fileHolds: 'new' };
}

/** A failure, and whether the file's name had already been given its new meaning when it came. */
type WriteFailure = SystemFailure & { readonly renamed: boolean };

async function writeDurably(place: Place, bytes: Buffer): Promise<WriteFailure | undefined> {
  const { fs, log, directory, file } = place;
  const temporary = `${file}.tmp-${randomBytes(8).toString('hex')}`;
  const done = { created: false, renamed: false };
  try {
    await ensureDirectory(fs, directory);
    // Opened first: after the rename nothing is left to do that could fail for want of a descriptor.
    const parent = await openDirectory(fs, directory);
    await closeAfter(parent, async () => {
      const handle = await fs.open(temporary, 'wx', fileMode);
      done.created = true;
      await closeAfter(handle, async () => {
        await handle.writeFile(bytes);
        await handle.sync();
      });
      await fs.rename(temporary, file);
      done.renamed = true;
      await flushDirectory(parent);
    });
    return undefined;
  } catch (cause) {
    const failure = systemFailure(cause);
    if (done.created && !done.renamed) await removeTemporary(fs, log, temporary);
    return { ...failure, renamed: done.renamed };
  }
}

async function removeDurably({ fs, directory, file }: Place): Promise<WriteFailure | undefined> {
  let renamed = false;
  try {
    await fs.unlink(file);
    renamed = true;
    const parent = await openDirectory(fs, directory);
    await closeAfter(parent, () => flushDirectory(parent));
    return undefined;
  } catch (cause) {
    return { ...systemFailure(cause), renamed };
  }
}

async function removeTemporary(fs: StoreFs, log: StoreLog, temporary: string): Promise<void> {
  try {
    await fs.unlink(temporary);
  } catch (cause) {
    const { words } = systemFailure(cause);
    log.warn('temporary-file-left', { file: temporary, error: words });
  }
}

function openDirectory(fs: StoreFs, directory: string): Promise<FileHandle> {
  return fs.open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
}

async function flushDirectory(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } catch (cause) {
    // Some file systems cannot flush a directory and say so with this code; there is nothing better there.
    if (systemFailure(cause).code !== 'EINVAL') throw cause;
  }
}

async function closeAfter<T>(handle: FileHandle, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    await handle.close();
  }
}

function failed(code: string, message: string): SaveResult {
  return { ok: false, failure: { code, message, fileHolds: 'old' } };
}

function stuckWords(place: Place, why: string, failure: SystemFailure): string {
  return `${place.file} cannot be read (${why}) and cannot be moved aside: ${failure.words}`;
}

/** The system's error in words; throws what is none. */
function systemFailure(cause: unknown): SystemFailure {
  if (!(cause instanceof Error && 'code' in cause && 'errno' in cause)) throw cause;
  const { code, errno } = cause;
  if (typeof code !== 'string' || typeof errno !== 'number') throw cause;
  return { code, words: `${getSystemErrorMessage(errno)} (${code})` };
}
