// node:fs/promises with a hook around every operation: the hook may end the process, fail the operation or
// take notes. The operations themselves are the real ones.

import type { FileHandle } from 'node:fs/promises';
import fsPromises from 'node:fs/promises';
import type { StoreFs } from '../../src/overrides/store.ts';

/** `during`: half of the data is written. */
export type Phase = 'before' | 'during' | 'after';

/** Called with the operation and what it works on, e.g. `sync directory`. What it throws, that throws. */
export type Hook = (operation: string, phase: Phase) => void;

export function hookFs(hook: Hook): StoreFs {
  const around = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
    hook(operation, 'before');
    const result = await run();
    hook(operation, 'after');
    return result;
  };
  const handleOf = (handle: FileHandle, what: string): FileHandle =>
    new Proxy(handle, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name === 'writeFile') {
          return (bytes: Buffer) => around(`write ${what}`, () => writeInHalves(target, bytes, what, hook));
        }
        return (...args: unknown[]) =>
          around(`${String(name)} ${what}`, () => Reflect.apply(value, target, args) as Promise<unknown>);
      },
    });
  const plain = (name: 'lstat' | 'mkdir' | 'readdir' | 'rename' | 'unlink') => {
    const run = fsPromises[name] as (...args: unknown[]) => Promise<unknown>;
    return (...args: unknown[]) => around(name, () => run(...args));
  };
  const open: StoreFs['open'] = async (path, flags, mode) => {
    const isDirectory = typeof flags === 'number' && (flags & fsPromises.constants.O_DIRECTORY) !== 0;
    const what = isDirectory ? 'directory' : 'file';
    const handle = await around(`open ${what}`, () => fsPromises.open(path, flags, mode));
    return handleOf(handle, what);
  };
  return {
    lstat: plain('lstat') as StoreFs['lstat'],
    mkdir: plain('mkdir') as StoreFs['mkdir'],
    readdir: plain('readdir') as StoreFs['readdir'],
    rename: plain('rename') as StoreFs['rename'],
    unlink: plain('unlink') as StoreFs['unlink'],
    open,
  };
}

async function writeInHalves(handle: FileHandle, bytes: Buffer, what: string, hook: Hook): Promise<void> {
  const half = Math.floor(bytes.length / 2);
  await handle.writeFile(bytes.subarray(0, half));
  hook(`write ${what}`, 'during');
  await handle.writeFile(bytes.subarray(half));
}

/** An error as the operating system's come. */
export function systemError(code: 'EIO' | 'EINVAL'): Error {
  const errno = code === 'EIO' ? -5 : -22;
  return Object.assign(new Error(`${code}: injected`), { code, errno });
}
