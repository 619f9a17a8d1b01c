// Without a command: the shell at a terminal, or the lines of a script from a pipe. Wires the parts together.
import { createInterface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Api } from './api/api.ts';
import { after, wallMs } from './clock.ts';
import { grammar } from './commands/all.ts';
import type { Environment } from './connect.ts';
import { type Context, exitCodes, type Screen } from './context.ts';
import { type Flags, parseFlags, strayFlag } from './flags.ts';
import { sanitize } from './format/sanitize.ts';
import { completionMsMax } from './limits.ts';
import { createNameBook, type NameBook } from './names.ts';
import { type Dispatch, runWords } from './run.ts';
import { type Assist, assist } from './shell/assist.ts';
import { appendHistory, historyPath, readHistory } from './shell/history.ts';
import { runRepl } from './shell/repl.ts';
import { cutLine, type TypedWord } from './shell/words.ts';

export interface ShellOptions {
  readonly api: Api;
  /** Those of the program: a line may have its own. */
  readonly flags: Flags;
  readonly environment: Environment;
  readonly screenOf: (flags: Flags, environment: Environment, errorPrefix: string) => Screen;
  readonly dispatch: Dispatch;
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
}

interface Answer {
  readonly code: number;
  readonly isQuit: boolean;
}

/** The exit code: 0 at a terminal, of a script the first failure's. */
export async function runShell(options: ShellOptions): Promise<number> {
  const names = createNameBook(options.api, wallMs);
  return options.stdin.isTTY ? runTerminal(options, names) : runScript(options, names);
}

async function runTerminal(options: ShellOptions, names: NameBook): Promise<number> {
  const { api, flags, environment, stdin, stdout } = options;
  const screen = options.screenOf(flags, environment, '');
  const book = openHistory(environment, screen);
  void warmUp(names);
  await runRepl({
    terminal: stdin,
    output: stdout,
    prompt: `${sanitize(api.server)}> `,
    history: book.lines,
    remember: book.remember,
    assist: (line) => assistLive(line, names),
    async run(line, signal, { onAnyKey }) {
      return (await runLine(line, { ...options, names, signal, onAnyKey, errorPrefix: '' })).isQuit;
    },
  });
  return exitCodes.ok;
}

/** The first TAB need not wait for gRPC to be loaded and the daemon to be reached. */
async function warmUp(names: NameBook): Promise<void> {
  const live = names.open();
  live.namesOf('backend', {});
  // A daemon that is not there is told of when it is asked for something.
  await live.fetchMissing().catch(() => false);
}

async function runScript(options: ShellOptions, names: NameBook): Promise<number> {
  const { signal } = new AbortController();
  let first: number = exitCodes.ok;
  for await (const line of createInterface({ input: options.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    const { code, isQuit } = await runLine(line, { ...options, names, signal, errorPrefix: 'maglevc: ' });
    if (first === exitCodes.ok) first = code;
    if (isQuit || code === exitCodes.unreachable) break;
  }
  return first;
}

interface LineOptions extends ShellOptions {
  readonly names: NameBook;
  readonly signal: AbortSignal;
  readonly onAnyKey?: Context['onAnyKey'];
  readonly errorPrefix: string;
}

async function runLine(line: string, options: LineOptions): Promise<Answer> {
  const { api, names, signal, environment, errorPrefix, dispatch, onAnyKey } = options;
  const refuse = (message: string): Answer => {
    options.screenOf(options.flags, environment, errorPrefix).printError([message]);
    return { code: exitCodes.usage, isQuit: false };
  };
  const typed = cutLine(line);
  if (typed.isOpen) return refuse('a quote is not closed');
  const taken = takeFlags(typed.words);
  if ('refusal' in taken) return refuse(taken.refusal);
  const flags = { ...options.flags, ...taken.flags };
  const screen = options.screenOf(flags, environment, errorPrefix);
  if (taken.words.length === 0) return { code: exitCodes.ok, isQuit: false };
  if (taken.flags.isHelp) {
    const { helpText } = await import('./cli.ts');
    screen.print([helpText(taken.words.map(({ text }) => text)).trimEnd()]);
    return { code: exitCodes.ok, isQuit: false };
  }
  const { output } = flags;
  const { watchSeconds } = taken.flags;
  const context: Context = {
    api,
    names,
    screen,
    signal,
    ...(output && { output }),
    ...(watchSeconds !== undefined && { watchSeconds }),
    ...(onAnyKey && { onAnyKey }),
  };
  let isQuit = false;
  const code = await runWords(line, taken.words, context, (expanded, filters, its) => {
    isQuit = expanded.command.kind === 'quit';
    return dispatch(expanded, filters, its);
  });
  return { code, isQuit };
}

/** The flags of a line, and its words without them, each with its place. */
function takeFlags(
  words: readonly TypedWord[],
): { readonly flags: Flags; readonly words: readonly TypedWord[] } | { readonly refusal: string } {
  // What stands behind a bar is a filter's: a regular expression may begin with a dash.
  const bar = words.findIndex(({ isBar }) => isBar);
  const [own, rest] = bar < 0 ? [words, []] : [words.slice(0, bar), words.slice(bar)];
  const parsed = parseFlags(own.map(({ text }) => text));
  if ('refusal' in parsed) return parsed;
  const stray = strayFlag(parsed.flags);
  if (stray !== undefined) return { refusal: 'this flag goes with the start of maglevc, not with a line' };
  // Flags only leave words out: those that are left stand in their order.
  let next = 0;
  const kept = parsed.words.map((text) => {
    while (own[next]?.text !== text) next += 1;
    return own[next++] as TypedWord;
  });
  return { flags: parsed.flags, words: [...kept, ...rest] };
}

/** With live names, if the daemon gives them in time; without them otherwise. */
async function assistLive(line: string, names: NameBook): Promise<Assist> {
  const live = names.open();
  const controller = new AbortController();
  const cancel = after(completionMsMax, () => controller.abort());
  try {
    for (;;) {
      const found = assist(line, grammar, live.namesOf);
      const fetched = await live.fetchMissing(controller.signal).catch(() => false);
      if (!fetched) return found;
    }
  } finally {
    cancel();
  }
}

/** The history of earlier sessions. Where it cannot be kept, that is said once. */
function openHistory(environment: Environment, screen: Screen) {
  let path = historyPath(environment);
  const guard = <T>(work: (path: string) => T, otherwise: T): T => {
    if (path === undefined) return otherwise;
    try {
      return work(path);
    } catch (error) {
      screen.printError([`history is not kept in ${path}: ${(error as Error).message}`]);
      path = undefined;
      return otherwise;
    }
  };
  return {
    lines: guard(readHistory, []),
    remember: (line: string) => guard((file) => appendHistory(file, line), undefined),
  };
}
