// What a note may hold, told once: the operator's actions and the reader of the file hold it against the same
// rules, so that whatever is accepted can be read again. It must not know whose text it is.

/** The last millisecond of the year 9999: beyond it the time has no four-digit year. */
export const wallMsMax = 253_402_300_799_999;

/** Control characters and line separators, which would forge lines in a log and colours on a terminal. */
const controlCharacter = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** What is wrong with a text, as the end of a sentence; none: nothing. The length is in UTF-16 units. */
export function textProblem(text: string, lengthMax: number): string | undefined {
  if (text.length > lengthMax) return `is longer than ${lengthMax} characters`;
  if (!text.isWellFormed()) return 'is not valid Unicode';
  return controlCharacter.test(text) ? 'holds a control character' : undefined;
}
