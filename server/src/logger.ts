// The daemon's log: pino's JSON lines on standard output, and the same lines as events for those who watch.
import { type DestinationStream, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './events/event.ts';
import type { EventLog } from './events/event-log.ts';
import { logBufferBytesMax } from './lib/limits.ts';
import type { Log, LogLine } from './lib/log.ts';

/** Where lines go, and how to have them out before the end. */
export interface LogDestination {
  readonly stream: DestinationStream;
  flush(): void;
}

/** Standard output that never blocks: when its reader hangs, lines beyond the bound are lost, not the probes. */
export function createStdout(): LogDestination {
  const stream = pino.destination({ dest: 1, sync: false, maxLength: logBufferBytesMax });
  return { stream, flush: () => stream.flushSync() };
}

/** The same lines for people, for the demo. Loaded on demand: a daemon in production never needs it. */
export async function createReadableStdout(): Promise<LogDestination> {
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({ translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true });
  return { stream, flush: () => undefined };
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
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}
