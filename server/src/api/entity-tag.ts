// Entity tags of answers: whoever has asked before is told that nothing has changed, in place of all of it
// again.
import { hash } from 'node:crypto';

/** A strong tag (RFC 9110, 8.8.3): the same bytes have the same. */
export function entityTag(payload: string): string {
  return `"${hash('sha1', payload, 'base64url')}"`;
}

/** Whether a header `If-None-Match` names the tag; the comparison is the weak one (RFC 9110, 13.1.2). */
export function namesTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((each) => each.trim().replace(/^W\//, '') === tag);
}
