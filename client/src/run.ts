// From typed words to a performed command: bars, names, refusals with their spot. One-shot and shell share
// it.
import { grammar } from './commands/all.ts';
import type { Command } from './commands/command.ts';
import { type Context, exitCodes } from './context.ts';
import { sanitize } from './format/sanitize.ts';
import { fail } from './perform.ts';
import { type Expanded, type Expansion, expand, type Refused } from './shell/expand.ts';
import { type Filter, parseFilter } from './shell/filters.ts';
import { describeRefusal } from './shell/refusal.ts';
import { splitAtBars, type TypedWord } from './shell/words.ts';

/** Runs an expanded command; gives the exit code. */
export type Dispatch = (
  expanded: Expanded<Command>,
  filters: readonly Filter[],
  context: Context,
) => Promise<number>;

export async function runWords(
  line: string,
  words: readonly TypedWord[],
  context: Context,
  dispatch: Dispatch,
): Promise<number> {
  const [commandWords = [], ...filterRuns] = splitAtBars(words);
  let expanded: Expansion<Command>;
  try {
    expanded = await expandLive(
      commandWords.map(({ text }) => text),
      context,
    );
  } catch (error) {
    return fail(error, context);
  }
  if (!expanded.ok) return refuse(expanded, line, commandWords, context);
  const { command } = expanded;
  const filters: Filter[] = [];
  for (const run of filterRuns) {
    const parsed = parseFilter(run.map(({ text }) => text));
    if (parsed.ok) {
      filters.push(parsed.filter);
      continue;
    }
    if ('refused' in parsed) return refuse(parsed.refused, line, placesOf(run, words), context);
    context.screen.printError([`the regular expression cannot be used: ${sanitize(parsed.badPattern)}`]);
    return exitCodes.usage;
  }
  const stray = strayOption(command, filters, context);
  if (stray !== undefined) {
    context.screen.printError([stray]);
    return exitCodes.usage;
  }
  return dispatch(expanded, filters, context);
}

/** An empty filter is missing behind its bar, not at the beginning of the line. */
function placesOf(run: readonly TypedWord[], words: readonly TypedWord[]): readonly TypedWord[] {
  return run.length > 0
    ? run
    : words.slice(-1).map((bar) => ({ ...bar, start: bar.end + 1, end: bar.end + 1 }));
}

function strayOption(
  command: Command,
  filters: readonly Filter[],
  { watchSeconds, output }: Context,
): string | undefined {
  if (watchSeconds !== undefined && command.kind !== 'show') return '--watch goes with show commands only';
  if (filters.length > 0 && (command.kind === 'local' || command.kind === 'quit')) {
    return 'filters go with commands that show something';
  }
  if (command.kind === 'stream' && output === 'yaml') return 'events come as json or table, not as yaml';
  return undefined;
}

function refuse(refused: Refused, line: string, words: readonly TypedWord[], { screen }: Context): number {
  screen.printError(describeRefusal(refused, line, words));
  // A name that the daemon does not know is its refusal, not a slip of grammar.
  return refused.missing === undefined ? exitCodes.usage : exitCodes.refused;
}

/** Expands with live names, which are fetched only for slots that the words reach. */
export async function expandLive(
  words: readonly string[],
  { names, signal }: Pick<Context, 'names' | 'signal'>,
): Promise<Expansion<Command>> {
  const live = names.open();
  for (;;) {
    const expanded = expand(words, grammar, live.namesOf);
    // What cannot be a command needs no names to be refused.
    if (!(await live.fetchMissing(signal))) return expanded;
  }
}
