// Questions that the page asks of the model. Pure; what did not change keeps its identity.
import type { BackendJson, FrontendJson, PoolBackendJson } from '../../contract.ts';
import { badness, type Health, type HealthReport, healthOf, meantCount, servingCount } from './health.ts';
import type { FleetModel, MaglevdModel, Rate } from './model.ts';
import { frontendVipKey } from './series.ts';

/** A frontend of a maglevd, as one line says it. */
export interface OverviewRow {
  /** `maglevd/frontend`: names hold no slash. */
  readonly key: string;
  readonly maglevd: string;
  readonly frontend: FrontendJson;
  readonly report: HealthReport;
  /** The maglevd cannot be asked: all this is old. */
  readonly isStale: boolean;
  readonly serving: number;
  /** Of how many in the active pool. */
  readonly total: number;
  readonly rate: Rate | undefined;
}

interface Remembered {
  readonly row: OverviewRow;
  readonly facts: readonly unknown[];
}
const rows = new WeakMap<FrontendJson, Remembered>();

/** Whether what is shown of a maglevd is now, or old. Without a stream, all of it is old. */
export function isStale({ status }: MaglevdModel, isLive: boolean): boolean {
  return !isLive || status.connection !== 'connected';
}

/** The rows of one maglevd, in the order of its configuration. */
export function maglevdRows(maglevd: MaglevdModel, isLive: boolean): readonly OverviewRow[] {
  const stale = isStale(maglevd, isLive);
  return Array.from(maglevd.frontends.values(), (frontend) => rowOf(maglevd, frontend, stale));
}

function rowOf(maglevd: MaglevdModel, frontend: FrontendJson, stale: boolean): OverviewRow {
  const { status, vpp, drift, series } = maglevd;
  const hasDrift = drift.has(frontend.name);
  const rate = series.get(frontendVipKey(frontend))?.rates.at(-1);
  const facts = [status.name, vpp.connection, hasDrift, stale, rate];
  const known = rows.get(frontend);
  if (known?.facts.every((fact, index) => fact === facts[index])) return known.row;
  const row: OverviewRow = {
    key: `${status.name}/${frontend.name}`,
    maglevd: status.name,
    frontend,
    report: healthOf(frontend, { vpp, hasDrift }),
    isStale: stale,
    serving: servingCount(frontend),
    total: meantCount(frontend),
    rate,
  };
  rows.set(frontend, { row, facts });
  return row;
}

/** All frontends of all maglevds, worst first; within one health by maglevd, then by configuration. */
export function overviewRows(model: FleetModel, isLive: boolean): readonly OverviewRow[] {
  return [...model.maglevds.values()]
    .flatMap((maglevd) => maglevdRows(maglevd, isLive))
    .sort(isLive ? byBadness : byHealth);
}

function byBadness(left: OverviewRow, right: OverviewRow): number {
  return badness(left.report.health, left.isStale) - badness(right.report.health, right.isStale);
}

/** Where the page itself is cut off all rows are old alike: they stay in the order that they had. */
function byHealth(left: OverviewRow, right: OverviewRow): number {
  return badness(left.report.health, false) - badness(right.report.health, false);
}

/** Whether a row belongs to what somebody has to look at. */
export function needsLook({ report, isStale }: OverviewRow): boolean {
  return report.health !== 'well' || isStale;
}

/** What can be seen from three metres. */
export interface Verdict {
  readonly health: Health;
  readonly sentence: string;
  readonly detail: string;
}

/** One word and one sentence for all rows; `undefined` where there is no frontend. */
export function verdictOf(all: readonly OverviewRow[]): Verdict | undefined {
  if (all.length === 0) return undefined;
  const fresh = all.filter((row) => !row.isStale);
  const stale = all.length - fresh.length;
  const dead = fresh.filter(({ report }) => report.health === 'nothing');
  const served = fresh.filter(({ frontend }) => frontend.state === 'up').length;
  const worst = fresh.reduce<Health>(
    (health, { report }) => (badness(report.health, false) < badness(health, false) ? report.health : health),
    stale > 0 ? 'unknown' : 'well',
  );
  const sentence =
    dead.length > 0
      ? `${dead.length} of ${all.length} frontends ${dead.length === 1 ? 'serves' : 'serve'} nothing`
      : served === all.length
        ? `All ${all.length} frontends are served`
        : `${served} of ${all.length} frontends are served`;
  return { health: worst, sentence, detail: sayDetail(fresh, stale) };
}

function sayDetail(fresh: readonly OverviewRow[], stale: number): string {
  const count = (health: Health) => fresh.filter(({ report }) => report.health === health).length;
  const parts: readonly (readonly [number, string])[] = [
    [stale, 'not known now'],
    [count('drift'), 'not as VPP holds it'],
    [count('unknown'), 'unknown'],
    [count('standby'), 'on a standby pool'],
    [count('degraded'), 'degraded'],
    [count('well'), 'all well'],
  ];
  return parts.flatMap(([number, words]) => (number > 0 ? [`${number} ${words}`] : [])).join(', ');
}

/** A backend's part of new flows, each 0..1: as configured in its pool, and by buckets that VPP gives it. */
export interface Share {
  readonly configured: number;
  /** Absent where VPP's table is not known. */
  readonly held: number | undefined;
}

export const noShare: Share = { configured: 0, held: undefined };

/** The shares of the backends of one pool, by name. A pool of zeros has no shares. */
export function sharesOf(
  frontend: FrontendJson,
  backends: readonly PoolBackendJson[],
): ReadonlyMap<string, Share> {
  const sum = backends.reduce((total, { weight }) => total + weight, 0);
  return new Map(
    backends.map(({ name, weight, buckets }) => [
      name,
      {
        configured: sum > 0 ? weight / sum : 0,
        held: buckets === undefined ? undefined : buckets / frontend.newFlowsTableLength,
      },
    ]),
  );
}

export type PoolRole = 'serving' | 'would serve' | 'standby' | 'cannot serve';

/** What a pool is for now: those in front of the one that serves are there and cannot. */
export function poolRole({ pools, activePool, state }: FrontendJson, pool: string): PoolRole {
  if (pool === activePool) return state === 'up' ? 'serving' : 'would serve';
  const placeOf = (wanted: string) => pools.findIndex(({ name }) => name === wanted);
  return placeOf(pool) < placeOf(activePool) ? 'cannot serve' : 'standby';
}

/** Where a backend stands: pools that list it, in the order of the configuration. */
export interface Membership {
  readonly frontend: FrontendJson;
  readonly pool: string;
  readonly entry: PoolBackendJson;
  readonly share: Share;
}

/** All pools of a maglevd that list `backend`. */
export function membershipsOf(maglevd: MaglevdModel, backend: string): readonly Membership[] {
  return [...maglevd.frontends.values()].flatMap((frontend) =>
    frontend.pools.flatMap((pool) =>
      pool.backends
        .filter((entry) => entry.name === backend)
        .map((entry) => {
          const share = sharesOf(frontend, pool.backends).get(backend) ?? noShare;
          return { frontend, pool: pool.name, entry, share };
        }),
    ),
  );
}

/** Whether every word of `query` is in the frontend or one of its backends; the empty query finds all. */
export function matches(maglevd: MaglevdModel, frontend: FrontendJson, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = searchText(maglevd, frontend);
  return words.every((word) => text.includes(word));
}

const texts = new WeakMap<FrontendJson, { backends: readonly unknown[]; text: string }>();

function searchText(maglevd: MaglevdModel, frontend: FrontendJson): string {
  const entries = frontend.pools.flatMap(({ backends }) => backends);
  const backends = entries.map(({ name }) => maglevd.backends.get(name));
  const known = texts.get(frontend);
  if (known?.backends.every((backend, index) => backend === backends[index])) return known.text;
  const about = (backend: BackendJson | undefined) =>
    backend ? `${backend.name} ${backend.address} ${backend.state} ${backend.code ?? ''}` : '';
  const { name, description = '', address, protocol, port, state } = frontend;
  const text = [maglevd.status.name, name, description, address, protocol, port ?? 'any', state]
    .concat(backends.map(about))
    .join(' ')
    .toLowerCase();
  texts.set(frontend, { backends, text });
  return text;
}
