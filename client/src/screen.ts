// Standard output and error as a Screen. It must not know what is written there.
import type { WriteStream } from 'node:tty';
import type { Screen } from './context.ts';
import { paint } from './format/colour.ts';
import { columnsDefault, columnsMin } from './limits.ts';

export interface ScreenOptions {
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  /** Undefined: colour on a terminal. */
  readonly color: boolean | undefined;
  readonly hasUnicode: boolean;
  /** In front of errors; in the shell nothing. */
  readonly errorPrefix: string;
}

export function createScreen({ stdout, stderr, color, hasUnicode, errorPrefix }: ScreenOptions): Screen {
  const isTerminal = stdout.isTTY === true;
  const isColoured = color ?? isTerminal;
  const areErrorsColoured = color ?? stderr.isTTY === true;
  return {
    print(lines) {
      if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`);
    },
    printError([first = '', ...rest]) {
      stderr.write([paint(`${errorPrefix}${first}`, 'bad', areErrorsColoured), ...rest, ''].join('\n'));
    },
    write: (text) => void stdout.write(text),
    size() {
      if (!isTerminal) return { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };
      return { columns: Math.max(columnsMin, stdout.columns || columnsDefault), rows: stdout.rows || 24 };
    },
    isTerminal,
    isColoured,
    hasUnicode,
  };
}

/** The locale says whether letters beyond ASCII can be shown; a terminal without one gets ASCII. */
export function hasUnicodeLocale(environment: Readonly<Record<string, string | undefined>>): boolean {
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  return /utf-?8/i.test(locale);
}
