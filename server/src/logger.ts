// The daemon's log: pino's JSON lines on standard output, and the same lines as events for those who watch.
// A reader of standard output that is slow or hangs must never hold up a probe, nor the end of the daemon.
import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type DestinationStream, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './events/event.ts';
import type { EventLog } from './events/event-log.ts';
import { logBufferBytesMax } from './lib/limits.ts';
import type { Log, LogLine } from './lib/log.ts';

const stdoutDescriptor = 1;

/** Where lines go. */
export interface LogDestination {
  readonly stream: DestinationStream;
  /** Resolves when all lines are out; never, if their reader hangs. */
  finish(): Promise<void>;
}

/**
 * Standard output. A pipe or socket (a service's journal) is written without blocking: what its reader does
 * not take waits in memory up to a bound, beyond which lines are lost and counted.
 */
export function createStdout(): LogDestination {
  const status = fstatSync(stdoutDescriptor);
  if (status.isFIFO() || status.isSocket()) {
    return createPipe(new Socket({ fd: stdoutDescriptor, readable: false, writable: true }));
  }
  return createFile();
}

/**
 * A file or terminal, written at once. What a full disk does not take waits in memory, up to the same bound,
 * for the next line to try again: the daemon's work goes on without a log.
 */
function createFile(): LogDestination {
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let lostCount = 0;
  const add = (text: string) => {
    const bytes = Buffer.from(text);
    waiting.push(bytes);
    waitingBytes += bytes.length;
  };
  const flush = () => {
    for (let bytes = waiting[0]; bytes !== undefined; bytes = waiting[0]) {
      const count = tryWrite(bytes);
      if (count === undefined) return;
      waitingBytes -= count;
      if (count < bytes.length) waiting[0] = bytes.subarray(count);
      else waiting.shift();
    }
  };
  return {
    stream: {
      write(line) {
        if (waitingBytes > 0) flush();
        if (waitingBytes > logBufferBytesMax) {
          lostCount++;
          return;
        }
        if (lostCount > 0) add(lostText(lostCount));
        lostCount = 0;
        add(line);
        flush();
      },
    },
    finish: async () => flush(),
  };
}

/** Bytes that were taken; undefined: none now, whatever the reason. There is no log to tell it. */
function tryWrite(bytes: Buffer): number | undefined {
  try {
    return writeSync(stdoutDescriptor, bytes);
  } catch {
    return undefined;
  }
}

function lostText(count: number): string {
  return `${JSON.stringify({ level: 'warn', msg: 'log-lines-lost', count })}\n`;
}

function createPipe(socket: Socket): LogDestination {
  let lostCount = 0;
  let isGone = false;
  // Its reader has left: the daemon's work goes on without a log.
  socket.on('error', () => {
    isGone = true;
  });
  return {
    stream: {
      write(line) {
        if (isGone) return;
        if (socket.writableLength > logBufferBytesMax) {
          lostCount++;
          return;
        }
        if (lostCount > 0) {
          socket.write(lostText(lostCount));
          lostCount = 0;
        }
        socket.write(line);
      },
    },
    finish() {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (isGone) resolve();
      else socket.end(() => resolve());
      socket.on('error', () => resolve());
      return promise;
    },
  };
}

/** The same lines for people, for the demo. Loaded on demand: a daemon in production never needs it. */
export async function createReadableStdout(): Promise<LogDestination> {
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({ translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true });
  return { stream, finish: async () => undefined };
}

/** Lines of `level` and above go to `destination` and, numbered, into `events`. */
export function createLog(level: LogLevel, destination: DestinationStream, events: EventLog): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const line = (lineLevel: LogLevel): LogLine => {
    if (!logger.isLevelEnabled(lineLevel)) return () => undefined;
    return (message, attributes = {}) => {
      logger[lineLevel](attributes, message);
      events.append({ kind: 'log', level: lineLevel, message, attributes });
    };
  };
  const isDebug = logger.isLevelEnabled('debug');
  return { isDebug, debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}
