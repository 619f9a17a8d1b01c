// Collects what is wrong with a document and brings it into the document's order.
// It must not know any rule.
import { configErrorCountMax } from '../lib/limits.ts';
import type { ConfigProblem } from './config.ts';
import { escapeText, type Path, renderPath } from './path.ts';

/** A message, or a function that makes it: what nobody will read is not worked out. */
export type Message = string | ((lines: Lines) => string);

interface Found {
  readonly offset: number;
  readonly path: Path | undefined;
  readonly message: Message;
}

export interface Problems {
  /** How many were added. */
  count(): number;
  /** `offset` is a place in the text, in UTF-16 units. */
  add(path: Path | undefined, offset: number, message: Message): void;
  /** In document order, at most `configErrorCountMax`, then one that says how many more there are. */
  list(lines: Lines): readonly ConfigProblem[];
}

/** Finds the line and column of a place. */
export interface Lines {
  place(offset: number): { readonly line: number; readonly column: number };
}

/** Beyond this many the list is cut to what will be shown, so that it stays small whatever the file holds. */
const keptCountMax = 16 * configErrorCountMax;

export function createProblems(kind: ConfigProblem['kind']): Problems {
  let found: Found[] = [];
  let count = 0;
  const cut = () => {
    found.sort((a, b) => a.offset - b.offset);
    found = found.slice(0, configErrorCountMax);
  };
  return {
    count: () => count,
    add(path, offset, message) {
      count += 1;
      found.push({ offset, path, message });
      if (found.length >= keptCountMax) cut();
    },
    list(lines) {
      cut();
      const problems: ConfigProblem[] = found.map(({ offset, path, message }) => ({
        kind,
        path: renderPath(path),
        ...lines.place(offset),
        message: escapeText(typeof message === 'string' ? message : message(lines)),
      }));
      const more = count - found.length;
      return more === 0 ? problems : [...problems, fileProblem(kind, `${more} more not shown`)];
    },
  };
}

/** A problem of the file as a whole. */
export function fileProblem(kind: ConfigProblem['kind'], message: string): ConfigProblem {
  return { kind, path: '', line: 0, column: 0, message };
}

/** Lines and columns of a text, both from 1, columns in UTF-16 units as editors' protocols count them. */
export function createLines(text: string): Lines {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return {
    place(offset) {
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((starts[middle] ?? 0) <= offset) low = middle;
        else high = middle - 1;
      }
      return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
    },
  };
}
