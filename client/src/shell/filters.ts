// What may stand behind a bar: `| include <regex>`, `| count`, `| json`. Pure; one filter works line by
// line, so that it serves streams too.
import { stripColour } from '../format/colour.ts';
import type { Line } from '../format/layout.ts';
import { type Expansion, expand, type NamesOf } from './expand.ts';
import { createGrammar, type Declared, type Grammar } from './grammar.ts';

interface FilterRow extends Declared {
  readonly filter: 'include' | 'exclude' | 'count' | 'json';
}
const rows: readonly FilterRow[] = [
  { filter: 'include', line: 'include <regexp>', help: 'only lines that match' },
  { filter: 'exclude', line: 'exclude <regexp>', help: 'only lines that do not match' },
  { filter: 'count', line: 'count', help: 'how many lines' },
  { filter: 'json', line: 'json', help: 'the answer as JSON, before other filters' },
];
export const filterGrammar: Grammar<FilterRow> = createGrammar(rows, {
  '<regexp>': 'a regular expression, in quotes if it has spaces or bars',
  include: 'only lines that match',
  exclude: 'only lines that do not match',
});

export const noNames: NamesOf = () => undefined;

export interface Filter {
  readonly kind: FilterRow['filter'];
  readonly pattern?: RegExp;
}

export type FilterResult =
  | { readonly ok: true; readonly filter: Filter }
  | { readonly ok: false; readonly refused: Exclude<Expansion<FilterRow>, { ok: true }> }
  | { readonly ok: false; readonly badPattern: string };

export function parseFilter(words: readonly string[]): FilterResult {
  const expanded = expand(words, filterGrammar, noNames);
  if (!expanded.ok) return { ok: false, refused: expanded };
  const kind = expanded.command.filter;
  const { regexp } = expanded.values;
  if (regexp === undefined) return { ok: true, filter: { kind } };
  try {
    return { ok: true, filter: { kind, pattern: new RegExp(regexp, 'u') } };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ok: false, badPattern: error.message };
  }
}

/** Lines through all filters; heads of tables stay, and are not counted. */
export function filterLines(lines: readonly Line[], filters: readonly Filter[]): readonly Line[] {
  return filters.reduce<readonly Line[]>((left, filter) => applyFilter(left, filter), lines);
}

function applyFilter(lines: readonly Line[], { kind, pattern }: Filter): readonly Line[] {
  switch (kind) {
    case 'count':
      return [{ text: String(lines.filter(({ isHead }) => !isHead).length), isHead: false }];
    case 'json':
      return lines;
    default:
      return lines.filter(({ text, isHead }) => {
        return isHead || pattern?.test(stripColour(text)) === (kind === 'include');
      });
  }
}
