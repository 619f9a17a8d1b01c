// What TAB and `?` know: what can follow a line, and what the word at its end can become. Pure, like expand.
import { type Candidate, candidatesAfter, type NamesOf, type Refused, readWords } from './expand.ts';
import type { Declared, Grammar } from './grammar.ts';

export interface Completion {
  /** What the started word can become, in the order of the grammar; slots stand as `<weight>`. */
  readonly candidates: readonly Candidate[];
  /** What all words and names among them have in common; at least the started word, when there are any. */
  readonly common: string;
  /** Whether the line could end before the started word. */
  readonly canEnd: boolean;
}

/** Whether a candidate stands for something that has to be typed. */
export const isPlaceholder = ({ text }: Candidate): boolean => text.startsWith('<');

/**
 * @param words whole words in front
 * @param started the word that is being typed; empty at the beginning of one
 */
export function complete<D extends Declared>(
  words: readonly string[],
  started: string,
  grammar: Grammar<D>,
  namesOf: NamesOf,
): Completion | Refused {
  const readings = readWords(words, grammar, namesOf);
  if ('ok' in readings) return readings;
  const candidates = candidatesAfter(readings, grammar, namesOf).filter(
    (candidate) => isPlaceholder(candidate) || candidate.text.startsWith(started),
  );
  const texts = candidates.filter((candidate) => !isPlaceholder(candidate)).map(({ text }) => text);
  const canEnd = readings.some(({ place }) => place.rest.every(({ kind }) => kind === 'options'));
  return { candidates, common: commonStart(texts) ?? started, canEnd };
}

/** The longest common beginning; undefined of nothing. */
export function commonStart(texts: readonly string[]): string | undefined {
  const [first, ...others] = texts;
  if (first === undefined) return undefined;
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length -= 1;
  }
  return first.slice(0, length);
}
