// Is a frontend served, and how well: one word of six, and the sentence behind it. Pure.
import type { FrontendJson, PoolBackendJson, VppInfoJson } from '../../contract.ts';

/** Worst first: the order of the overview. */
export const healths = ['nothing', 'drift', 'unknown', 'standby', 'degraded', 'well'] as const;
export type Health = (typeof healths)[number];

export interface HealthReport {
  readonly health: Health;
  /** The fact and its cause, for people. */
  readonly sentence: string;
}

/** What a frontend is judged by besides itself. */
export interface HealthContext {
  readonly vpp: VppInfoJson;
  readonly hasDrift: boolean;
}

/** The health of a frontend as its maglevd told it last. */
export function healthOf(frontend: FrontendJson, { vpp, hasDrift }: HealthContext): HealthReport {
  const report = (health: Health, sentence: string): HealthReport => ({ health, sentence });
  if (frontend.state === 'unknown') return report('unknown', 'No backend has been proven up or down yet.');
  if (frontend.state === 'down') return report('nothing', sayNothingServes(frontend));
  if (hasDrift) return report('drift', 'What VPP holds for this VIP is not what it should hold.');
  if (vpp.connection !== 'connected' && vpp.connection !== 'disabled') {
    return report('unknown', `VPP is ${sayConnection(vpp.connection)}: what it serves cannot be read.`);
  }
  const isFirst = frontend.pools[0]?.name === frontend.activePool;
  if (!isFirst) {
    const first = frontend.pools[0]?.name ?? 'the first pool';
    return report('standby', `Pool ${frontend.activePool} serves; nothing in ${first} can.`);
  }
  const missing = missingBackends(frontend);
  if (missing.length === 0) return report('well', 'All backends are up.');
  return report('degraded', sayMissing(missing, frontend));
}

/** `state` of VPP's connection as words in a sentence. */
export function sayConnection(connection: string): string {
  return connection === 'not-responding' ? 'not responding' : connection;
}

/** Backends that are meant to be usable and are not, in the order of the pools. */
export function missingBackends(frontend: FrontendJson): readonly PoolBackendJson[] {
  return frontend.pools.flatMap(({ backends }) =>
    backends.filter(({ weight, state }) => weight > 0 && state !== 'up'),
  );
}

function sayNothingServes(frontend: FrontendJson): string {
  const all = frontend.pools.flatMap(({ backends }) => backends);
  const counts = new Map<string, number>();
  for (const { state } of all) counts.set(state, (counts.get(state) ?? 0) + 1);
  const words = Array.from(counts, ([state, count]) => `${count} ${state}`);
  return `No backend of any pool serves: ${words.join(', ')}.`;
}

function sayMissing(missing: readonly PoolBackendJson[], frontend: FrontendJson): string {
  const total = frontend.pools.reduce((sum, { backends }) => sum + backends.length, 0);
  const named = missing.slice(0, 3).map(({ name, state }) => `${name} ${state}`);
  const more = missing.length > 3 ? `, and ${missing.length - 3} more` : '';
  return `${missing.length} of ${total} backends not up: ${named.join(', ')}${more}.`;
}

/** Place in the order of the overview, 0 = worst. What is not known now counts at least as unknown. */
export function badness(health: Health, isStale: boolean): number {
  const place = healths.indexOf(health);
  return isStale ? Math.min(place, healths.indexOf('unknown')) : place;
}

/** How many backends get new flows. */
export function servingCount(frontend: FrontendJson): number {
  return new Set(
    frontend.pools.flatMap(({ backends }) =>
      backends.filter(({ effectiveWeight }) => effectiveWeight > 0).map(({ name }) => name),
    ),
  ).size;
}

/** How many backends the active pool means to serve with. */
export function meantCount(frontend: FrontendJson): number {
  const active = frontend.pools.find(({ name }) => name === frontend.activePool);
  return active?.backends.filter(({ weight }) => weight > 0).length ?? 0;
}
