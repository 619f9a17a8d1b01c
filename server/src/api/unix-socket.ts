// The Unix socket of the API: who may connect, and what lies at its path already. It must not know what is
// spoken on it.
import { lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { unixSocketProbeMsMax } from '../lib/limits.ts';

/** Owner and group connect, nobody else: 0777 without these bits is 0660. */
const maskedMode = 0o117;

/**
 * Lets `server` listen at `path` with mode 0660. The socket that a dead daemon left is removed; one that
 * answers, or a file of another kind, is left alone. Rejects with a sentence that names flag, path and what
 * to do. Closing the server removes the socket.
 */
export async function listenOnUnixSocket(
  server: Server,
  path: string,
  flag: string,
  clock: Clock,
): Promise<void> {
  const refuse = (why: string) => new Error(`--${flag}: cannot listen on ${path}: ${why}`);
  const found = await lookAt(path, clock);
  if (found === 'other') throw refuse('there is a file that is no socket: remove it or name another path');
  if (found === 'alive') {
    throw refuse('another daemon answers there: stop it or name another path');
  }
  try {
    if (found === 'dead') unlinkSync(path);
    await listen(server, path);
  } catch (error) {
    throw refuse(reasonOf(error as NodeJS.ErrnoException));
  }
}

type Found = 'nothing' | 'other' | 'alive' | 'dead';

async function lookAt(path: string, clock: Clock): Promise<Found> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'nothing';
  if (!stat.isSocket()) return 'other';
  return (await answers(path, clock)) ? 'alive' : 'dead';
}

/** Only a refusal proves that nobody is there: who is too busy to accept, or forbids it to us, is alive. */
function answers(path: string, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const end = (isAlive: boolean) => {
      timer.cancel();
      socket.destroy();
      resolve(isAlive);
    };
    const timer = clock.setTimer(unixSocketProbeMsMax, () => end(true));
    socket.once('connect', () => end(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      end(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
  });
}

/** Node binds within the call: the mode is right from the first moment on, without a second step. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(maskedMode);
    try {
      server.listen({ path }, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** libuv says EACCES also where the directory is missing. */
function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EPERM') {
    return 'its directory is missing, or the daemon may not write to it: make it, or permit it';
  }
  return message;
}
