// What maglevt knows at a moment: the VIPs with their statistics, the recent errors, and what the person at
// the screen has chosen. Data and its beginnings; update.ts changes it, view.ts and summary.ts read it.
import { lagHighMs } from './limits.ts';
import { createVipStatistics, type ErrorClass, type VipStatistics } from './statistics.ts';
import type { Target } from './targets.ts';

export const sortKeys = ['config', 'failing', 'latency', 'name'] as const;
export type SortKey = (typeof sortKeys)[number];

export interface Vip {
  readonly target: Target;
  statistics: VipStatistics;
  /** What the daemon says of it; absent: not asked, or it does not know the VIP. */
  daemonState: string | undefined;
}

export interface ErrorEntry {
  /** When the probe was sent, the latest of them. */
  readonly atMs: number;
  /** How many in a row of the same VIP and cause, none 5 s after the one before. */
  readonly count: number;
  /** Index of the VIP. */
  readonly vip: number;
  readonly fault: ErrorClass;
  readonly detail: string;
}

/** The panel below the table. */
export type Panel = 'errors' | 'vip' | 'help';

export interface Screen {
  readonly sort: SortKey;
  /** Indices of the VIPs as they are shown; made anew on demand only: no row moves while one reads. */
  readonly order: readonly number[];
  /** Position in `order`. */
  readonly cursor: number;
  readonly top: number;
  readonly panel: Panel;
  /** One line per VIP, without strip and tally where the screen is narrow. */
  readonly dense: boolean;
  readonly columns: number;
  readonly rows: number;
}

export type DaemonWord =
  | { readonly t: 'unasked' }
  | { readonly t: 'waiting' }
  | { readonly t: 'known'; readonly atMs: number }
  | { readonly t: 'unreachable'; readonly detail: string; readonly atMs: number };

export interface Model {
  readonly vips: readonly Vip[];
  readonly intervalMs: number;
  readonly tallies: boolean;
  readonly startMs: number;
  /** The last reset, or the start: counts are since then. */
  sinceMs: number;
  paused: boolean;
  /** Oldest first, bounded. */
  readonly errors: ErrorEntry[];
  /** Of all VIPs, in the last whole second; there is none yet at the start, and after a pause. */
  probesPerSecond: number | undefined;
  rate: { startMs: number; count: number };
  /** Our own lateness: the worst of the current second, of the one before, and since `sinceMs`. */
  lag: { startMs: number; currentMsMax: number; lastMsMax: number; msMax: number };
  skipped: number;
  notSent: number;
  notSentDetail: string;
  daemon: DaemonWord;
  screen: Screen;
}

export interface ModelSetting {
  readonly targets: readonly Target[];
  readonly intervalMs: number;
  readonly tallies: boolean;
  readonly asksDaemon: boolean;
  readonly nowMs: number;
  readonly columns: number;
  readonly rows: number;
}

export function createModel(setting: ModelSetting): Model {
  const { targets, intervalMs, tallies, asksDaemon, nowMs, columns, rows } = setting;
  const vips = targets.map((target) => ({
    target,
    statistics: createVipStatistics(),
    daemonState: undefined,
  }));
  const order = vips.map((_, index) => index);
  return {
    vips,
    intervalMs,
    tallies,
    startMs: nowMs,
    sinceMs: nowMs,
    paused: false,
    errors: [],
    probesPerSecond: undefined,
    rate: { startMs: nowMs, count: 0 },
    lag: { startMs: nowMs, currentMsMax: 0, lastMsMax: 0, msMax: 0 },
    skipped: 0,
    notSent: 0,
    notSentDetail: '',
    daemon: asksDaemon ? { t: 'waiting' } : { t: 'unasked' },
    screen: { sort: 'config', order, cursor: 0, top: 0, panel: 'errors', dense: false, columns, rows },
  };
}

export type VipState = 'serving' | 'failing' | 'recovering' | 'unknown' | 'unprobed';

/** What a client would say of the VIP at this moment: by its last probe, and by the outage it is in. */
export function vipState({ target, statistics }: Vip): VipState {
  if (target.kind === 'none') return 'unprobed';
  if (statistics.last === undefined) return 'unknown';
  if (statistics.last.verdict !== 'ok') return 'failing';
  return statistics.outages.open === undefined ? 'serving' : 'recovering';
}

/** The daemon and the client do not see the same. */
export function disagrees(vip: Vip): boolean {
  const state = vipState(vip);
  if (vip.daemonState === undefined) return false;
  if (vip.daemonState === 'up') return state === 'failing';
  return vip.daemonState === 'down' && state === 'serving';
}

export function isLagHigh(lagMs: number): boolean {
  return lagMs >= lagHighMs;
}

/** The name that people know it by. */
export function vipName({ target }: Vip): string {
  return target.names.join(', ');
}
