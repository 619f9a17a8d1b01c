// The addon's part for the service manager, typed: one datagram. It must not know what the text says.
// Loaded by native.ts alone.
import { getSystemErrorMessage } from 'node:util';
import { assert } from './lib/assert.ts';

export type NotifyResult =
  | { readonly ok: true }
  /** `isFull`: the manager has not read what it was sent before. `message` is for people. */
  | { readonly ok: false; readonly isFull: boolean; readonly message: string };

/** What C exports for this. */
export interface NotifyBinding {
  /** 0, or a positive errno. */
  notifySend(path: string, text: string): number;
}

/** Longest path of a Unix socket, its closing zero not counted (Linux: sockaddr_un). */
const pathBytesMax = 107;
/** EAGAIN of every architecture of Linux that the project runs on. */
const wouldBlock = 11;

/** `socketPath` as $NOTIFY_SOCKET has it: absolute, or `@` for the abstract namespace. */
export function sendNotification(binding: NotifyBinding, socketPath: string, text: string): NotifyResult {
  assert(text !== '' && !text.includes('\0'), 'a notification is a text');
  const isNamed = /^[/@]./.test(socketPath) && Buffer.byteLength(socketPath) <= pathBytesMax;
  if (!isNamed) return { ok: false, isFull: false, message: `"${socketPath}" names no Unix socket` };
  const errno = binding.notifySend(socketPath, text);
  if (errno === 0) return { ok: true };
  return { ok: false, isFull: errno === wouldBlock, message: getSystemErrorMessage(-errno) };
}
