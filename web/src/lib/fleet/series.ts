// Rates from successive samples of counters. Pure. A counter that falls was reset: it gives no rate.
import type { FrontendJson, LbCountersJson } from '../../contract.ts';
import { type Rate, samplesKept, type VipCounters, type VipSeries } from './model.ts';

/** The name of a VIP among the counters; the same for its frontend. */
export function vipKey(vip: { prefix: string; protocol: string; port?: number }): string {
  return `${vip.prefix.replace(/\/(32|128)$/, '')} ${vip.protocol} ${vip.port ?? 'any'}`;
}

/** The key of the VIP that a frontend is. */
export function frontendVipKey({ address, protocol, port }: FrontendJson): string {
  return vipKey({ prefix: address, protocol, ...(port !== undefined && { port }) });
}

function rateBetween(before: VipSeries, totals: VipCounters, atMs: number): Rate | undefined {
  const seconds = (atMs - before.atMs) / 1000;
  const old = before.totals;
  const moved = (key: 'next' | 'first' | 'untracked' | 'noServer') => totals[key] - old[key];
  const steps = [moved('next'), moved('first'), moved('untracked'), moved('noServer')];
  const bytes = (totals.routeBytes ?? 0) - (old.routeBytes ?? 0);
  if (!(seconds > 0) || steps.some((step) => step < 0) || bytes < 0) return undefined;
  const [next = 0, first = 0, untracked = 0, noServer = 0] = steps;
  return {
    atMs,
    packets: (next + first + untracked + noServer) / seconds,
    bytes: bytes / seconds,
    flows: first / seconds,
    noServer: noServer / seconds,
  };
}

/** The series with one more sample; the same object where the sample is not a newer one. */
export function addSample(
  series: ReadonlyMap<string, VipSeries>,
  counters: LbCountersJson,
): ReadonlyMap<string, VipSeries> {
  const atMs = Date.parse(counters.at);
  const next = new Map<string, VipSeries>();
  let isNewer = series.size === 0;
  for (const totals of counters.vips) {
    const key = vipKey(totals);
    const before = series.get(key);
    if (before !== undefined && !(atMs > before.atMs)) {
      next.set(key, before);
      continue;
    }
    isNewer = true;
    const rate = before && rateBetween(before, totals, atMs);
    const rates = before?.rates ?? [];
    next.set(key, { atMs, totals, rates: rate ? [...rates, rate].slice(-samplesKept) : rates });
  }
  return isNewer || next.size !== series.size ? next : series;
}
