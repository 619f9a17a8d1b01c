// maglevc's command line: reads argv, environment, signals and standard streams, and hands everything else
// on.
import { isatty } from 'node:tty';
import type { Api } from './api/api.ts';
import { wallMs } from './clock.ts';
import type { Command } from './commands/command.ts';
import { completeFlag } from './commands/completion.ts';
import { apiOptionsOf, createLazyApi, type Environment, isUsageError } from './connect.ts';
import { type Context, exitCodes, type Screen } from './context.ts';
import { type Flags, parseFlags } from './flags.ts';
import { createNameBook } from './names.ts';
import { perform } from './perform.ts';
import { type Dispatch, runWords } from './run.ts';
import { createScreen, hasUnicodeLocale } from './screen.ts';
import type { Expanded } from './shell/expand.ts';
import { cutLine, joinWords } from './shell/words.ts';
import { clientVersion } from './version.ts';

const { stdout, stderr } = process;

function screenOf(flags: Flags, environment: Environment, errorPrefix: string): Screen {
  const color = flags.color ?? (environment['NO_COLOR'] ? false : undefined);
  return createScreen({ stdout, stderr, color, hasUnicode: hasUnicodeLocale(environment), errorPrefix });
}

/** Loads clipanion only where a command is run. */
const dispatch: Dispatch = async (expanded, filters, context) => {
  if (expanded.command.kind === 'show' && expanded.command.isPrepared) await context.api.prepare?.();
  const { dispatchTo } = await import('./cli.ts');
  return dispatchTo(expanded, (command) => performOne(command, expanded, filters, context));
};

async function performOne(
  command: Command,
  expanded: Expanded<Command>,
  filters: Parameters<Dispatch>[1],
  context: Context,
): Promise<number> {
  return command.kind === 'quit' ? exitCodes.ok : perform(command, expanded, filters, context);
}

/** Calls `then` at any key while a one-shot command shows something that does not end by itself. */
function onAnyKey(then: () => void): () => void {
  const { stdin } = process;
  const pressed = () => then();
  stdin.setRawMode(true);
  stdin.on('data', pressed);
  return () => {
    stdin.removeListener('data', pressed);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

async function runOnce(flags: Flags, words: readonly string[], api: Api, screen: Screen): Promise<number> {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort();
    process.once('SIGINT', () => process.exit(exitCodes.interrupted));
  });
  const [only = ''] = words;
  // A whole line in one word, as other routers' shells take it.
  const isLine = words.length === 1 && /\s/.test(only);
  const typed = isLine ? { line: only, words: cutLine(only).words } : joinWords(words);
  const context: Context = {
    api,
    names: createNameBook(api, wallMs),
    screen,
    ...(flags.output && { output: flags.output }),
    ...(flags.watchSeconds !== undefined && { watchSeconds: flags.watchSeconds }),
    signal: controller.signal,
    ...(isatty(0) && stdout.isTTY && { onAnyKey }),
  };
  return runWords(typed.line, typed.words, context, dispatch);
}

async function main(argv: readonly string[], environment: Environment): Promise<number> {
  if (argv[0] === completeFlag) {
    const { printCompletions } = await import('./completions.ts');
    return printCompletions(argv.slice(1), environment, (text) => void stdout.write(text));
  }
  const parsed = parseFlags(argv);
  if ('refusal' in parsed) {
    screenOf({}, environment, 'maglevc: ').printError([parsed.refusal]);
    return exitCodes.usage;
  }
  const { flags, words } = parsed;
  const screen = screenOf(flags, environment, 'maglevc: ');
  if (flags.isVersion) {
    screen.print([`maglevc ${clientVersion()}`]);
    return exitCodes.ok;
  }
  if (flags.isHelp) {
    const { helpText } = await import('./cli.ts');
    screen.print([helpText(words).trimEnd()]);
    return exitCodes.ok;
  }
  let api: Api;
  try {
    api = createLazyApi(apiOptionsOf(flags, environment));
  } catch (error) {
    if (!isUsageError(error)) throw error;
    screen.printError([error.message]);
    return exitCodes.usage;
  }
  try {
    if (words.length > 0) return await runOnce(flags, words, api, screen);
    const { runShell } = await import('./shell.ts');
    return await runShell({ api, flags, environment, screenOf, dispatch, stdin: process.stdin, stdout });
  } finally {
    api.close();
  }
}

// A reader that goes away, as `| head` does, ends us without a word.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});
void main(process.argv.slice(2), process.env).then((code) => {
  process.exitCode = code;
});
