// The shell: readline for editing and history, our grammar for TAB and `?`, one line at a time. It must not
// know what commands do.
import { createInterface, type Interface, type Key } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { after } from '../clock.ts';
import { sanitize } from '../format/sanitize.ts';
import { historyLinesMax } from '../limits.ts';
import { type Assist, helpLines, tabAnswer } from './assist.ts';
import { createKeyboard, type Keyboard } from './keyboard.ts';
import { cutLine } from './words.ts';

export interface ReplOptions {
  readonly terminal: Readable;
  readonly output: Writable;
  readonly prompt: string;
  readonly history: readonly string[];
  /** Keeps a line; never rejects. */
  readonly remember: (line: string) => void;
  /** Runs a line to its end; true: leave. `signal` is aborted by Ctrl-C. */
  readonly run: (line: string, signal: AbortSignal, keyboard: Pick<Keyboard, 'onAnyKey'>) => Promise<boolean>;
  /** What is known for the line up to the cursor. Never rejects. */
  readonly assist: (line: string) => Promise<Assist>;
}

/** Until Ctrl-D, quit, or the end of input. */
export async function runRepl(options: ReplOptions): Promise<void> {
  const { output } = options;
  const keyboard = createKeyboard(options.terminal);
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>();
  const completer = (line: string, done: (error: null, result: [string[], string]) => void) => {
    const answer = async () => {
      const help = await undisturbed(keyboard, () => options.assist(line));
      const { insert, lines } = tabAnswer(help);
      if (lines.length > 0) list(shell, output, lines);
      done(null, [insert === undefined ? [] : [insert], help.started]);
    };
    answer().catch(fail);
  };
  const shell = createInterface({
    input: keyboard.input,
    output,
    completer,
    prompt: options.prompt,
    terminal: true,
    history: options.history.toReversed(),
    historySize: historyLinesMax,
    removeHistoryDuplicates: true,
    tabSize: 8,
  });
  const obey = async (line: string) => {
    if (line.trim() !== '') {
      options.remember(line);
      const controller = new AbortController();
      keyboard.hold(() => controller.abort());
      if (await options.run(line, controller.signal, keyboard)) return shell.close();
    }
    shell.prompt();
    keyboard.release();
  };
  shell.on('line', (line) => void obey(line).catch(fail));
  shell.on('SIGINT', () => {
    // To its end, and all in front of it away: nothing is left of the line.
    shell.write(null, { ctrl: true, name: 'e' });
    shell.write(null, { ctrl: true, name: 'u' });
  });
  keyboard.input.on('keypress', (_text: string | undefined, key: Key) => {
    if (key.sequence === '?') void explain(shell, keyboard, options).catch(fail);
  });
  shell.once('close', () => end());
  shell.prompt();
  try {
    await ended;
  } finally {
    keyboard.close();
    shell.close();
    output.write('\n');
  }
}

/** Takes the `?` back out of the line and lists what can follow, unless it is quoted. */
async function explain(shell: Interface, keyboard: Keyboard, options: ReplOptions): Promise<void> {
  const before = shell.line.slice(0, shell.cursor);
  if (!before.endsWith('?') || cutLine(before.slice(0, -1)).isOpen) return;
  shell.write(null, { name: 'backspace' });
  const help = await undisturbed(keyboard, () => options.assist(before.slice(0, -1)));
  list(shell, options.output, helpLines(help));
}

/** What is typed meanwhile waits: the answer belongs to the line as it was. */
async function undisturbed<T>(keyboard: Keyboard, work: () => Promise<T>): Promise<T> {
  keyboard.hold(() => undefined);
  try {
    return await work();
  } finally {
    // Behind the answer, which is written when this promise has settled.
    after(0, () => keyboard.release());
  }
}

/** Lines below the one that is being typed, which then stands there again. */
function list(shell: Interface, output: Writable, lines: readonly string[]): void {
  output.write(`\r\n${lines.map(sanitize).join('\r\n')}\r\n`);
  shell.prompt(true);
}
