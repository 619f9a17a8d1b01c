// What the operator's own shell asks at TAB: one candidate a line, `word<TAB>help`. Says nothing when the
// daemon is not there: a completion must not disturb the line that is being typed.

import { after, wallMs } from './clock.ts';
import { grammar } from './commands/all.ts';
import { apiOptionsOf, createLazyApi, type Environment, isUsageError } from './connect.ts';
import { exitCodes } from './context.ts';
import { type Flags, flagTable, outputs, parseFlags } from './flags.ts';
import { sanitize } from './format/sanitize.ts';
import { completionMsMax } from './limits.ts';
import { createNameBook } from './names.ts';
import { complete, isPlaceholder } from './shell/complete.ts';
import type { Candidate } from './shell/expand.ts';

/** @param words those in front of the cursor, the last one started (perhaps empty) */
export async function printCompletions(
  words: readonly string[],
  environment: Environment,
  write: (text: string) => void,
): Promise<number> {
  const started = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const candidates =
    flagCandidates(before.at(-1) ?? '', started) ?? (await wordCandidates(before, started, environment));
  const lines = candidates
    .filter((candidate) => !isPlaceholder(candidate))
    .map(({ text, help }) => `${sanitize(text)}\t${sanitize(help)}\n`);
  write(lines.join(''));
  return exitCodes.ok;
}

/** Names of flags and the few values that are ours to know; undefined: a word is being typed. */
function flagCandidates(previous: string, started: string): readonly Candidate[] | undefined {
  if (previous === '-o' || previous === '--output') {
    return outputs.filter((each) => each.startsWith(started)).map((text) => ({ text, help: '' }));
  }
  if (!started.startsWith('-')) return undefined;
  return flagTable
    .map(({ name, help }) => ({ text: `--${name}`, help }))
    .filter(({ text }) => text.startsWith(started));
}

async function wordCandidates(
  before: readonly string[],
  started: string,
  environment: Environment,
): Promise<readonly Candidate[]> {
  const parsed = parseFlags(before);
  if ('refusal' in parsed) return [];
  const names = openNames(parsed.flags, environment);
  const controller = new AbortController();
  const cancel = after(completionMsMax, () => controller.abort());
  try {
    for (;;) {
      const found = complete(parsed.words, started, grammar, names?.live.namesOf ?? (() => undefined));
      const isFetched = await names?.live.fetchMissing(controller.signal).catch(() => false);
      if (!isFetched) return 'ok' in found ? [] : found.candidates;
    }
  } finally {
    cancel();
    names?.close();
  }
}

/** Undefined where the flags do not lead anywhere. */
function openNames(flags: Flags, environment: Environment) {
  try {
    const api = createLazyApi(apiOptionsOf(flags, environment));
    return { live: createNameBook(api, wallMs).open(), close: () => api.close() };
  } catch (error) {
    if (isUsageError(error)) return undefined;
    throw error;
  }
}
