// Latencies of a whole run in bounded memory: counts in buckets that grow with the value, 3 % wide.
// Pure; changed in place because thousands of values come per second. Subtracts nothing.

const bucketsPerOctave = 32;
/** 1 us to 2^30 us, 18 minutes. */
const octaves = 30;

export interface Histogram {
  readonly counts: Uint32Array;
  count: number;
  maxMs: number;
}

export function createHistogram(): Histogram {
  return { counts: new Uint32Array(octaves * bucketsPerOctave), count: 0, maxMs: 0 };
}

/** Bucket `i` holds the values above upperMs(i - 1), up to upperMs(i). */
function bucketOf(ms: number): number {
  const index = Math.ceil(Math.log2(Math.max(1, ms * 1000)) * bucketsPerOctave - 1e-9);
  return Math.min(index, octaves * bucketsPerOctave - 1);
}

const upperMs = (index: number) => 2 ** (index / bucketsPerOctave) / 1000;

export function addToHistogram(histogram: Histogram, ms: number): void {
  const index = bucketOf(ms);
  histogram.counts[index] = (histogram.counts[index] ?? 0) + 1;
  histogram.count += 1;
  if (ms > histogram.maxMs) histogram.maxMs = ms;
}

/** Nearest rank, at most 3 % above the true value and never above the largest; `share` 0..1. */
export function histogramPercentile(histogram: Histogram, share: number): number | undefined {
  if (histogram.count === 0) return undefined;
  let rest = Math.max(1, Math.ceil(share * histogram.count));
  for (let index = 0; index < histogram.counts.length; index += 1) {
    rest -= histogram.counts[index] ?? 0;
    if (rest <= 0) return Math.min(upperMs(index), histogram.maxMs);
  }
  return histogram.maxMs;
}
