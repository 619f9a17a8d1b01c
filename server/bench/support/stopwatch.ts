// Measures pieces of work inside this process by their CPU time, which neighbours change least.
// It must not know what the work is.

export interface Work {
  readonly name: string;
  /** What is done once; whatever it returns or awaits is thrown away. */
  readonly run: () => unknown;
}

/** The median of `rounds` runs of each piece in CPU ms; they take turns, after one run unmeasured. */
export async function compareWork(works: readonly Work[], rounds: number): Promise<readonly number[]> {
  const runs = works.map(() => [] as number[]);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, work] of works.entries()) {
      const before = process.cpuUsage();
      await work.run();
      const { user, system } = process.cpuUsage(before);
      if (round > 0) runs[index]?.push((user + system) / 1000);
    }
  }
  return runs.map(medianOf);
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
