// How every fuzzer in JavaScript runs: for a time, from a seed, with the seed of a finding in its message. It
// must not know what is fuzzed.
import { parseArgs } from 'node:util';
import { randomSeed } from '../../src/lib/prng.ts';

export interface FuzzTime {
  readonly firstSeed: number;
  readonly seconds: number;
}

/** Gives the number of executions. Throws at the first finding. */
export function runFor(
  name: string,
  { firstSeed, seconds }: FuzzTime,
  fuzzOnce: (seed: number) => unknown,
): number {
  const endMs = performance.now() + seconds * 1000;
  let count = 0;
  for (; performance.now() < endMs; count++) {
    const seed = (firstSeed + count) >>> 0;
    try {
      fuzzOnce(seed);
    } catch (error) {
      throw new Error(`${name}: finding with --seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  return count;
}

/** `[--seconds 60] [--seed S]` */
export async function runAsProgram(
  name: string,
  fuzz: (firstSeed: number, seconds: number) => number | Promise<number>,
): Promise<void> {
  const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
  const seed = values.seed === undefined ? randomSeed() : Number(values.seed);
  const seconds = Number(values.seconds ?? 60);
  console.log(`fuzzing ${name} for ${seconds} s from seed ${seed}`);
  console.log(`${await fuzz(seed, seconds)} executions without a finding`);
}
