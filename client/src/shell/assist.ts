// What TAB and `?` answer for a typed line: words of the grammar and live names, behind bars the filters.

import { type Completion, complete, isPlaceholder } from './complete.ts';
import type { Candidate, NamesOf, Refused } from './expand.ts';
import { filterGrammar, noNames } from './filters.ts';
import type { Declared, Grammar } from './grammar.ts';
import { listCandidates } from './refusal.ts';
import { cutLine, splitAtBars } from './words.ts';

export interface Assist {
  readonly found: Completion | Refused;
  /** The letters of the started word as they stand at the end of the line. */
  readonly started: string;
  /** The started word is quoted or escaped: it cannot be completed in place. */
  readonly isQuoted: boolean;
  readonly isFilter: boolean;
}

export function assist<D extends Declared>(line: string, grammar: Grammar<D>, namesOf: NamesOf): Assist {
  const { words, isOpen, endsBetweenWords } = cutLine(line);
  const runs = splitAtBars(words);
  const run = runs.at(-1) ?? [];
  const last = endsBetweenWords ? undefined : run.at(-1);
  const whole = run.slice(0, run.length - (last === undefined ? 0 : 1)).map(({ text }) => text);
  const started = last?.text ?? '';
  const isFilter = runs.length > 1;
  const found = isFilter
    ? complete(whole, started, filterGrammar, noNames)
    : complete(whole, started, grammar, namesOf);
  const isQuoted = isOpen || (last !== undefined && line.slice(last.start, last.end) !== last.text);
  return { found, started, isQuoted, isFilter };
}

/** Lines of `?`: what can follow, with its help; `<cr>` where the line may end. */
export function helpLines({ found, started, isFilter }: Assist): readonly string[] {
  if ('ok' in found) {
    const names = found.candidates.map(({ text }) => text).slice(0, 8);
    const what = found.kind === 'ambiguous' ? 'is ambiguous' : 'is not known here';
    return [`  word ${found.index + 1} ${what}: ${names.join(', ')}`];
  }
  const mayEnd: readonly Candidate[] =
    found.canEnd && started === '' && !isFilter
      ? [
          { text: '<cr>', help: 'run it' },
          { text: '|', help: 'filter: include, exclude, count, json' },
        ]
      : [];
  const lines = listCandidates([...found.candidates, ...mayEnd]);
  return lines.length > 0 ? lines : [`  nothing begins with "${started}"`];
}

/** What readline is to insert, and the lines to list where that decides nothing. */
export function tabAnswer(help: Assist): { readonly insert?: string; readonly lines: readonly string[] } {
  const { found, started, isQuoted } = help;
  if ('ok' in found || isQuoted) return { lines: [] };
  const words = found.candidates.filter((candidate) => !isPlaceholder(candidate));
  const [only] = words;
  if (only !== undefined && words.length === 1 && found.candidates.length === 1) {
    return { insert: `${only.text} `, lines: [] };
  }
  if (words.length > 0 && found.common.length > started.length) return { insert: found.common, lines: [] };
  return { lines: listCandidates(found.candidates) };
}
