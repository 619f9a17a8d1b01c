// What running a line needs of its surroundings. Types only: terminals, daemons and tests fill it.
import type { Api } from './api/api.ts';
import type { Output } from './flags.ts';
import type { NameBook } from './names.ts';

export interface Screen {
  /** Whole lines; the line end is added. */
  print(lines: readonly string[]): void;
  printError(lines: readonly string[]): void;
  /** As it is, without a line end; for redrawing. */
  write(text: string): void;
  /** Columns and rows of the terminal now; Infinity where output is none. */
  size(): { readonly columns: number; readonly rows: number };
  readonly isTerminal: boolean;
  readonly isColoured: boolean;
  readonly hasUnicode: boolean;
}

export interface Context {
  readonly api: Api;
  readonly names: NameBook;
  readonly screen: Screen;
  /** Absent: the command's own default. */
  readonly output?: Output;
  readonly watchSeconds?: number;
  /** Aborted by Ctrl-C: what runs ends. */
  readonly signal: AbortSignal;
  /** Calls `then` at any key, until the answer is called. Absent: there is no keyboard. */
  readonly onAnyKey?: (then: () => void) => () => void;
}

/** Exit codes of the specification. */
export const exitCodes = { ok: 0, refused: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;
