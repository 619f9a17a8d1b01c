// What is said where nobody looks at a screen: a JSON line per second, the summary, and the exit status.
// Also the few words that stay when the screen has gone. Pure.
import { histogramPercentile } from './histogram.ts';
import { summaryVipCountMax } from './limits.ts';
import { disagrees, type Model, type Vip, vipName, vipState } from './model.ts';
import type { Outage } from './outages.ts';
import { windowOkPercent, windowPercentile } from './sample-window.ts';
import { readTally } from './tally.ts';
import { endpointOf } from './targets.ts';
import * as text from './text.ts';

/** Thousandths are enough, and shorter. */
const round = (value: number | undefined) =>
  value === undefined ? undefined : Math.round(value * 1000) / 1000;

function describeVip({ target }: Vip) {
  return {
    frontends: target.names,
    address: target.address,
    protocol: target.protocol,
    ...(target.port !== undefined && { port: target.port }),
    probe: target.kind,
  };
}

function tallyOf(vip: Vip, nowMs: number) {
  return readTally(vip.statistics.tally, nowMs).map(({ value, count, sharePercent, lastMs }) => ({
    value,
    count,
    sharePercent: round(sharePercent),
    lastSeen: text.formatInstant(lastMs),
  }));
}

function daemonOf(vip: Vip) {
  return vip.daemonState === undefined ? {} : { maglevd: vip.daemonState, drift: disagrees(vip) };
}

/** One line of JSON without its end: the state of the moment. */
export function secondLine(model: Model, nowMs: number): string {
  const { lag, skipped, notSent } = model;
  const vips = model.vips.map((vip) => {
    const { last, count, failures, window } = vip.statistics;
    return {
      ...describeVip(vip),
      state: vipState(vip),
      ...(last && {
        last: { verdict: last.verdict, status: last.status || undefined, detail: last.detail || undefined },
      }),
      count,
      failures,
      okPercent: round(windowOkPercent(window)),
      p50Ms: round(windowPercentile(window, 0.5)),
      p95Ms: round(windowPercentile(window, 0.95)),
      p99Ms: round(windowPercentile(window, 0.99)),
      maxMs: round(windowPercentile(window, 1)),
      tally: tallyOf(vip, nowMs),
      ...daemonOf(vip),
    };
  });
  return JSON.stringify({
    type: 'second',
    at: text.formatInstant(nowMs),
    probesPerSecond: round(model.probesPerSecond),
    lagMsMax: round(Math.max(lag.lastMsMax, lag.currentMsMax)),
    skipped,
    notSent,
    vips,
  });
}

function outageOf({ startMs, endMs, probes, failures }: Outage) {
  return { start: text.formatInstant(startMs), lengthMs: Math.round(endMs - startMs), probes, failures };
}

/** The last line of JSON: the whole run. */
export function summaryLine(model: Model, nowMs: number): string {
  const { lag, skipped, notSent, notSentDetail } = model;
  const vips = model.vips.map((vip) => {
    const { count, failures, byClass, histogram, outages } = vip.statistics;
    const { open } = outages;
    return {
      ...describeVip(vip),
      ok: failures === 0,
      count,
      failures,
      errors: byClass,
      p50Ms: round(histogramPercentile(histogram, 0.5)),
      p95Ms: round(histogramPercentile(histogram, 0.95)),
      p99Ms: round(histogramPercentile(histogram, 0.99)),
      maxMs: round(histogramPercentile(histogram, 1)),
      outageCount: outages.pastCount + (open ? 1 : 0),
      outages: [
        ...outages.past.map(outageOf),
        ...(open ? [{ ...outageOf({ ...open, endMs: open.firstOkMs ?? nowMs }), open: true }] : []),
      ],
      tally: tallyOf(vip, nowMs),
      ...daemonOf(vip),
    };
  });
  return JSON.stringify({
    type: 'summary',
    at: text.formatInstant(nowMs),
    elapsedMs: Math.round(nowMs - model.sinceMs),
    ok: exitStatus(model) === 0,
    failedVips: vips.filter(({ ok }) => !ok).length,
    lagMsMax: round(lag.msMax),
    skipped,
    notSent,
    ...(notSentDetail !== '' && { notSentDetail }),
    vips,
  });
}

/** 1: some probe of some VIP failed, or none of a VIP's probes could be sent; else 0. */
export function exitStatus({ vips, notSent }: Pick<Model, 'vips' | 'notSent'>): 0 | 1 {
  const failed = vips.some(({ target, statistics: { failures, count } }) => {
    return failures > 0 || (target.kind !== 'none' && count === 0 && notSent > 0);
  });
  return failed ? 1 : 0;
}

/** For the terminal after the screen: the whole in one line, then the VIPs that failed. */
export function farewellText(model: Model, nowMs: number): string {
  const count = model.vips.reduce((sum, { statistics }) => sum + statistics.count, 0);
  const failed = model.vips.filter(({ statistics }) => statistics.failures > 0);
  const head = `${text.formatCount(count)} probes of ${model.vips.length} VIPs`;
  const lines = [`${head} in ${text.formatDuration(nowMs - model.sinceMs)}, ${failed.length} VIPs failed`];
  for (const vip of failed.slice(0, summaryVipCountMax)) {
    const { failures, outages } = vip.statistics;
    const times = outages.pastCount + (outages.open ? 1 : 0);
    const share = `${text.formatCount(failures)} of ${text.formatCount(vip.statistics.count)} probes failed`;
    lines.push(`  ${vipName(vip)} ${endpointOf(vip.target)}: ${share}, outages: ${times}`);
  }
  if (failed.length > summaryVipCountMax) lines.push(`  and ${failed.length - summaryVipCountMax} more`);
  return `${lines.join('\n')}\n`;
}
