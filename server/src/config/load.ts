// The only file that reads files: maglev.yaml, and the certificates it names. It must not know their content.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { caFileBytesMax, configFileBytesMax } from '../lib/limits.ts';
import { readCertificates } from './ca-file.ts';
import type { ConfigResult } from './config.ts';
import { parseConfigBytes, refuse } from './parse.ts';
import type { CaFileResult } from './readers.ts';

/**
 * Reads and checks the configuration in `path`. A file that cannot be read is a structural error of the
 * result. Synchronous: a thousand backends take about 100 ms.
 */
export function loadConfig(path: string): ConfigResult {
  const file = readFile(path, configFileBytesMax);
  return file.ok ? parseConfigBytes(file.bytes, { readCaFile: loadCaFile }) : refuse(file.reason);
}

function loadCaFile(path: string): CaFileResult {
  const file = readFile(path, caFileBytesMax);
  return file.ok ? readCertificates(new TextDecoder('latin1').decode(file.bytes)) : file;
}

type FileResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string };

/** `reason` is the end of a sentence: "… is a directory". */
function readFile(path: string, bytesMax: number): FileResult {
  let descriptor: number;
  try {
    // Without O_NONBLOCK opening a pipe that nobody writes to would wait for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { ok: false, reason: describe(error) };
  }
  try {
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) return { ok: false, reason: 'is a directory' };
    if (!stat.isFile()) return { ok: false, reason: 'is not a regular file' };
    return readAll(descriptor, bytesMax);
  } catch (error) {
    return { ok: false, reason: describe(error) };
  } finally {
    closeSync(descriptor);
  }
}

/** The size in the file's status is not trusted: the file may be growing, or lie in /proc. */
function readAll(descriptor: number, bytesMax: number): FileResult {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const chunk = new Uint8Array(64 * 1024);
    const count = readSync(descriptor, chunk, 0, chunk.length, null);
    if (count === 0) return { ok: true, bytes: Buffer.concat(chunks, length) };
    length += count;
    if (length > bytesMax) return { ok: false, reason: `is longer than ${bytesMax} bytes` };
    chunks.push(chunk.subarray(0, count));
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a directory',
  ELOOP: 'too many symbolic links',
};

function describe(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || !(error instanceof Error)) throw error;
  return `cannot be read: ${reasons[code] ?? code}`;
}
