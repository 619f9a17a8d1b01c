// The memory of VPP's lb plugin: its pools of VIPs and servers, sticky flows, counters and routes, with the
// look-ups and the garbage collection that they share. Knows nothing of requests and answers. Source:
// lb/lb.c.
import { must } from '../../lib/assert.ts';
import type { WirePrefix } from '../vpp/codec.ts';
import { decodePrefix, type Ip46, type Ip46Prefix, prefixKey, sameIp } from './ip46.ts';
import type { LbCounter, LbCounters } from './lb-view.ts';
import { type FlowTable, flowTable, type LbAs, type LbVip, placeholderAs, placeholderVip } from './lb-vip.ts';
import { Pool } from './pool.ts';
import { RouteTable } from './route-table.ts';
import type { StickyTable } from './sticky-table.ts';

/** How a request names a VIP. */
export interface VipRequest {
  readonly prefix: WirePrefix;
  readonly protocol: number;
  readonly port: number;
}

/** An item with its pool index. */
export type Indexed<T> = readonly [index: number, item: T];

const garbagePassSeconds = 60;
const lingerSeconds = 10;
const anyProtocol = 255;

const noCounts = (): LbCounters => ({ next: 0, first: 0, untracked: 0, noServer: 0 });

/** Port 0 is every port, and then the protocol is 255 whatever was sent. */
export const protocolOf = ({ port, protocol }: VipRequest) => (port === 0 ? anyProtocol : protocol);

export class LbMemory {
  readonly #startMs: number;
  readonly vipPool = new Pool<LbVip>();
  readonly asPool = new Pool<LbAs>();
  /** By VIP index; it only grows, and slots keep their counts until they are used again. */
  readonly counters: LbCounters[] = [];
  readonly routes = new RouteTable();
  /** Indexes of the VIPs in use, by prefix, ascending. */
  readonly #byPrefix = new Map<string, readonly number[]>();
  sticky: StickyTable | undefined;

  constructor(startMs: number) {
    this.#startMs = startMs;
    // Index 0 of both is never shown: what matches no VIP, and what serves nobody.
    this.vipPool.put(placeholderVip());
    this.asPool.put(placeholderAs());
  }

  /** Whole seconds since the start. */
  seconds(nowMs: number): number {
    return Math.floor((nowMs - this.#startMs) / 1000);
  }

  /** All but the placeholder; deleted ones linger among them. */
  vips(): readonly Indexed<LbVip>[] {
    return this.vipPool.entries().filter(([index]) => index !== 0);
  }

  /** In use, of this very prefix. */
  vipsOf(prefix: Ip46Prefix): readonly Indexed<LbVip>[] {
    const indexes = this.#byPrefix.get(prefixKey(prefix)) ?? [];
    return indexes.map((index) => [index, must(this.vipPool.get(index), 'VIP')] as const);
  }

  findVip(request: VipRequest): Indexed<LbVip> | undefined {
    const protocol = protocolOf(request);
    const vips = this.vipsOf(decodePrefix(request.prefix));
    return vips.find(([, vip]) => vip.protocol === protocol && vip.port === request.port);
  }

  /** Deleted ones linger among them. */
  assOf(vip: LbVip): readonly Indexed<LbAs>[] {
    return vip.asIndexes.entries().map(([, index]) => [index, this.as(index)] as const);
  }

  findAs(vip: LbVip, ip: Ip46): Indexed<LbAs> | undefined {
    return this.assOf(vip).find(([, as]) => sameIp(as.ip, ip));
  }

  as = (index: number): LbAs => must(this.asPool.get(index), 'AS');

  table(vip: LbVip): FlowTable {
    return flowTable(vip, this.as);
  }

  buckets(vip: LbVip, asIndex: number): number {
    return this.table(vip).buckets.get(asIndex) ?? 0;
  }

  addVip(vip: LbVip): number {
    // The placeholder has its counters as soon as anyone has.
    if (this.counters.length === 0) this.counters[0] = noCounts();
    const index = this.vipPool.put(vip);
    this.counters[index] = noCounts();
    this.routes.add(vip.prefix);
    const key = prefixKey(vip.prefix);
    this.#byPrefix.set(
      key,
      [...(this.#byPrefix.get(key) ?? []), index].sort((a, b) => a - b),
    );
    return index;
  }

  /** It lingers, found by nobody. */
  retireVip(index: number, vip: LbVip): void {
    vip.used = false;
    const key = prefixKey(vip.prefix);
    const left = (this.#byPrefix.get(key) ?? []).filter((other) => other !== index);
    if (left.length > 0) return void this.#byPrefix.set(key, left);
    this.#byPrefix.delete(key);
    this.routes.remove(vip.prefix);
  }

  count(vipIndex: number, counter: LbCounter): void {
    const counters = this.counters[vipIndex];
    if (counters) counters[counter]++;
  }

  retire(as: LbAs, nowMs: number): void {
    as.used = false;
    as.lastUsed = this.seconds(nowMs);
  }

  /**
   * Frees a VIP's servers that were deleted, lingered and are referenced no more; not more often than 60 s.
   */
  collect(vip: LbVip, nowMs: number): void {
    const now = this.seconds(nowMs);
    if (now <= vip.lastGarbageCollection + garbagePassSeconds) return;
    vip.lastGarbageCollection = now;
    for (const [place, index] of vip.asIndexes.entries()) {
      const as = this.as(index);
      const referenced = (this.sticky?.references(index) ?? 0) > 0;
      if (as.used || now <= as.lastUsed + lingerSeconds || referenced) continue;
      vip.asIndexes.free(place);
      this.asPool.free(index);
    }
  }
}
