// Warns of pools that can never serve. It must not refuse anything.
import type { Config, Frontend, Pool } from './config.ts';
import { quote } from './path.ts';
import { type Check, listSections, type Section } from './readers.ts';

/** Adds a warning to each pool of `frontend` that cannot come to serve, with the reason. */
export function advisePools(check: Check, section: Section, frontend: Frontend, config: Config): void {
  const sections = listSections(section, 'pools');
  const served = new Set<string>();
  let alwaysUp: { readonly backend: string; readonly pool: string } | undefined;
  for (const [index, pool] of frontend.pools.entries()) {
    const serving = weighted(pool);
    const reason =
      ownReason(pool, config) ??
      (alwaysUp &&
        `backend ${quote(alwaysUp.backend)} of pool ${quote(alwaysUp.pool)} is static, so always up`) ??
      (serving.every((name) => served.has(name))
        ? 'an earlier pool serves with each of its backends'
        : undefined);
    const at = sections[index];
    if (reason !== undefined && at !== undefined) {
      check.warnings.add(at.path, at.offset, `pool ${quote(pool.name)} never serves: ${reason}`);
    }
    for (const name of serving) served.add(name);
    const backend = serving.find((name) => isAlwaysUp(name, config));
    if (alwaysUp === undefined && backend !== undefined) alwaysUp = { backend, pool: pool.name };
  }
}

function weighted(pool: Pool): readonly string[] {
  return pool.backends.filter(({ weight }) => weight > 0).map(({ name }) => name);
}

function ownReason(pool: Pool, config: Config): string | undefined {
  const serving = weighted(pool);
  if (serving.length === 0) return 'all its weights are 0';
  if (serving.every((name) => config.backends.get(name)?.enabled === false))
    return 'its backends are not enabled';
  return undefined;
}

function isAlwaysUp(name: string, config: Config): boolean {
  const backend = config.backends.get(name);
  return backend?.enabled === true && backend.healthcheck === undefined;
}
