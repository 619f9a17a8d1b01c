// Columns that text takes on a terminal, and text cut to fit. Pure. The rule is string-width's, which is held
// against this in the tests and not used here: to load it takes as long as Node itself.

// East Asian wide and fullwidth letters, and what is shown as a picture without being asked to.
const cjk = /[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff]/u;
const fullwidth =
  /[\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const isWide = (letter: string) => cjk.test(letter) || fullwidth.test(letter);
const empty = /[\p{M}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const letter of text) columns += empty.test(letter) ? 0 : isWide(letter) ? 2 : 1;
  return columns;
}

export function pad(text: string, columns: number, align: 'left' | 'right'): string {
  const gap = ' '.repeat(Math.max(0, columns - widthOf(text)));
  return align === 'left' ? text + gap : gap + text;
}

/** At most `columns` wide; `middle` keeps beginning and end, for names that differ there. */
export function cut(text: string, columns: number, how: 'middle' | 'end', ellipsis: string): string {
  if (widthOf(text) <= columns) return text;
  const room = columns - ellipsis.length;
  if (room <= 0) return ellipsis.slice(0, Math.max(0, columns));
  const letters = Array.from(text);
  const tail = how === 'middle' ? takeColumns(letters.toReversed(), Math.floor(room / 2)) : [];
  const head = takeColumns(letters, room - widthOf(tail.join('')));
  return `${head.join('')}${ellipsis}${tail.toReversed().join('')}`;
}

function takeColumns(letters: readonly string[], columns: number): readonly string[] {
  const taken: string[] = [];
  let used = 0;
  for (const letter of letters) {
    used += widthOf(letter);
    if (used > columns) break;
    taken.push(letter);
  }
  return taken;
}
