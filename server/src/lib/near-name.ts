// The name that somebody probably meant. It must not know what the names are names of.
import { nearNameCandidatesMax } from './limits.ts';

/** Longer words are not looked at: no name is that long, and the work stays small. */
const wordLengthMax = 80;

/**
 * The name closest to `word`: at most two single-character edits away (one for words of up to three), case and
 * `_` for `-` not counted. The first of equals; none when nothing is that close. Looks at a bounded number of
 * names: the answer is only a courtesy.
 */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  if (word.length > wordLengthMax) return undefined;
  const editsMax = word.length <= 3 ? 1 : 2;
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

function normalise(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/**
 * Characters to insert, delete or replace; any number above `editsMax` stands for "more". It gives up early and
 * so costs at most 3^editsMax walks along the words, where the whole table would cost their product.
 */
function countEdits(from: string, to: string, editsMax: number): number {
  let same = 0;
  while (same < from.length && from[same] === to[same]) same += 1;
  if (same >= from.length || same >= to.length) return Math.max(from.length, to.length) - same;
  if (editsMax === 0) return 1;
  const after = (fromSkip: number, toSkip: number) =>
    countEdits(from.slice(same + fromSkip), to.slice(same + toSkip), editsMax - 1);
  return 1 + Math.min(after(1, 1), after(1, 0), after(0, 1));
}
