// What changed between two configurations, by name. It must not know what runs.
import { isDeepStrictEqual } from 'node:util';
import type { Config, HealthCheck } from './config.ts';

export interface NameChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

export type BackendAspect = 'address' | 'healthcheck' | 'enabled';

export interface BackendChanges extends Omit<NameChanges, 'changed'> {
  readonly changed: readonly { readonly name: string; readonly aspects: readonly BackendAspect[] }[];
}

/** Names in the order of the configuration that has them; of changed things, of the new one. */
export interface ConfigDiff {
  readonly healthchecks: NameChanges;
  readonly backends: BackendChanges;
  readonly frontends: NameChanges;
  /** Keys as the file has them, such as `netns` and `flow-timeout`. */
  readonly settings: readonly string[];
}

export function diffConfig(before: Config, after: Config): ConfigDiff {
  const isSame = compareChecks();
  const aspectsOf = (name: string) => backendAspects(before, after, name, isSame);
  const backends = compareNames(before.backends, after.backends, (name) => aspectsOf(name).length > 0);
  return {
    healthchecks: compareNames(before.healthchecks, after.healthchecks, (name) => {
      return !isDeepStrictEqual(before.healthchecks.get(name), after.healthchecks.get(name));
    }),
    backends: {
      ...backends,
      changed: backends.changed.map((name) => ({ name, aspects: aspectsOf(name) })),
    },
    frontends: compareNames(before.frontends, after.frontends, (name) => {
      return !isDeepStrictEqual(before.frontends.get(name), after.frontends.get(name));
    }),
    settings: compareSettings(before, after),
  };
}

/** The health check that a backend's name stands for; undefined: static. */
export function resolveCheck(config: Config, backend: string): HealthCheck | undefined {
  const name = config.backends.get(backend)?.healthcheck;
  return name === undefined ? undefined : config.healthchecks.get(name);
}

/** Whether two health checks ask the same in the same rhythm: a new name alone changes nothing. */
export function sameCheck(a: HealthCheck | undefined, b: HealthCheck | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return isDeepStrictEqual({ ...a, name: '' }, { ...b, name: '' });
}

/** `sameCheck` for the backends of one reload: the few health checks that they share are compared once. */
export function compareChecks(): typeof sameCheck {
  const known = new Map<HealthCheck, Map<HealthCheck, boolean>>();
  return (a, b) => {
    if (a === undefined || b === undefined) return sameCheck(a, b);
    const results = known.get(a) ?? new Map<HealthCheck, boolean>();
    known.set(a, results);
    const result = results.get(b) ?? sameCheck(a, b);
    results.set(b, result);
    return result;
  };
}

function backendAspects(
  before: Config,
  after: Config,
  name: string,
  isSame: typeof sameCheck,
): readonly BackendAspect[] {
  const a = before.backends.get(name);
  const b = after.backends.get(name);
  const aspects: BackendAspect[] = [];
  if (a?.address !== b?.address) aspects.push('address');
  if (!isSame(resolveCheck(before, name), resolveCheck(after, name))) aspects.push('healthcheck');
  if (a?.enabled !== b?.enabled) aspects.push('enabled');
  return aspects;
}

function compareNames(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  isChanged: (name: string) => boolean,
): NameChanges {
  const added: string[] = [];
  const changed: string[] = [];
  for (const name of after.keys()) {
    if (!before.has(name)) added.push(name);
    else if (isChanged(name)) changed.push(name);
  }
  return { added, removed: [...before.keys()].filter((name) => !after.has(name)), changed };
}

function compareSettings(before: Config, after: Config): readonly string[] {
  const a = settings(before);
  const b = settings(after);
  return [...b.keys()].filter((key) => a.get(key) !== b.get(key));
}

function settings({ healthchecker, lb }: Config): ReadonlyMap<string, string | number | undefined> {
  return new Map<string, string | number | undefined>([
    ['transition-history', healthchecker.transitionHistory],
    ['netns', healthchecker.netns],
    ['ipv4-src-address', lb.ipv4SrcAddress],
    ['ipv6-src-address', lb.ipv6SrcAddress],
    ['sync-interval', lb.syncIntervalMs],
    ['sticky-buckets-per-core', lb.stickyBucketsPerCore],
    ['flow-timeout', lb.flowTimeoutMs],
    ['startup-min-delay', lb.startupMinDelayMs],
    ['startup-max-delay', lb.startupMaxDelayMs],
  ]);
}

/** One line per change, for logs and for the answer to a reload; none when nothing changed. */
export function describeDiff(diff: ConfigDiff): readonly string[] {
  const { settings, healthchecks, backends, frontends } = diff;
  return [
    ...settings.map((key) => `setting ${key} changed`),
    ...describeNames('health check', healthchecks),
    ...describeNames('backend', { ...backends, changed: [] }),
    ...backends.changed.map(({ name, aspects }) => `backend ${name} changed: ${aspects.join(', ')}`),
    ...describeNames('frontend', frontends),
  ];
}

function describeNames(what: string, { added, removed, changed }: NameChanges): readonly string[] {
  return [
    ...added.map((name) => `${what} ${name} added`),
    ...removed.map((name) => `${what} ${name} removed`),
    ...changed.map((name) => `${what} ${name} changed`),
  ];
}
