// Seedable randomness: the one alternative to Math.random, so that a run can be replayed.
import { randomInt } from 'node:crypto';

/** A source of random numbers; the same seed gives the same sequence. */
export interface Prng {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, below). */
  below(below: number): number;
}

/** splitmix32: small, fast, good enough for jitter and simulation (never for secrets). */
export function createPrng(seed: number): Prng {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
  return { next, below: (below) => Math.floor(next() * below) };
}

/** A seed that nobody chose. */
export function randomSeed(): number {
  return randomInt(2 ** 32);
}
