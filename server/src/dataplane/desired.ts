// The one border between our words and VPP's: configuration, health and warm-up in, what VPP is to hold out.
// Pure. No other file speaks of frontends, pools and backends as well as of vips and ases.
import type { Config, Frontend } from '../config/config.ts';
import { largestWeight, programmedWeight } from '../config/programmed-weight.ts';
import type { FrontendStatus } from '../health/frontend-state.ts';
import { byAddress } from '../lib/address.ts';
import { AddressBook } from '../lib/address-book.ts';
import { must } from '../lib/assert.ts';
import {
  byVip,
  type DesiredAs,
  type DesiredConf,
  type DesiredLb,
  type DesiredVip,
  protocolNumbers,
  type VipKey,
  vipName,
} from './lb-state.ts';

/** What the border reads of our side. */
export interface DesiredInputs {
  readonly config: Config;
  /** Of addresses that were parsed before. */
  readonly addresses?: AddressBook;
  /** The frontends in question: all of them, or some. */
  readonly names: readonly string[];
  readonly statusOf: (frontend: string) => FrontendStatus;
  /** False while warm-up leaves the frontend's VIP as VPP has it. */
  readonly isReleased: (frontend: string) => boolean;
}

/** All that VPP is to hold of the frontends in question. */
export function desiredLb({
  config,
  addresses = new AddressBook(),
  names,
  statusOf,
  isReleased,
}: DesiredInputs): DesiredLb {
  const vips: DesiredVip[] = [];
  const held = new Set<string>();
  for (const name of names) {
    const frontend = must(config.frontends.get(name), `frontend ${name}`);
    if (isReleased(name)) vips.push(desiredVip(frontend, statusOf(name), config, addresses));
    else held.add(vipName(vipKeyOf(frontend, addresses)));
  }
  vips.sort(byVip);
  return {
    conf: desiredConf(config, addresses),
    vips: new Map(vips.map((vip) => [vipName(vip), vip])),
    held,
  };
}

/** What tells the frontend's VIP apart. */
export function vipKeyOf(
  frontend: Pick<Frontend, 'address' | 'protocol' | 'port'>,
  addresses = new AddressBook(),
): VipKey {
  const address = addresses.fromText(frontend.address);
  return {
    address,
    prefixLength: address.family === 4 ? 32 : 128,
    protocol: protocolNumbers[frontend.protocol],
    port: frontend.port ?? 0,
  };
}

/** One frontend as a VIP; every backend of every pool is an AS of it, once. */
export function desiredVip(
  frontend: Frontend,
  status: FrontendStatus,
  config: Config,
  addresses = new AddressBook(),
): DesiredVip {
  return {
    ...vipKeyOf(frontend, addresses),
    encap: encapOf(frontend, config),
    newFlowsTableLength: frontend.newFlowsTableLength,
    srcIpSticky: frontend.srcIpSticky,
    frontend: frontend.name,
    applicationServers: desiredServers(frontend, status, config, addresses),
  };
}

/** All backends of a frontend have one family, which a valid configuration guarantees. */
export function encapOf(frontend: Pick<Frontend, 'pools'>, config: Config): 'gre4' | 'gre6' {
  const first = frontend.pools[0]?.backends[0]?.name ?? '';
  return config.backends.get(first)?.family === 6 ? 'gre6' : 'gre4';
}

/** Text of the address of a backend that the configuration has. */
export function backendAddress(backend: string, config: Config): string {
  return must(config.backends.get(backend), `backend ${backend}`).address;
}

function desiredServers(
  frontend: Frontend,
  status: FrontendStatus,
  config: Config,
  addresses: AddressBook,
): DesiredAs[] {
  const largest = largestWeight(frontend);
  const servers = new Map<string, DesiredAs>();
  for (const pool of status.pools) {
    for (const { name, weight } of pool.backends) {
      // Listed in several pools it is one AS: its weight is that of the active pool.
      if (servers.has(name) && !pool.active) continue;
      servers.set(name, {
        address: addresses.fromText(backendAddress(name, config)),
        weight: programmedWeight(pool.active ? weight : 0, frontend.weightSteps, largest),
        backend: name,
      });
    }
  }
  return [...servers.values()].sort((a, b) => byAddress(a.address, b.address));
}

function desiredConf({ lb }: Config, addresses: AddressBook): DesiredConf {
  return {
    ...(lb.ipv4SrcAddress !== undefined && { ipv4SrcAddress: addresses.fromText(lb.ipv4SrcAddress) }),
    ...(lb.ipv6SrcAddress !== undefined && { ipv6SrcAddress: addresses.fromText(lb.ipv6SrcAddress) }),
    stickyBucketsPerCore: lb.stickyBucketsPerCore,
    // VPP counts in whole seconds.
    flowTimeoutSeconds: Math.max(1, Math.round(lb.flowTimeoutMs / 1000)),
  };
}
