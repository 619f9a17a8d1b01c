// What a check expects of a reply: its status and its body. Pure.
import { RE2JS } from 're2js';
import type { CodeRange } from '../config/config.ts';

/** Does any range hold the status? */
export function acceptsStatus(ranges: readonly CodeRange[], status: number): boolean {
  for (const range of ranges) if (status >= range.first && status <= range.last) return true;
  return false;
}

/**
 * A compiled `response-regexp`. RE2's syntax, because operators bring Go's regexps, and because its time is
 * linear in the body: no reply can make it hang. Bodies are read as UTF-8, each stray byte as U+FFFD, as Go
 * does; a body in another encoding still matches in its ASCII parts.
 */
export interface BodyPattern {
  readonly source: string;
  /** Does it match anywhere in a body that is all there is (or all that is looked at)? */
  matchesWhole(body: Uint8Array): boolean;
  /** Is it certain already that the pattern matches, whatever bytes may still come? */
  matchesSoFar(body: Uint8Array): boolean;
}

// A match stays a match when more text follows, unless the pattern looks at what stands behind it. Telling
// that from the text alone errs on the safe side: a literal `\$` only costs the early answer.
const looksBehindItself = /\$|\\[zZbB]/;

/** Throws on a pattern that does not compile: the configuration has refused those. */
export function compileBodyPattern(source: string): BodyPattern {
  const pattern = RE2JS.compile(source);
  const isCertainEarly = !looksBehindItself.test(source);
  return {
    source,
    matchesWhole: (body) => pattern.test(body),
    matchesSoFar: (body) => isCertainEarly && pattern.test(wholeCharacters(body)),
  };
}

/** The body without a UTF-8 character at its end that may still become whole. */
export function wholeCharacters(body: Uint8Array): Uint8Array {
  const { length } = body;
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = body[length - back] ?? 0;
    if (byte < 0x80) return body;
    if (byte >= 0xc0) {
      const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return wanted > back ? body.subarray(0, length - back) : body;
    }
  }
  return body;
}
