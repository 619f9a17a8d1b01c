// What operators set at run time, as one immutable value beside the configuration; and what it means for
// a backend and a weight. It must not know files, timers, or how a backend's health is decided.
//
// An entry remembers the file's value at the time it was made. It stands only while the file still says
// that: so a reload and a restart decide alike, and an entry that `retainOverrides` has not yet dropped has
// no effect either.
import type { Backend, Config, PoolBackend } from '../config/config.ts';

/** What an operator, or the file, wants of a backend. Nothing else is said about its health. */
export type AdminState = 'active' | 'paused' | 'disabled';

/** Who set an entry, when, and why. */
export interface OperatorNote {
  readonly by: string;
  /** Wall clock, milliseconds since the Unix epoch, an integer. */
  readonly at: number;
  readonly reason?: string;
}

/** What the entry says beside the file's `enabled` at the time; pairs that would say nothing do not exist. */
export type BackendOverrideValue =
  | { readonly admin: 'paused'; readonly fileEnabled: boolean }
  | { readonly admin: 'disabled'; readonly fileEnabled: true }
  | { readonly admin: 'enabled'; readonly fileEnabled: false };

export type BackendOverride = { readonly kind: 'backend'; readonly backend: string } & OperatorNote &
  BackendOverrideValue;

/** The names that a runtime weight belongs to. */
export interface WeightTarget {
  readonly frontend: string;
  readonly pool: string;
  readonly backend: string;
}

/** `weight` and `fileWeight` are 0..100 and differ. */
export interface WeightOverride extends WeightTarget, OperatorNote {
  readonly kind: 'weight';
  readonly weight: number;
  readonly fileWeight: number;
}

export type OverrideEntry = BackendOverride | WeightOverride;

/** Every edit gives a new value, or the same object when nothing changes. */
export interface Overrides {
  /** By backend name. */
  readonly backends: ReadonlyMap<string, BackendOverride>;
  /** By `weightKey`. */
  readonly weights: ReadonlyMap<string, WeightOverride>;
}

export const noOverrides: Overrides = Object.freeze({ backends: new Map(), weights: new Map() });

/** The key of a weight entry; names hold no slash. */
export function weightKey(frontend: string, pool: string, backend: string): string {
  return `${frontend}/${pool}/${backend}`;
}

/** What the file and the operator together want of `backend`. */
export function effectiveAdmin(backend: Pick<Backend, 'name' | 'enabled'>, overrides: Overrides): AdminState {
  const entry = overrides.backends.get(backend.name);
  if (entry === undefined || entry.fileEnabled !== backend.enabled) {
    return backend.enabled ? 'active' : 'disabled';
  }
  return entry.admin === 'enabled' ? 'active' : entry.admin;
}

/**
 * The configured weight of a backend in a pool, 0..100, with an operator's weight put in its place.
 * (The effective weight, which depends on health, is derived from this one elsewhere.)
 */
export function runtimeWeight(
  frontend: string,
  pool: string,
  backend: PoolBackend,
  overrides: Overrides,
): number {
  if (overrides.weights.size === 0) return backend.weight;
  const entry = overrides.weights.get(weightKey(frontend, pool, backend.name));
  return entry !== undefined && entry.fileWeight === backend.weight ? entry.weight : backend.weight;
}

/** The value with `entry` in it, replacing the one of the same backend or the same weight. */
export function withEntry(overrides: Overrides, entry: OverrideEntry): Overrides {
  if (entry.kind === 'backend') {
    const backends = new Map(overrides.backends).set(entry.backend, Object.freeze(entry));
    return Object.freeze({ backends, weights: overrides.weights });
  }
  const key = weightKey(entry.frontend, entry.pool, entry.backend);
  const weights = new Map(overrides.weights).set(key, Object.freeze(entry));
  return Object.freeze({ backends: overrides.backends, weights });
}

/** The value without the backend's entry; the same object when there is none. */
export function withoutBackend(overrides: Overrides, backend: string): Overrides {
  if (!overrides.backends.has(backend)) return overrides;
  const backends = new Map(overrides.backends);
  backends.delete(backend);
  return Object.freeze({ backends, weights: overrides.weights });
}

/** The value without this weight's entry; the same object when there is none. */
export function withoutWeight(overrides: Overrides, target: WeightTarget): Overrides {
  const key = weightKey(target.frontend, target.pool, target.backend);
  if (!overrides.weights.has(key)) return overrides;
  const weights = new Map(overrides.weights);
  weights.delete(key);
  return Object.freeze({ backends: overrides.backends, weights });
}

/** An entry that a configuration made void, and a sentence for the log that says why. */
export interface DroppedOverride {
  readonly entry: OverrideEntry;
  readonly why: string;
}

/**
 * Drops what `config` made void: entries whose names are gone, and those whose value the file itself changed.
 * The same object comes back when nothing is dropped; `dropped` is in the order of `listOverrides`.
 */
export function retainOverrides(
  overrides: Overrides,
  config: Config,
): { readonly overrides: Overrides; readonly dropped: readonly DroppedOverride[] } {
  const dropped: DroppedOverride[] = [];
  const backends = new Map(overrides.backends);
  const weights = new Map(overrides.weights);
  for (const entry of listOverrides(overrides)) {
    const why = entry.kind === 'backend' ? backendVoid(entry, config) : weightVoid(entry, config);
    if (why === undefined) continue;
    dropped.push({ entry, why });
    if (entry.kind === 'backend') backends.delete(entry.backend);
    else weights.delete(weightKey(entry.frontend, entry.pool, entry.backend));
  }
  return { overrides: dropped.length === 0 ? overrides : Object.freeze({ backends, weights }), dropped };
}

/** Every entry, in a stable order: backends by name, then weights by frontend, pool and backend. */
export function listOverrides(overrides: Overrides): OverrideEntry[] {
  const backends = [...overrides.backends.values()].sort((a, b) => compareNames(a.backend, b.backend));
  const weights = [...overrides.weights.values()].sort(byTarget);
  return [...backends, ...weights];
}

function backendVoid(entry: BackendOverride, config: Config): string | undefined {
  const what = `backend "${entry.backend}"`;
  const backend = config.backends.get(entry.backend);
  if (backend === undefined) {
    return `${what} is no longer in the configuration: its override "${entry.admin}" is dropped`;
  }
  if (backend.enabled === entry.fileEnabled) return undefined;
  const change = `from ${entry.fileEnabled} to ${backend.enabled}`;
  return `the file changed enabled of ${what} ${change}: its override "${entry.admin}" is dropped`;
}

function weightVoid(entry: WeightOverride, config: Config): string | undefined {
  const end = `the weight ${entry.weight} set for backend "${entry.backend}" is dropped`;
  const frontend = config.frontends.get(entry.frontend);
  if (frontend === undefined) return `frontend "${entry.frontend}" is no longer in the configuration: ${end}`;
  const place = `pool "${entry.pool}" of frontend "${entry.frontend}"`;
  const pool = frontend.pools.find(({ name }) => name === entry.pool);
  if (pool === undefined) return `${place} is no longer in the configuration: ${end}`;
  const backend = pool.backends.find(({ name }) => name === entry.backend);
  if (backend === undefined) return `${place} no longer lists the backend: ${end}`;
  if (backend.weight === entry.fileWeight) return undefined;
  return `the file changed the weight in ${place} from ${entry.fileWeight} to ${backend.weight}: ${end}`;
}

function byTarget(a: WeightTarget, b: WeightTarget): number {
  return (
    compareNames(a.frontend, b.frontend) || compareNames(a.pool, b.pool) || compareNames(a.backend, b.backend)
  );
}

/** By code unit, so that no locale of a machine changes the order. */
function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
