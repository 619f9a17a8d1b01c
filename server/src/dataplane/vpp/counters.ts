// Samples VPP's counters: per VIP from the stats segment, at the VIP's pool index, and of the route that the
// VIP's prefix has. It takes the indexes as they were observed last and never asks for more than it shows.
import type { Clock, Timer } from '../../lib/clock.ts';
import { countersIntervalMs } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type { CountersSample, VipCounters } from '../dataplane.ts';
import { type ObservedLb, type ObservedVip, prefixText } from '../lb-state.ts';
import { ConnectionFault } from './connection.ts';
import { wirePrefix } from './lb-requests.ts';
import { ipRouteLookup, ipRouteLookupReply } from './messages.ts';
import type { StatsSegment } from './stats-segment.ts';
import type { VppSession } from './vpp-link.ts';

export interface CountersSamplerOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Present while connected. */
  readonly session: () => VppSession | undefined;
}

/** Names in VPP's stats directory: lb sets no other (lb.c), so they have spaces and no slash. */
const counterNames = {
  next: 'packet from existing sessions',
  first: 'first session packet',
  untracked: 'untracked packet',
  noServer: 'no server configured',
} as const;
const routeCounter = '/net/route/to';

export class CountersSampler {
  readonly #options: CountersSamplerOptions;
  #vips: ReadonlyMap<string, ObservedVip> = new Map();
  /** Index of a prefix's route in `routeCounter`; null: it has none. */
  #routes = new Map<string, number | null>();
  #last: CountersSample | undefined;
  #timer: Timer | undefined;
  #stopped = false;
  #trouble = '';

  constructor(options: CountersSamplerOptions) {
    this.#options = options;
  }

  /** The last sample; undefined while there is none of the present connection. */
  last(): CountersSample | undefined {
    return this.#last;
  }

  connectionChanged(): void {
    this.#last = undefined;
    this.#routes.clear();
    this.#vips = new Map();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** VIPs were observed: their pool indexes hold until one is added or deleted. */
  vipsChanged({ vips }: ObservedLb): void {
    const isNews = vips.size !== this.#vips.size || [...vips].some(([name, vip]) => this.#isNew(name, vip));
    this.#vips = vips;
    if (!isNews) return;
    this.#routes.clear();
    this.#timer?.cancel();
    if (!this.#stopped) void this.#sampleAndPlan();
  }

  #isNew(name: string, { index }: ObservedVip): boolean {
    return this.#vips.get(name)?.index !== index;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #sampleAndPlan(): Promise<void> {
    const { clock, session } = this.#options;
    const present = session();
    if (present === undefined || this.#stopped) return;
    this.#timer = clock.setTimer(countersIntervalMs, () => void this.#sampleAndPlan());
    try {
      await this.#findRoutes(present);
    } catch (error) {
      if (error instanceof ConnectionFault) return;
      throw error;
    }
    if (session() === present && !this.#stopped) this.#sample(present.stats);
  }

  async #findRoutes({ connection }: VppSession): Promise<void> {
    const missing = new Map<string, ObservedVip>();
    for (const vip of this.#vips.values()) {
      const prefix = prefixText(vip);
      if (!this.#routes.has(prefix)) missing.set(prefix, vip);
    }
    await Promise.all(
      Array.from(missing, async ([prefix, vip]) => {
        const question = { tableId: 0, exact: 1, prefix: wirePrefix(vip) };
        const { retval, statsIndex } = await connection.request(ipRouteLookup, question, ipRouteLookupReply);
        this.#routes.set(prefix, retval === 0 ? statsIndex : null);
      }),
    );
  }

  #sample(stats: StatsSegment): void {
    const { clock, log } = this.#options;
    const read = readAll(stats);
    if ('reason' in read) {
      if (read.reason !== this.#trouble) log.warn('vpp-stats-unreadable', { why: read.reason });
      this.#trouble = read.reason;
      this.#last = undefined;
      return;
    }
    this.#trouble = '';
    const byVip = new Map<string, { key: ObservedVip; counters: VipCounters }>();
    for (const [name, vip] of this.#vips) {
      const route = this.#routes.get(prefixText(vip));
      const traffic = typeof route === 'number' ? read.routes[route] : undefined;
      const counters = {
        next: read.next[vip.index] ?? 0n,
        first: read.first[vip.index] ?? 0n,
        untracked: read.untracked[vip.index] ?? 0n,
        noServer: read.noServer[vip.index] ?? 0n,
        ...(traffic && { routePackets: traffic.packets, routeBytes: traffic.bytes }),
      };
      byVip.set(name, { key: vip, counters });
    }
    this.#last = { atMs: clock.wallMs(), byVip };
  }
}

type Counts = Record<keyof typeof counterNames, readonly bigint[]>;
type Routes = readonly { readonly packets: bigint; readonly bytes: bigint }[];

/** The four counters, empty before the first VIP is ever added, and the routes. */
function readAll(stats: StatsSegment): (Counts & { routes: Routes }) | { readonly reason: string } {
  const counts: Record<string, readonly bigint[]> = {};
  for (const [key, name] of Object.entries(counterNames)) {
    const read = stats.readSimpleCounter(name);
    if (!read.ok && !read.absent) return { reason: read.reason };
    counts[key] = read.ok ? read.value : [];
  }
  const routes = stats.readCombinedCounter(routeCounter);
  if (!routes.ok && !routes.absent) return { reason: routes.reason };
  return { ...(counts as Counts), routes: routes.ok ? routes.value : [] };
}
