// The way to a value inside the document, kept as links so that a hundred thousand of them cost little.
// It must not know what stands there.
import { quotedLengthMax } from '../lib/limits.ts';

export interface Path {
  readonly parent: Path | undefined;
  /** A key of a mapping, or an index of a list. */
  readonly key: string | number;
}

const plainKey = /^[A-Za-z0-9_-]+$/;
/** What would disturb a terminal or forge a line: controls, formats, separators, lone surrogates. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;

export function childPath(parent: Path | undefined, key: string | number): Path {
  return { parent, key };
}

/** `maglev.frontends.www.pools[0]`; keys with other characters in brackets: `backends["nginx0.ams"]`. */
export function renderPath(path: Path | undefined): string {
  const keys: (string | number)[] = [];
  for (let at = path; at !== undefined; at = at.parent) keys.push(at.key);
  let text = '';
  for (const key of keys.reverse()) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (plainKey.test(key)) text += text === '' ? key : `.${key}`;
    else text += `["${cutText(key)}"]`;
  }
  return text;
}

/** A value from the file for a message: in backquotes, cut, nothing in it that a terminal would obey. */
export function quote(value: string): string {
  return `\`${cutText(value)}\``;
}

function cutText(text: string): string {
  return escapeText(text.length > quotedLengthMax ? `${text.slice(0, quotedLengthMax)}…` : text);
}

/** `text` with everything that a terminal would obey written out. */
export function escapeText(text: string): string {
  return text.replace(unprintable, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
