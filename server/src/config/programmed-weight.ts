// In which numbers weights reach VPP: its table takes one entry per unit of weight, so they are kept small.
// It must not know health: the weight it is given is the one that counts.
import { weightMax } from '../lib/limits.ts';
import type { Frontend } from './config.ts';

/** The largest weight in a frontend's file configuration, its W; `weightMax` when all are 0. */
export function largestWeight(frontend: Pick<Frontend, 'pools'>): number {
  let largest = 0;
  for (const pool of frontend.pools) {
    for (const { weight } of pool.backends) largest = Math.max(largest, weight);
  }
  return largest === 0 ? weightMax : largest;
}

/**
 * The weight to program for an effective weight of 0..100: 0 stays 0, anything else is at least 1. `largest`
 * is W of the frontend. A runtime weight may exceed W, so the result may exceed `weightSteps`, but never what
 * VPP takes.
 */
export function programmedWeight(weight: number, weightSteps: number, largest: number): number {
  if (weight === 0) return 0;
  return Math.min(weightMax, Math.max(1, Math.round((weight * weightSteps) / largest)));
}
