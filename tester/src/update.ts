// What happened -> what is known. Pure: no clock, no input or output; statistics are changed in place,
// because thousands of results come per second, everything that a person chose is replaced.

import { layoutOf, withinTable } from './layout.ts';
import { daemonFreshMs, errorCountMax, errorGapMs, lineIntervalMs } from './limits.ts';
import {
  type ErrorEntry,
  isLagHigh,
  type Model,
  type Panel,
  type Screen,
  type SortKey,
  sortKeys,
  vipName,
  vipState,
} from './model.ts';
import type { Report, Result } from './outcome.ts';
import { windowPercentile } from './sample-window.ts';
import { createVipStatistics, recordOutcome } from './statistics.ts';
import { formatMs } from './text.ts';

export type Action =
  | 'pause'
  | 'reset'
  | 'sort'
  | 'refresh'
  | 'help'
  | 'details'
  | 'dense'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'first'
  | 'last';

export type Message =
  | { readonly t: 'report'; readonly report: Report }
  | { readonly t: 'action'; readonly action: Action; readonly nowMs: number }
  | { readonly t: 'resize'; readonly columns: number; readonly rows: number }
  | {
      readonly t: 'daemon';
      readonly atMs: number;
      /** By `address protocol port`; or why the daemon did not say. */
      readonly states: ReadonlyMap<string, string> | { readonly refusal: string };
    };

export function update(model: Model, message: Message): void {
  switch (message.t) {
    case 'report':
      takeReport(model, message.report);
      return;
    case 'action':
      act(model, message.action, message.nowMs);
      return;
    case 'resize':
      model.screen = { ...model.screen, columns: message.columns, rows: message.rows };
      model.screen = withinTable(model);
      return;
    case 'daemon':
      takeDaemonStates(model, message.states, message.atMs);
  }
}

function takeReport(model: Model, report: Report): void {
  noteLag(model, report);
  model.skipped += report.skipped;
  model.notSent += report.notSent;
  if (report.notSent > 0) model.notSentDetail = report.notSentDetail;
  const elapsedMs = report.atMs - model.rate.startMs;
  if (elapsedMs >= lineIntervalMs) {
    model.probesPerSecond = (model.rate.count / elapsedMs) * 1000;
    model.rate = { startMs: report.atMs, count: 0 };
  }
  model.rate.count += report.results.length;
  // A probe of before the pause or the reset says nothing of the time after it.
  for (const result of report.results) if (result.atMs >= model.sinceMs) takeResult(model, result);
}

function takeResult(model: Model, result: Result): void {
  const vip = model.vips[result.target];
  if (vip === undefined) return;
  const p95Ms = windowPercentile(vip.statistics.window, 0.95);
  const fault = recordOutcome(vip.statistics, result, model.tallies);
  if (fault === undefined) return;
  const own = isLagHigh(result.lagMs) ? `; own lag ${formatMs(result.lagMs)} ms` : '';
  const spike = `${formatMs(result.latencyMs)} ms, p95 was ${formatMs(p95Ms)} ms${own}`;
  const detail = fault === 'spike' ? spike : fault === 'timeout' ? result.detail + own : result.detail;
  noteError(model.errors, { atMs: result.atMs, vip: result.target, fault, detail, count: 1 });
}

/** One line for what goes on and on, so that one VIP does not push the others out. */
function noteError(errors: ErrorEntry[], entry: ErrorEntry): void {
  const { vip, fault, detail, atMs } = entry;
  const index = errors.findLastIndex((other) => {
    return other.vip === vip && other.fault === fault && other.detail === detail;
  });
  const same = errors[index];
  const goesOn = same !== undefined && fault !== 'spike' && atMs - same.atMs <= errorGapMs;
  if (goesOn) errors.splice(index, 1);
  errors.push(goesOn ? { ...entry, count: same.count + 1 } : entry);
  if (errors.length > errorCountMax) errors.shift();
}

function noteLag(model: Model, { atMs, lagMsMax }: Report): void {
  const { lag } = model;
  if (atMs - lag.startMs >= lineIntervalMs) {
    lag.lastMsMax = lag.currentMsMax;
    lag.currentMsMax = 0;
    lag.startMs = atMs;
  }
  lag.currentMsMax = Math.max(lag.currentMsMax, lagMsMax);
  lag.msMax = Math.max(lag.msMax, lagMsMax);
}

function reset(model: Model, nowMs: number): void {
  for (const vip of model.vips) vip.statistics = createVipStatistics();
  model.errors.length = 0;
  model.sinceMs = nowMs;
  model.skipped = 0;
  model.notSent = 0;
  model.notSentDetail = '';
  model.lag = { startMs: nowMs, currentMsMax: 0, lastMsMax: 0, msMax: 0 };
}

function act(model: Model, action: Action, nowMs: number): void {
  if (action === 'pause') {
    model.paused = !model.paused;
    model.probesPerSecond = undefined;
    model.rate = { startMs: nowMs, count: 0 };
  } else if (action === 'reset') reset(model, nowMs);
  else {
    model.screen = nextScreen(model, action);
    model.screen = withinTable(model);
  }
}

function nextScreen(model: Model, action: Exclude<Action, 'pause' | 'reset'>): Screen {
  const { screen, vips } = model;
  const moveBy = (count: number) => ({ ...screen, cursor: screen.cursor + count });
  const page = layoutOf(screen).vipsShown;
  switch (action) {
    case 'sort':
      return sorted(model, sortKeys[(sortKeys.indexOf(screen.sort) + 1) % sortKeys.length] ?? 'config');
    case 'refresh':
      return sorted(model, screen.sort);
    case 'help':
      return { ...screen, panel: toggled(screen.panel, 'help') };
    case 'details':
      return { ...screen, panel: toggled(screen.panel, 'vip') };
    case 'dense':
      return { ...screen, dense: !screen.dense };
    case 'up':
      return moveBy(-1);
    case 'down':
      return moveBy(1);
    case 'page-up':
      return { ...moveBy(-page), top: screen.top - page };
    case 'page-down':
      return { ...moveBy(page), top: screen.top + page };
    case 'first':
      return { ...screen, cursor: 0 };
    case 'last':
      return { ...screen, cursor: vips.length - 1 };
  }
}

const toggled = (now: Panel, wanted: Panel): Panel => (now === wanted ? 'errors' : wanted);

function sorted(model: Model, sort: SortKey): Screen {
  return { ...model.screen, sort, order: orderBy(model, sort), cursor: 0, top: 0 };
}

const ranks = { failing: 0, recovering: 1, unknown: 2, serving: 3, unprobed: 4 } as const;

/** Indices of the VIPs; equal ones stay in the order of the files. */
export function orderBy({ vips }: Pick<Model, 'vips'>, sort: SortKey): number[] {
  const indices = vips.map((_, index) => index);
  if (sort === 'config') return indices;
  const keys = vips.map((vip): readonly [number, number, string] => {
    if (sort === 'name') return [0, 0, vipName(vip)];
    if (sort === 'failing') return [ranks[vipState(vip)], -vip.statistics.failures, ''];
    return [-(windowPercentile(vip.statistics.window, 0.99) ?? -1), 0, ''];
  });
  return indices.sort((a, b) => {
    const [first = 0, second = 0, text = ''] = keys[a] ?? [];
    const [otherFirst = 0, otherSecond = 0, otherText = ''] = keys[b] ?? [];
    const byText = text < otherText ? -1 : text > otherText ? 1 : 0;
    return first - otherFirst || second - otherSecond || byText || a - b;
  });
}

export function daemonKey(address: string, protocol: string, port: number | undefined): string {
  return `${address} ${protocol} ${port ?? ''}`;
}

function takeDaemonStates(
  model: Model,
  states: Extract<Message, { t: 'daemon' }>['states'],
  atMs: number,
): void {
  if ('refusal' in states) {
    const sinceMs = model.daemon.t === 'known' ? model.daemon.atMs : model.startMs;
    const knownMs = model.daemon.t === 'unreachable' ? model.daemon.atMs : sinceMs;
    model.daemon = { t: 'unreachable', detail: states.refusal, atMs: knownMs };
    // What it said a while ago is not what it says.
    if (atMs - knownMs > daemonFreshMs) for (const vip of model.vips) vip.daemonState = undefined;
    return;
  }
  model.daemon = { t: 'known', atMs };
  for (const vip of model.vips) {
    const { address, protocol, port } = vip.target;
    vip.daemonState = states.get(daemonKey(address, protocol, port));
  }
}
