// The last 100 probes of a VIP: how many passed, and percentiles of the latencies of those that did, kept
// sorted as they come. Pure; changed in place because thousands of samples come per second.
import { spikeExtraMs, spikeFactor, spikeSampleCountMin, windowSampleCount } from './limits.ts';

export interface SampleWindow {
  /** Latency of each sample in the order of arrival, NaN for one that failed; a ring. */
  readonly latenciesMs: Float64Array;
  next: number;
  size: number;
  /** Latencies of those that passed, ascending; the first `okCount` count. */
  readonly sortedMs: Float64Array;
  okCount: number;
}

export function createSampleWindow(): SampleWindow {
  return {
    latenciesMs: new Float64Array(windowSampleCount),
    next: 0,
    size: 0,
    sortedMs: new Float64Array(windowSampleCount),
    okCount: 0,
  };
}

/** `latencyMs` undefined: it failed. */
export function addSample(window: SampleWindow, latencyMs: number | undefined): void {
  if (window.size === windowSampleCount) {
    const oldest = window.latenciesMs[window.next] ?? Number.NaN;
    if (!Number.isNaN(oldest)) removeSorted(window, oldest);
  } else window.size += 1;
  window.latenciesMs[window.next] = latencyMs ?? Number.NaN;
  window.next = (window.next + 1) % windowSampleCount;
  if (latencyMs !== undefined) insertSorted(window, latencyMs);
}

/** Index of the first latency that is not below `ms`. */
function place(window: SampleWindow, ms: number): number {
  let low = 0;
  let high = window.okCount;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((window.sortedMs[middle] ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insertSorted(window: SampleWindow, ms: number): void {
  const index = place(window, ms);
  window.sortedMs.copyWithin(index + 1, index, window.okCount);
  window.sortedMs[index] = ms;
  window.okCount += 1;
}

function removeSorted(window: SampleWindow, ms: number): void {
  const index = place(window, ms);
  window.sortedMs.copyWithin(index, index + 1, window.okCount);
  window.okCount -= 1;
}

/** Nearest rank over the samples that passed; undefined without any. `share` 0..1; 1 gives the largest. */
export function windowPercentile(window: SampleWindow, share: number): number | undefined {
  if (window.okCount === 0) return undefined;
  return window.sortedMs[Math.max(1, Math.ceil(share * window.okCount)) - 1];
}

export function windowOkPercent(window: SampleWindow): number | undefined {
  return window.size === 0 ? undefined : (window.okCount / window.size) * 100;
}

/** Above both 3 x p95 and p95 + 20 ms of the samples before it; never with few of them. */
export function isSpike(window: SampleWindow, latencyMs: number): boolean {
  if (window.okCount < spikeSampleCountMin) return false;
  const p95Ms = windowPercentile(window, 0.95) ?? 0;
  return latencyMs > spikeFactor * p95Ms && latencyMs > p95Ms + spikeExtraMs;
}
