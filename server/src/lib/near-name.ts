// The name that somebody probably meant. It must not know what the names are names of.
import { nearNameCandidatesMax } from './limits.ts';

/**
 * The name closest to `word`: at most two single-character edits away, one for words of three to five, none
 * for shorter ones; case and `_` for `-` are not counted. The first of equals; none when nothing is that
 * close. Looks at a bounded number of names: the answer is only a courtesy.
 */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  const editsMax = Math.min(2, Math.floor(word.length / 3));
  const wanted = normalise(word);
  let nearest: string | undefined;
  let editsLeast = editsMax + 1;
  let looked = 0;
  for (const name of names) {
    looked += 1;
    if (looked > nearNameCandidatesMax || editsLeast === 0) break;
    if (Math.abs(name.length - word.length) >= editsLeast) continue;
    const edits = countEdits(wanted, normalise(name), editsLeast - 1);
    if (edits >= editsLeast) continue;
    nearest = name;
    editsLeast = edits;
  }
  return nearest;
}

/**
 * The sentence about a name that is not there: "backend nginx9: no such backend (did you mean nginx0?)". The
 * word may come from outside and hold anything. `place` follows the noun: " in pool primary".
 */
export function describeMissingName(what: string, word: string, names: Iterable<string>, place = ''): string {
  const near = nearestName(word, names);
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  const shown = /^[A-Za-z0-9._-]{1,80}$/.test(word) ? word : JSON.stringify(word.slice(0, 80));
  return `${what} ${shown}: no such ${what}${place}${hint}`;
}

function normalise(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/** Characters to insert, delete or replace; any number above `editsMax` stands for "more". */
function countEdits(from: string, to: string, editsMax: number): number {
  let same = 0;
  while (same < from.length && from[same] === to[same]) same += 1;
  if (same >= from.length || same >= to.length) return Math.max(from.length, to.length) - same;
  if (editsMax === 0) return 1;
  const after = (fromSkip: number, toSkip: number) =>
    countEdits(from.slice(same + fromSkip), to.slice(same + toSkip), editsMax - 1);
  return 1 + Math.min(after(1, 1), after(1, 0), after(0, 1));
}
