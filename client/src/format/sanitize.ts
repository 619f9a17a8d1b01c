// Text from outside made safe to show: what a terminal would obey becomes visible. Pure.

// Controls, format characters (bidi overrides, zero width), line and paragraph separators, lone surrogates.
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** One line of text without anything that moves a cursor, changes a colour or hides letters. */
export function sanitize(text: string): string {
  return text.replace(unsafe, (letter) => visible(letter));
}

/** JSON escapes only some of it by itself; a line end between values stays. Still the same JSON. */
export function sanitizeJson(json: string): string {
  return json.replace(unsafe, (letter) => (letter === '\n' ? letter : jsonEscape(letter)));
}

function visible(letter: string): string {
  const code = letter.codePointAt(0) ?? 0;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

function jsonEscape(letter: string): string {
  return Array.from({ length: letter.length }, (_, index) => `\\u${hex(letter.charCodeAt(index), 4)}`).join(
    '',
  );
}

const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0');
