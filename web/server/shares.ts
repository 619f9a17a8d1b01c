// How VPP's table would share out new flows of a frontend, before a change and after it. Pure: from REST's
// resources and the rules that the daemon itself goes by.
import { parseAddress } from '@vpp-maglev/server/address';
import { buildMaglevTable, tableKey } from '@vpp-maglev/server/maglev-table';
import { largestWeight, programmedWeight } from '@vpp-maglev/server/programmed-weight';
import { effectivePools } from '@vpp-maglev/server/weights';
import type { BackendJson, FrontendJson, PoolBackendJson } from '../src/contract.ts';

type ConfigFrontend = Parameters<typeof effectivePools>[0];
type State = BackendJson['state'];

/** What a change would make of a frontend; what it leaves is absent. */
export interface Intent {
  readonly backend: string;
  readonly state?: State;
  readonly weight?: { readonly pool: string; readonly value: number };
}

/** A frontend as the table sees it. */
export interface Spread {
  readonly activePool: string;
  /** Programmed weight by backend, 0 for those that do not serve; in order of configuration. */
  readonly weights: ReadonlyMap<string, number>;
}

/** As it is, by what the daemon programs. */
export function spreadNow({ activePool, pools }: FrontendJson): Spread {
  const weights = new Map<string, number>();
  for (const { name: pool, backends } of pools) {
    for (const { name, programmedWeight } of backends) {
      if (pool === activePool || !weights.has(name)) weights.set(name, programmedWeight);
    }
  }
  return { activePool, weights };
}

/** As it would be. */
export function spreadAfter(frontend: FrontendJson, intent: Intent): Spread {
  const config = configOf(frontend);
  const states = new Map(
    frontend.pools.flatMap(({ backends }) => backends).map(({ name, state }) => [name, state]),
  );
  if (intent.state) states.set(intent.backend, intent.state);
  const { weight } = intent;
  const pools = effectivePools(config, {
    stateOf: (name) => states.get(name) ?? 'unknown',
    weightOf: (pool, { name, weight: own }) =>
      weight?.pool === pool && name === intent.backend ? weight.value : own,
  });
  const largest = largestOf(frontend);
  const weights = new Map<string, number>();
  for (const { active, backends } of pools) {
    for (const { name, weight: effective } of backends) {
      const programmed = programmedWeight(effective, frontend.weightSteps, largest);
      if (active || !weights.has(name)) weights.set(name, programmed);
    }
  }
  return { activePool: pools.find(({ active }) => active)?.name ?? frontend.activePool, weights };
}

function configOf(frontend: FrontendJson): ConfigFrontend {
  const { name, address, protocol, port, srcIpSticky, flushOnDown, newFlowsTableLength, weightSteps } =
    frontend;
  return {
    ...{ name, address, protocol, srcIpSticky, flushOnDown, newFlowsTableLength, weightSteps },
    family: address.includes(':') ? 6 : 4,
    ...(port !== undefined && { port }),
    pools: frontend.pools,
  };
}

/**
 * The largest weight of the file, by which weights are programmed. REST tells the file's weight where a
 * runtime weight hides it; of a daemon that does not, it is worked out of the weights that it programs.
 */
function largestOf(frontend: FrontendJson): number {
  const pools = frontend.pools.map(({ name, backends }) => ({
    name,
    backends: backends.map(({ name, weight, fileWeight }) => ({ name, weight: fileWeight ?? weight })),
  }));
  const largest = largestWeight({ pools });
  const serving = frontend.pools.flatMap(({ backends }) => backends);
  const fits = (candidate: number) => serving.every((each) => isProgrammedBy(each, frontend, candidate));
  if (fits(largest)) return largest;
  for (let candidate = 100; candidate >= 1; candidate--) if (fits(candidate)) return candidate;
  return largest;
}

function isProgrammedBy(
  { effectiveWeight, programmedWeight: programmed }: PoolBackendJson,
  { weightSteps }: FrontendJson,
  largest: number,
): boolean {
  return programmedWeight(effectiveWeight, weightSteps, largest) === programmed;
}

/** Shares of the buckets: of each backend before and after, and of those that get another owner. */
export interface Move {
  readonly moved: number;
  readonly before: ReadonlyMap<string, number>;
  readonly after: ReadonlyMap<string, number>;
}

/** `addressOf` gives the address of a backend; one without a readable address gets no bucket. */
export function compareSpreads(
  before: Spread,
  after: Spread,
  length: number,
  addressOf: (backend: string) => string | undefined,
): Move {
  const servers = [...before.weights.keys()].flatMap((name) => {
    const parsed = parseAddress(addressOf(name) ?? '');
    return parsed.ok ? [{ name, key: tableKey(parsed.address) }] : [];
  });
  const tableOf = ({ weights }: Spread) =>
    buildMaglevTable(
      servers.map(({ name, key }) => ({ key, weight: weights.get(name) ?? 0 })),
      length,
    );
  const was = tableOf(before);
  const will = tableOf(after);
  let moved = 0;
  for (let bucket = 0; bucket < length; bucket++) if (was[bucket] !== will[bucket]) moved++;
  const sharesOf = (table: Int32Array) => {
    const counts = new Map<string, number>();
    for (const owner of table) {
      const name = servers[owner]?.name;
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1 / length);
    }
    return counts;
  };
  return { moved: moved / length, before: sharesOf(was), after: sharesOf(will) };
}
