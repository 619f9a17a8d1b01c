// A typed line cut into words, each with its place: quotes and backslashes as in a shell, `|` between
// filters, `#` for a comment. Pure: it must not know the grammar.

export interface TypedWord {
  readonly text: string;
  /** Columns in the line, from 0; `end` is behind it. */
  readonly start: number;
  readonly end: number;
  /** A bar outside quotes. */
  readonly isBar: boolean;
}

export interface TypedLine {
  readonly words: readonly TypedWord[];
  /** The line ends inside a quote. */
  readonly isOpen: boolean;
  /** The line ends behind a space, or is empty: the next letter begins a new word. */
  readonly endsBetweenWords: boolean;
}

export function cutLine(line: string): TypedLine {
  const words: TypedWord[] = [];
  let text = '';
  let start = -1;
  let quote = '';
  const finish = (end: number) => {
    if (start >= 0) words.push({ text, start, end, isBar: false });
    text = '';
    start = -1;
  };
  let index = 0;
  for (; index < line.length; index += 1) {
    const letter = line[index] as string;
    if (quote !== '') {
      if (letter === quote) quote = '';
      else if (letter === '\\' && quote === '"' && /["\\]/.test(line[index + 1] ?? '')) text += line[++index];
      else text += letter;
      continue;
    }
    if (letter === '#' && start < 0) break;
    if (/\s/.test(letter)) {
      finish(index);
    } else if (letter === '|') {
      finish(index);
      words.push({ text: '|', start: index, end: index + 1, isBar: true });
    } else {
      if (start < 0) start = index;
      if (letter === '"' || letter === "'") quote = letter;
      // A backslash takes the meaning from what follows, except inside a regular expression's own escapes.
      else if (letter === '\\' && /["'\\|# ]/.test(line[index + 1] ?? '')) text += line[++index];
      else text += letter;
    }
  }
  const endsBetweenWords = start < 0 && quote === '';
  finish(index);
  return { words, isOpen: quote !== '', endsBetweenWords };
}

/** Words that came one by one, as a program gets them; places are those in the line that they make. */
export function joinWords(words: readonly string[]): { line: string; words: readonly TypedWord[] } {
  let line = '';
  const typed = words.map((text): TypedWord => {
    if (line !== '') line += ' ';
    const start = line.length;
    line += /^[^\s"'|#\\]+$/.test(text) || text === '|' ? text : JSON.stringify(text);
    return { text, start, end: line.length, isBar: text === '|' };
  });
  return { line, words: typed };
}

/** The words between bars: the command first, then its filters. */
export function splitAtBars(words: readonly TypedWord[]): readonly (readonly TypedWord[])[] {
  const runs: TypedWord[][] = [[]];
  for (const word of words) {
    if (word.isBar) runs.push([]);
    else runs.at(-1)?.push(word);
  }
  return runs;
}
