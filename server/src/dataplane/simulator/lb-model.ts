// What VPP's lb plugin holds and how it answers, quirks included (26.10: with lb_conf_get and weights). Pure
// state: no socket, no timer, time comes in. Requests are decoded messages; answers are VPP's return values.
// Source: lb/api.c, lb/lb.c; docs of the quirks: K1 to K24 of our notes on VPP's protocol.
import type { Address } from '../../lib/address.ts';
import { must } from '../../lib/assert.ts';
import { simulatedStickyBucketsMax, simulatedTableLengthMax } from '../../lib/limits.ts';
import type { Values, WirePrefix } from '../vpp/codec.ts';
import type {
  lbAddDelAsV2,
  lbAddDelVipV2,
  lbAsSetWeight,
  lbAsV2Details,
  lbAsV2Dump,
  lbConf,
  lbConfGetReply,
  lbVipDetails,
} from '../vpp/messages.ts';
import { decodeAddress, decodePrefix, type Ip46, isIpv4, isIpv4Prefix, sameIp, toAddress } from './ip46.ts';
import { type Indexed, LbMemory, protocolOf, type VipRequest } from './lb-memory.ts';
import {
  asDetails,
  asView,
  type LbCounter,
  type LbCounters,
  type ServerView,
  serverView,
  type VipView,
  vipDetails,
  vipsVerboseText,
  vipView,
} from './lb-view.ts';
import { carriesToIpv4, type EncapArguments, type LbAs, type LbVip, vipType } from './lb-vip.ts';
import { Pool } from './pool.ts';
import { retvals, VppCrash } from './retval.ts';
import type { RouteCounter } from './route-table.ts';
import { StickyTable } from './sticky-table.ts';

/** Hears what happens, right after it did. */
export interface LbWatcher {
  /** VIPs or servers came, went or changed. */
  changed(): void;
  /** Flows were cut: of a VIP, or of one of its servers (pool indexes); of all without a VIP. */
  flushed(vipIndex: number | undefined, asIndex: number | undefined): void;
}

/** What became of a packet: `as` absent = dropped. */
export interface Picked {
  readonly counter: LbCounter;
  readonly as?: { readonly index: number; readonly address: Address };
}

type Conf = Omit<Values<typeof lbConfGetReply.fields>, 'retval'>;

const keepCurrent = 0xffffffff;
/** lb.h: LB_DEFAULT_PER_CPU_STICKY_BUCKETS, LB_DEFAULT_FLOW_TIMEOUT; addresses of all ones. */
const initialConf: Conf = {
  ipv4SrcAddress: new Uint8Array(4).fill(255),
  ipv6SrcAddress: new Uint8Array(16).fill(255),
  stickyBucketsPerCore: 1024,
  flowTimeout: 40,
};

/** Zero is one, says VPP's own test. */
const isPowerOfTwo = (value: number) => value === 0 || Number.isInteger(Math.log2(value));
const isDead = ({ af, length }: WirePrefix) => length > (af === 0 ? 32 : 128);

export class LbModel {
  #conf = initialConf;
  #memory: LbMemory;
  /** What pool slots keep of their last VIP. */
  #encapMemory: EncapArguments[] = [];
  readonly #watchers = new Set<LbWatcher>();

  /** `nowMs` is when this VPP started. */
  constructor(nowMs: number) {
    this.#memory = new LbMemory(nowMs);
  }

  /** Empty again, as a process that starts over. */
  restart(nowMs: number): void {
    this.#memory = new LbMemory(nowMs);
    this.#conf = initialConf;
    this.#encapMemory = [];
    for (const watcher of this.#watchers) watcher.flushed(undefined, undefined);
    this.#changed();
  }

  watch(watcher: LbWatcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  conf(): Conf {
    return this.#conf;
  }

  /** Addresses are always set; all ones keep the current number. Throws VppCrash. */
  setConf(request: Values<typeof lbConf.fields>): number {
    const { stickyBucketsPerCore: buckets, flowTimeout } = request;
    const next = buckets === keepCurrent ? this.#conf.stickyBucketsPerCore : buckets;
    if (!isPowerOfTwo(next)) return retvals.invalidMemorySize;
    if (next === 0 || next > simulatedStickyBucketsMax) throw new VppCrash(`sticky table of ${next} buckets`);
    this.#conf = {
      ipv4SrcAddress: Uint8Array.from(request.ipv4SrcAddress),
      ipv6SrcAddress: Uint8Array.from(request.ipv6SrcAddress),
      stickyBucketsPerCore: next,
      flowTimeout: flowTimeout === keepCurrent ? this.#conf.flowTimeout : flowTimeout,
    };
    return retvals.ok;
  }

  /** Throws VppCrash. */
  addDelVip(request: Values<typeof lbAddDelVipV2.fields>, nowMs: number): number {
    return request.isDel ? this.#deleteVip(request, nowMs) : this.#addVip(request, nowMs);
  }

  #addVip(request: Values<typeof lbAddDelVipV2.fields>, nowMs: number): number {
    if (isDead(request.prefix)) throw new VppCrash(`a prefix of ${request.prefix.length} bits`);
    const prefix = decodePrefix(request.prefix);
    const { port, newFlowsTableLength: tableLength } = request;
    const protocol = protocolOf(request);
    const type = vipType(prefix, request.encap);
    const same = this.#memory.vipsOf(prefix).map(([, vip]) => vip);
    if (same.some((vip) => vip.protocol === protocol && vip.port === port)) return retvals.valueExists;
    if (same.some((vip) => vip.port === 0 || port === 0)) return retvals.valueExists;
    const other = same[0]?.type;
    if (other && (other.encap !== type.encap || other.family !== type.family)) return retvals.invalidArgument;
    if (!isPowerOfTwo(tableLength)) return retvals.invalidMemorySize;
    if (type.family === 6 && isIpv4Prefix(prefix)) return retvals.invalidAddressFamily;
    if (tableLength === 0 || tableLength > simulatedTableLengthMax) {
      throw new VppCrash(`a table of ${tableLength} buckets`);
    }
    const index = this.#memory.addVip({
      prefix,
      protocol,
      port,
      type,
      tableLength,
      srcIpSticky: request.srcIpSticky,
      encapArguments: { byte: 0, targetPort: 0 },
      asIndexes: new Pool(),
      used: true,
      lastGarbageCollection: this.#memory.seconds(nowMs),
    });
    this.#rememberEncap(index, request);
    this.#changed();
    return retvals.ok;
  }

  /** What the encap does not use stays as the slot's last user left it (K11). */
  #rememberEncap(index: number, request: Values<typeof lbAddDelVipV2.fields>): void {
    const vip = must(this.#memory.vipPool.get(index), 'VIP');
    const memory = this.#encapMemory[index] ?? { byte: 0, targetPort: 0 };
    if (vip.type.encap === 'l3dsr') memory.byte = request.dscp & 0x3f;
    if (vip.type.encap === 'nat4' || vip.type.encap === 'nat6') {
      memory.byte = request.type >>> 24; // K17: what was sent in the right order is cut off
      memory.targetPort = request.targetPort;
    }
    this.#encapMemory[index] = memory;
    Object.assign(vip.encapArguments, memory);
  }

  /** Its servers are deleted without a flush, and linger with it. */
  #deleteVip(request: VipRequest, nowMs: number): number {
    const found = this.#memory.findVip(request);
    if (!found) return retvals.noSuchEntry;
    const [index, vip] = found;
    if (vip.asIndexes.size > 0) {
      this.#memory.collect(vip, nowMs);
      for (const [, as] of this.#memory.assOf(vip)) this.#memory.retire(as, nowMs);
      delete vip.table;
    }
    this.#memory.retireVip(index, vip);
    this.#changed();
    return retvals.ok;
  }

  addDelAs(request: Values<typeof lbAddDelAsV2.fields>, nowMs: number): number {
    const found = this.#memory.findVip(request);
    if (!found) return retvals.noSuchEntry;
    const ip = decodeAddress(request.asAddress);
    const known = this.#memory.findAs(found[1], ip);
    const retval = request.isDel
      ? this.#deleteAs(found, known, request.isFlush, nowMs)
      : this.#addAs(found, known, ip, request, nowMs);
    if (retval === retvals.ok) this.#changed();
    return retval;
  }

  #addAs(
    [vipIndex, vip]: Indexed<LbVip>,
    known: Indexed<LbAs> | undefined,
    ip: Ip46,
    { weight, isFlush }: { readonly weight: number; readonly isFlush: boolean },
    nowMs: number,
  ): number {
    if (known?.[1].used) return retvals.valueExists;
    if (!known && isIpv4(ip) !== carriesToIpv4(vip.type)) return retvals.invalidAddressFamily;
    if (known) {
      Object.assign(known[1], { used: true, weight });
      if (isFlush) this.#flush(vipIndex, known[0]);
    } else {
      vip.asIndexes.put(this.#memory.asPool.put({ ip, vipIndex, weight, used: true, lastUsed: 0 }));
    }
    delete vip.table;
    this.#memory.collect(vip, nowMs);
    return retvals.ok;
  }

  /** Deleting what is deleted and lingers is fine, too. */
  #deleteAs(
    [vipIndex, vip]: Indexed<LbVip>,
    known: Indexed<LbAs> | undefined,
    flush: boolean,
    nowMs: number,
  ): number {
    if (!known) return retvals.noSuchEntry;
    this.#memory.collect(vip, nowMs);
    this.#memory.retire(known[1], nowMs);
    if (flush) this.#flush(vipIndex, known[0]);
    delete vip.table;
    return retvals.ok;
  }

  setAsWeight(request: Values<typeof lbAsSetWeight.fields>): number {
    const found = this.#memory.findVip(request);
    const known = found && this.#memory.findAs(found[1], decodeAddress(request.asAddress));
    if (!found || !known?.[1].used) return retvals.noSuchEntry;
    known[1].weight = request.weight;
    delete found[1].table;
    if (request.isFlush) this.#flush(found[0], known[0]);
    this.#changed();
    return retvals.ok;
  }

  /** 0 also without such a VIP (K5; VPP then flushes whatever index its memory holds, the model nothing). */
  flushVip(request: VipRequest): number {
    const found = this.#memory.findVip(request);
    if (found) this.#flush(found[0], undefined);
    return retvals.ok;
  }

  /** The periodic pass: VPP runs it each 60 s. Frees what was deleted and is referenced no more. */
  collectGarbage(nowMs: number): void {
    for (const [index, vip] of this.#memory.vips()) {
      this.#memory.collect(vip, nowMs);
      if (!vip.used && vip.asIndexes.size === 0) this.#memory.vipPool.free(index);
    }
  }

  /** Of every VIP in use; VPP ignores the filter of the request (K6). */
  dumpVips(): readonly Values<typeof lbVipDetails.fields>[] {
    return this.#memory.vips().flatMap(([, vip]) => (vip.used ? [vipDetails(vip)] : []));
  }

  /**
   * Of every VIP, deleted ones included (K8). A filter is compared with the internal form of the address
   * (K7): all zeros, or no filter, give everything.
   */
  dumpAses(filter?: Values<typeof lbAsV2Dump.fields>): readonly Values<typeof lbAsV2Details.fields>[] {
    const all = !filter || filter.prefix.bytes.every((byte) => byte === 0);
    const wanted = this.#memory
      .vips()
      .filter(
        ([, { prefix, protocol, port }]) =>
          all ||
          (sameIp(prefix.ip, filter.prefix.bytes) && protocol === filter.protocol && port === filter.port),
      );
    return wanted.flatMap(([, vip]) =>
      this.#memory.assOf(vip).map(([index, as]) => asDetails(vip, as, this.#memory.buckets(vip, index))),
    );
  }

  /** Every VIP but the placeholder, deleted ones that linger included, by index. */
  vips(): readonly VipView[] {
    return this.#memory.vips().map(([index, vip]) => {
      const servers = this.#memory.assOf(vip).map(([asIndex, as]) => {
        const flows = this.#memory.sticky?.references(asIndex) ?? 0;
        return asView(asIndex, as, this.#memory.buckets(vip, asIndex), flows);
      });
      return vipView(index, vip, must(this.#memory.counters[index], 'counters'), servers);
    });
  }

  /**
   * Servers of the VIP in use that a request names, without their buckets: those cost a table. Undefined:
   * there is none.
   */
  serversOf(request: VipRequest): readonly ServerView[] | undefined {
    const found = this.#memory.findVip(request);
    return found && this.#memory.assOf(found[1]).map(([, as]) => serverView(as));
  }

  /** The text of `show lb vips verbose`. */
  renderVipsVerbose(): string {
    return vipsVerboseText(this.vips());
  }

  /**
   * By VIP index, the placeholder 0 first; empty before the first VIP, and with the counts of VIPs that
   * went.
   */
  counters(): readonly Readonly<LbCounters>[] {
    return this.#memory.counters;
  }

  /** `exact`: this very prefix; otherwise the longest that covers it (the default route does). */
  lookupRoute(prefix: WirePrefix, exact: boolean): { readonly retval: number; readonly statsIndex: number } {
    const statsIndex = this.#memory.routes.find(decodePrefix(prefix), exact);
    return {
      retval: statsIndex === undefined ? retvals.noSuchEntry : retvals.ok,
      statsIndex: statsIndex ?? 0,
    };
  }

  /** By stats index, as `/net/route/to`. */
  routeCounters(): readonly RouteCounter[] {
    return this.#memory.routes.counters();
  }

  /**
   * One packet of a flow comes to a VIP (by its index): where it goes, counted. `flowHash` is 32 bits wide
   * and covers what the VIP is to tell flows apart by.
   */
  pickAs(vipIndex: number, flowHash: number, nowMs: number, bytes = 0): Picked {
    const vip = this.#memory.vipPool.get(vipIndex);
    if (vipIndex === 0 || !vip?.used) return this.#picked(0, 0, 'noServer');
    this.#memory.routes.count(vip.prefix, bytes);
    const { stickyBucketsPerCore, flowTimeout } = this.#conf;
    // A new size makes a new table at the next packet, and with it every flow is a new one.
    if (this.#memory.sticky?.bucketCount !== stickyBucketsPerCore)
      this.#memory.sticky = new StickyTable(stickyBucketsPerCore);
    const nowSeconds = this.#memory.seconds(nowMs);
    const { as, slot } = this.#memory.sticky.look(flowHash, vipIndex, nowSeconds, flowTimeout);
    if (as !== 0) return this.#picked(vipIndex, as, 'next');
    const owner = must(this.#memory.table(vip).owners[flowHash & (vip.tableLength - 1)], 'bucket');
    if (!slot) return this.#picked(vipIndex, owner, 'untracked');
    // Also without a server the flow takes a slot.
    this.#memory.sticky.take(slot, {
      hash: flowHash,
      vip: vipIndex,
      as: owner,
      expiry: nowSeconds + flowTimeout,
    });
    return this.#picked(vipIndex, owner, owner === 0 ? 'noServer' : 'first');
  }

  #picked(vipIndex: number, as: number, counter: LbCounter): Picked {
    this.#memory.count(vipIndex, counter);
    const address = as === 0 ? undefined : toAddress(must(this.#memory.asPool.get(as), 'AS').ip);
    return address ? { counter, as: { index: as, address } } : { counter };
  }

  #flush(vipIndex: number, asIndex: number | undefined): void {
    this.#memory.sticky?.flush(vipIndex, asIndex);
    for (const watcher of this.#watchers) watcher.flushed(vipIndex, asIndex);
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher.changed();
  }
}
