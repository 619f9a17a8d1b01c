// Bytes to a terminal that may be slow: frames go out beside the main thread, one at a time. Shell. It must
// not know what a frame shows.
import { write, writeSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { quietMsMax } from './limits.ts';

export interface FrameWriter {
  isWriting(): boolean;
  /** Only while nothing is being written. */
  send(bytes: string): void;
  /** At once, blocking. */
  writeNow(bytes: string): void;
  /** Runs `fn` once no frame is on its way any more, or after a short while. */
  whenQuiet(fn: () => void): void;
}

const retryMs = 10;

export function createFrameWriter(clock: Clock, fd: number): FrameWriter {
  let busy = false;
  let onQuiet: (() => void) | undefined;

  function finish(): void {
    busy = false;
    const fn = onQuiet;
    onQuiet = undefined;
    fn?.();
  }
  /** In libuv's pool: a terminal that takes nothing must not hold up the thread that counts. */
  function sendBytes(bytes: Buffer): void {
    busy = true;
    write(fd, bytes, (error, written) => {
      const rest = bytes.subarray(error ? 0 : written);
      if (error?.code === 'EAGAIN') clock.setTimer(retryMs, () => sendBytes(rest));
      // EIO: the terminal is gone, and SIGHUP tells so.
      else if (error || rest.length === 0) finish();
      else sendBytes(rest);
    });
  }
  return {
    isWriting: () => busy,
    send: (bytes) => sendBytes(Buffer.from(bytes)),
    writeNow(bytes) {
      try {
        writeSync(fd, bytes);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Nobody is there to see it any more, or the link is full.
        if (code !== 'EIO' && code !== 'EAGAIN' && code !== 'EPIPE') throw error;
      }
    },
    whenQuiet(fn) {
      if (busy) {
        onQuiet = fn;
        clock.setTimer(quietMsMax, finish);
      } else fn();
    },
  };
}
