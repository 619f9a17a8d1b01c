// The text of a result's detail, made safe for logs, terminals and pages: whatever came over the wire is
// escaped and cut here. It must not know which protocol the bytes belong to.
import { detailLengthMax, detailQuoteBytesMax } from '../lib/limits.ts';

/**
 * Bytes from the wire as a quoted, printable text: ASCII letters and signs as they are, all else as `\xNN`.
 * At most `detailQuoteBytesMax` bytes are shown, then `...`.
 */
export function quoteBytes(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < Math.min(end, start + detailQuoteBytesMax); at++)
    text += showByte(bytes[at] ?? 0);
  return `"${text}"${end - start > detailQuoteBytesMax ? '...' : ''}`;
}

function showByte(byte: number): string {
  const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
  return isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}

// Also what turns the direction of text or breaks lines in Unicode: a certificate's name may hold anything.
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Any text as one printable line of at most `detailLengthMax` UTF-16 units. */
export function cleanDetail(text: string): string {
  const clean = text
    .slice(0, detailLengthMax + 1)
    .replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  if (clean.length <= detailLengthMax) return clean;
  const cut = clean.slice(0, detailLengthMax - 3);
  // Not half of a surrogate pair at the end.
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}...`;
}
