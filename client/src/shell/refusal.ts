// A refused line told to people: the fact, the spot, and what could have stood there. Pure.
import { sanitize } from '../format/sanitize.ts';
import { widthOf } from '../format/width.ts';
import { candidatesShownMax } from '../limits.ts';
import { isPlaceholder } from './complete.ts';
import type { Candidate, Refused } from './expand.ts';
import { nearest } from './near.ts';
import type { TypedWord } from './words.ts';

/**
 * The message first, then the line with a mark under the spot, then the candidates with their help.
 * @param words those that were expanded, with their places in `line`
 */
export function describeRefusal(
  refused: Refused,
  line: string,
  words: readonly TypedWord[],
): readonly string[] {
  const { index, candidates } = refused;
  const word = words[index];
  const last = words.at(-1);
  const column = word?.start ?? (last === undefined ? 0 : last.end + 1);
  const before = sanitize(line.slice(0, column).padEnd(column));
  const mark = `  ${' '.repeat(widthOf(before))}${'^'.repeat(Math.max(1, widthOf(word?.text ?? '')))}`;
  return [messageOf(refused, word?.text ?? ''), `  ${sanitize(line)}`, mark, ...listCandidates(candidates)];
}

const nouns = {
  backend: 'backend',
  frontend: 'frontend',
  pool: 'pool',
  healthcheck: 'health check',
} as const;

function messageOf({ kind, candidates, missing }: Refused, word: string): string {
  const texts = candidates.map(({ text }) => text);
  const shown = sanitize(word);
  if (missing !== undefined) {
    const near = nearest(word, texts);
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    return `${nouns[missing]} ${shown}: no such ${nouns[missing]}${hint}`;
  }
  switch (kind) {
    case 'ambiguous':
      return `"${shown}" is ambiguous: ${namesText(texts)}`;
    case 'incomplete':
      return `the command is not complete: ${namesText(texts)} can follow`;
    case 'unknown': {
      const near = nearest(word, texts);
      if (near !== undefined) return `"${shown}" is not known here (did you mean ${near}?)`;
      if (texts.length === 0) return `"${shown}" is too much: the command ends before it`;
      if (candidates.some(isPlaceholder))
        return `"${shown}" does not fit here: ${namesText(helps(candidates))}`;
      return `"${shown}" is not known here: ${namesText(texts)}`;
    }
  }
}

const helps = (candidates: readonly Candidate[]) =>
  candidates.map((candidate) => (isPlaceholder(candidate) ? candidate.help : candidate.text));

const namesShownMax = 8;

function namesText(texts: readonly string[]): string {
  const more = texts.length - namesShownMax;
  return `${texts.slice(0, namesShownMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** One line each: the word and its help, aligned. */
export function listCandidates(candidates: readonly Candidate[]): readonly string[] {
  const shown = candidates.slice(0, candidatesShownMax);
  const width = Math.max(0, ...shown.map(({ text }) => text.length));
  const lines = shown.map(({ text, help }) => `  ${text.padEnd(width)}  ${sanitize(help)}`.trimEnd());
  const more = candidates.length - shown.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}
