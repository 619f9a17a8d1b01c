// How a VIP's new flows are spread, as pieces of a bar. Pure.
import type { FrontendJson } from '../../contract.ts';

export interface SpreadPiece {
  readonly name: string;
  /** In percent of the bar. */
  readonly start: number;
  readonly width: number;
  /** By buckets that VPP holds; otherwise by weights, which is what should be. */
  readonly isHeld: boolean;
}

/** Percent of the bar between two pieces. */
const gap = 0.5;

/** Pieces of the backends that get new flows, in the order of the configuration, each backend once. */
export function spreadOf(frontend: FrontendJson): readonly SpreadPiece[] {
  const entries = new Map(
    frontend.pools.flatMap(({ backends }) =>
      backends.filter(({ effectiveWeight }) => effectiveWeight > 0).map((entry) => [entry.name, entry]),
    ),
  );
  const isHeld = [...entries.values()].every(({ buckets }) => buckets !== undefined);
  const sizeOf = isHeld
    ? (name: string) => entries.get(name)?.buckets ?? 0
    : (name: string) => entries.get(name)?.effectiveWeight ?? 0;
  const sum = isHeld
    ? frontend.newFlowsTableLength
    : [...entries.keys()].reduce((total, name) => total + sizeOf(name), 0);
  const pieces: SpreadPiece[] = [];
  let start = 0;
  for (const name of entries.keys()) {
    const part = sum > 0 ? (sizeOf(name) / sum) * 100 : 0;
    const width = Math.max(part - (entries.size > 1 ? Math.min(gap, part / 3) : 0), 0);
    pieces.push({ name, start, width, isHeld });
    start += part;
  }
  return pieces;
}
