// Routes of table 0 as far as VIPs make them: one per prefix, with its packet counter. Knows nothing of VIPs.
import { type Ip46Prefix, isIpv4Prefix, prefixKey } from './ip46.ts';
import { Pool } from './pool.ts';

export interface RouteCounter {
  packets: number;
  bytes: number;
}

interface Route extends RouteCounter {
  readonly prefix: Ip46Prefix;
}

const noPackets = { packets: 0, bytes: 0 };
const defaultIpv4: Ip46Prefix = { ip: new Uint8Array(16), length: 96 };
const defaultIpv6: Ip46Prefix = { ip: new Uint8Array(16), length: 0 };

export class RouteTable {
  readonly #routes = new Pool<Route>();
  readonly #indexes = new Map<string, number>();
  #length = 0;

  constructor() {
    this.add(defaultIpv4);
    this.add(defaultIpv6);
  }

  /** Nothing happens when it is there. */
  add(prefix: Ip46Prefix): void {
    if (this.#exact(prefix) !== undefined) return;
    const index = this.#routes.put({ prefix, ...noPackets });
    this.#indexes.set(prefixKey(prefix), index);
    this.#length = Math.max(this.#length, index + 1);
  }

  remove(prefix: Ip46Prefix): void {
    const index = this.#exact(prefix);
    if (index === undefined) return;
    this.#routes.free(index);
    this.#indexes.delete(prefixKey(prefix));
  }

  /** The stats index. */
  find(prefix: Ip46Prefix, exact: boolean): number | undefined {
    if (exact) return this.#exact(prefix);
    const covering = this.#routes.entries().filter(([, route]) => covers(route.prefix, prefix));
    return covering.sort(([, a], [, b]) => b.prefix.length - a.prefix.length)[0]?.[0];
  }

  count(prefix: Ip46Prefix, bytes: number): void {
    const route = this.#routes.get(this.find(prefix, true) ?? -1);
    if (!route) return;
    route.packets++;
    route.bytes += bytes;
  }

  /** By stats index; zeros where there is no route any more. */
  counters(): readonly RouteCounter[] {
    return Array.from({ length: this.#length }, (_, index) => this.#routes.get(index) ?? noPackets);
  }

  #exact(prefix: Ip46Prefix): number | undefined {
    return this.#indexes.get(prefixKey(prefix));
  }
}

function covers(outer: Ip46Prefix, inner: Ip46Prefix): boolean {
  if (outer.length > inner.length || isIpv4Prefix(outer) !== isIpv4Prefix(inner)) return false;
  for (let bit = 0; bit < outer.length; bit++) {
    const byte = bit >> 3;
    if ((((outer.ip[byte] ?? 0) ^ (inner.ip[byte] ?? 0)) & (0x80 >> (bit & 7))) !== 0) return false;
  }
  return true;
}
