// The terminal: raw keys in, frames out, and back to what it was after any end of this process. Shell. It
// must not know what is shown.
import type { ReadStream, WriteStream } from 'node:tty';
import type { Clock } from './clock.ts';
import { createFrameWriter } from './frame-writer.ts';
import { enterScreen, frameBytes, leaveScreen } from './frames.ts';
import { type Key, readKeys } from './keys.ts';
import * as limits from './limits.ts';
import { startGuard } from './terminal-guard.ts';

export interface TerminalDeps {
  readonly clock: Clock;
  readonly input: ReadStream;
  readonly output: WriteStream & { readonly fd: number };
  readonly onKey: (key: Key) => void;
  readonly onResize: (columns: number, rows: number) => void;
}

export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** Shows these lines; while an earlier frame is still on its way (a slow link), nothing. */
  draw(lines: readonly string[]): void;
  /** The next frame is drawn whole. */
  forget(): void;
  /** The terminal as it was, at once; a second call does nothing. */
  restore(): void;
  /** After `restore`: takes it again. */
  enter(): void;
  /** Runs `fn` once no frame is on its way any more, lest it come after what was restored; or soon. */
  whenQuiet(fn: () => void): void;
}

const bounded = (value: number | undefined, min: number, max: number, initial: number) =>
  Math.min(max, Math.max(min, value === undefined || value === 0 ? initial : value));

export function openTerminal({ clock, input, output, onKey, onResize }: TerminalDeps): Terminal {
  const endGuard = startGuard();
  let shown: readonly string[] | undefined;
  const writer = createFrameWriter(clock, output.fd);
  let isEntered = false;
  let typed = '';
  const size = () => ({
    columns: bounded(output.columns, limits.columnsMin, limits.columnsMax, 80),
    rows: bounded(output.rows, limits.rowsMin, limits.rowsMax, 24),
  });

  const terminal: Terminal = {
    get columns() {
      return size().columns;
    },
    get rows() {
      return size().rows;
    },
    draw(lines) {
      if (!isEntered || writer.isWriting()) return;
      const bytes = frameBytes(shown, lines);
      shown = lines;
      if (bytes !== '') writer.send(bytes);
    },
    forget() {
      shown = undefined;
    },
    restore() {
      if (!isEntered) return;
      isEntered = false;
      if (!input.destroyed) input.setRawMode(false);
      writer.writeNow(leaveScreen);
    },
    enter() {
      if (isEntered) return;
      isEntered = true;
      shown = undefined;
      input.setRawMode(true);
      writer.writeNow(enterScreen);
    },
    whenQuiet: (fn) => writer.whenQuiet(fn),
  };
  // 'exit' comes after a crash as well; the guard has what does not get that far.
  process.on('exit', () => {
    terminal.restore();
    endGuard();
  });
  input.setEncoding('utf8');
  input.on('data', (text: Buffer | string) => {
    const { keys, rest } = readKeys(typed + String(text));
    typed = rest;
    for (const key of keys) onKey(key);
  });
  output.on('resize', () => {
    shown = undefined;
    const { columns, rows } = size();
    onResize(columns, rows);
  });
  terminal.enter();
  return terminal;
}
