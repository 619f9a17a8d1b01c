// The only file that reads the auth file: once at the start, and again when it changes or SIGHUP says so. A
// file that cannot be used leaves the credentials that hold in force. It must not know who shows them.
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { getSystemErrorMessage } from 'node:util';
import type { Clock, Timer } from '../lib/clock.ts';
import { authFileBytesMax, authFilePollMs } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';
import { type AuthFault, type Credentials, parseCredentials } from './credentials.ts';

export interface AuthFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
}

export interface AuthFile {
  /** What holds now; another object after each reload that was taken over. */
  credentials(): Credentials;
  /** Reads the file again, changed or not. False: it cannot be used, which is logged, and nothing changed. */
  reload(): Promise<boolean>;
  /** Ends looking for changes. */
  stop(): Promise<void>;
}

type Reading =
  | { readonly ok: true; readonly credentials: Credentials; readonly seen: string; readonly mode: number }
  | {
      readonly ok: false;
      readonly faults: readonly AuthFault[];
      readonly why?: string;
      readonly seen: string;
    };

/**
 * Reads the file and begins to watch it. Rejects, with all faults in one message, when it cannot be used: a
 * daemon that starts without the credentials it was told to take would refuse its operators.
 */
export async function openAuthFile(options: AuthFileOptions): Promise<AuthFile> {
  const { path, clock, log } = options;
  const first = await readAuthFile(path);
  if (!first.ok) throw new Error(['--auth-file:', ...describeFaults(path, first)].join('\n  '));
  warnOfMode(path, first.mode, log);
  let { credentials, seen } = first;
  let timer: Timer | undefined;
  let isStopped = false;
  let queue: Promise<unknown> = Promise.resolve();

  async function load(): Promise<boolean> {
    const reading = await readAuthFile(path);
    seen = reading.seen;
    if (!reading.ok) {
      for (const why of describeFaults(path, reading)) log.error('auth-file-refused', { why });
      return false;
    }
    credentials = reading.credentials;
    const { passwords, tokens, certificates } = credentials;
    log.info('auth-file-loaded', {
      passwords: passwords.size,
      tokens: tokens.size,
      certificates: certificates.size,
    });
    warnOfMode(path, reading.mode, log);
    return true;
  }

  async function poll(): Promise<void> {
    if ((await lookAt(path)) !== seen && !isStopped) await load();
    if (!isStopped) schedule();
  }

  function enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    // Whoever asked hears of a failure; the line goes on.
    queue = result.catch(() => undefined);
    return result;
  }

  function schedule(): void {
    timer = clock.setTimer(authFilePollMs, () => void enqueue(poll));
  }

  schedule();
  return {
    credentials: () => credentials,
    reload: () => enqueue(load),
    async stop() {
      isStopped = true;
      timer?.cancel();
      await queue;
    },
  };
}

/** Messages of the faults, the file and line in front. */
function describeFaults(path: string, { faults, why }: Extract<Reading, { ok: false }>): string[] {
  if (why !== undefined) return [`${path}: ${why}`];
  return faults.map(({ line, message }) => `${path}:${line}: ${message}`);
}

const otherMayRead = 0o004;
const othersMayWrite = 0o022;

function warnOfMode(path: string, mode: number, log: Pick<Log, 'warn'>): void {
  if ((mode & othersMayWrite) !== 0) {
    log.warn('auth-file-open', { why: `${path} can be written by others: chmod 640 ${path}` });
  } else if ((mode & otherMayRead) !== 0) {
    log.warn('auth-file-open', { why: `${path} can be read by everybody: chmod 640 ${path}` });
  }
}

/** What changes with the file, as far as its status tells. */
const describeStatus = ({ mtimeNs, ctimeNs, size, ino }: BigIntStats) =>
  `${mtimeNs} ${ctimeNs} ${size} ${ino}`;

async function lookAt(path: string): Promise<string> {
  try {
    return describeStatus(await stat(path, { bigint: true }));
  } catch (error) {
    return systemCode(error);
  }
}

async function readAuthFile(path: string): Promise<Reading> {
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK opening a pipe that nobody writes to would wait for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await handle.stat({ bigint: true });
    const seen = describeStatus(status);
    if (!status.isFile()) return { ok: false, faults: [], why: 'is not a regular file', seen };
    const bytes = await readAll(handle);
    if (bytes === undefined) {
      return { ok: false, faults: [], why: `is longer than ${authFileBytesMax} bytes`, seen };
    }
    const result = parseCredentials(bytes.toString('utf8'));
    return result.ok ? { ...result, seen, mode: Number(status.mode) } : { ...result, seen };
  } catch (error) {
    const code = systemCode(error);
    const { errno = 0 } = error as NodeJS.ErrnoException;
    return {
      ok: false,
      faults: [],
      why: `cannot be read: ${getSystemErrorMessage(errno)} (${code})`,
      seen: code,
    };
  } finally {
    await handle?.close();
  }
}

/** The size in the file's status is not trusted: the file may be growing. Undefined: too long. */
async function readAll(handle: FileHandle): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(authFileBytesMax + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
  }
  return undefined;
}

/** The system's name of an error, e.g. `ENOENT`; throws what is none. */
function systemCode(error: unknown): string {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || code === undefined || typeof errno !== 'number') throw error;
  return code;
}
