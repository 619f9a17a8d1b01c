// What a reload may do to operators' decisions, by a rule of its own: those stay whose value the file did not
// change, the others go. And which backends of a frontend serve, worked out by hand. It must not call the
// product's rules for either.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Config, Frontend } from '../../src/config/config.ts';
import type { Daemon } from '../../src/daemon.ts';
import { listOverrides, type OverrideEntry } from '../../src/overrides/overrides.ts';

/** @param before the entries before the reload */
export function checkOverridesAfterReload(before: readonly OverrideEntry[], { control }: Daemon): void {
  const after = listOverrides(control.overrides());
  for (const entry of before) {
    const isThere = after.some((other) => isDeepStrictEqual(other, entry));
    const what = `the override ${JSON.stringify(entry)}`;
    assert.equal(isThere, isUnchanged(entry, control.config()), `${what} after the reload`);
  }
}

function isUnchanged(entry: OverrideEntry, config: Config): boolean {
  if (entry.kind === 'backend') return config.backends.get(entry.backend)?.enabled === entry.fileEnabled;
  const pools = config.frontends.get(entry.frontend)?.pools ?? [];
  const pool = pools.find(({ name }) => name === entry.pool);
  return pool?.backends.find(({ name }) => name === entry.backend)?.weight === entry.fileWeight;
}

/** Names of the backends that serve: those of the first pool that has one up with a weight. */
export function servingByHand(frontend: Frontend, { control }: Daemon): string[] {
  const entries = listOverrides(control.overrides());
  for (const pool of frontend.pools) {
    const serving = pool.backends.filter(({ name, weight }) => {
      const entry = entries.find(
        (one) =>
          one.kind === 'weight' &&
          one.frontend === frontend.name &&
          one.pool === pool.name &&
          one.backend === name &&
          one.fileWeight === weight,
      );
      const actual = entry?.kind === 'weight' ? entry.weight : weight;
      return actual > 0 && control.checker().state(name) === 'up';
    });
    if (serving.length > 0) return serving.map(({ name }) => name);
  }
  return [];
}
