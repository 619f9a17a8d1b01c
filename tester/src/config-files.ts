// Reads the maglev.yaml files. The only file that touches them; what is in them is judged elsewhere.
import { readFileSync, statSync } from 'node:fs';
import { parseConfigBytes } from '@vpp-maglev/server/config';
import type { Config } from './config-types.ts';
import { configFileBytesMax } from './limits.ts';

export type ConfigFiles =
  | { readonly ok: true; readonly configs: readonly Config[] }
  /** Whole lines, `place: message`, of all files. */
  | { readonly ok: false; readonly lines: readonly string[] };

/** All of the files, or all that is wrong with any of them. Warnings are for maglevd to give. */
export function readConfigFiles(paths: readonly string[]): ConfigFiles {
  const configs: Config[] = [];
  const lines: string[] = [];
  for (const path of paths) {
    const bytes = readBytes(path);
    if (typeof bytes === 'string') {
      lines.push(`${path}: ${bytes}`);
      continue;
    }
    const result = parseConfigBytes(bytes);
    if (result.ok) configs.push(result.config);
    else {
      for (const { line, column, path: place, message } of result.errors) {
        const where = line > 0 ? `${path}:${line}:${column}` : path;
        lines.push(`${where}: ${place === '' ? '' : `${place}: `}${message}`);
      }
    }
  }
  return lines.length === 0 ? { ok: true, configs } : { ok: false, lines };
}

const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such file (name yours with --config)',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a directory, not a file',
};

/** Text: why it cannot be read. */
function readBytes(path: string): Uint8Array | string {
  try {
    if (statSync(path).size > configFileBytesMax) return `is longer than ${configFileBytesMax} bytes`;
    return readFileSync(path);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return words[code] ?? message;
  }
}
