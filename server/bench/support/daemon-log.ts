// maglevd's log, read while it grows. It must not know what is looked for.
import type { Program } from './process-group.ts';

export interface LogLine {
  readonly atMs: number;
  readonly msg: string;
  readonly backend?: string;
  readonly from?: string;
  readonly to?: string;
  readonly weight?: number;
}

export interface DaemonLog {
  /** Lines that are whole by now and were not given before, those that are no JSON left out. */
  next(): readonly LogLine[];
}

export function followLog({ outputFrom }: Pick<Program, 'outputFrom'>): DaemonLog {
  let byte = 0;
  return {
    next() {
      const bytes = outputFrom(byte);
      const end = bytes.lastIndexOf(10) + 1;
      byte += end;
      const lines = bytes.toString('utf8', 0, end).split('\n');
      return lines.filter((line) => line.startsWith('{')).map(parseLine);
    },
  };
}

function parseLine(line: string): LogLine {
  const { time, ...rest } = JSON.parse(line) as Omit<LogLine, 'atMs'> & { readonly time: string };
  return { ...rest, atMs: Date.parse(time) };
}
