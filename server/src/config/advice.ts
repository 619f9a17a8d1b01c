// Warnings about a configuration that is valid as a whole and still hardly meant.
// It must not refuse anything.
import type { ReadBackend } from './backend-rules.ts';
import type { Config, Frontend } from './config.ts';
import type { ReadFrontend } from './frontend-rules.ts';
import { quote } from './path.ts';
import { advisePools } from './pool-advice.ts';
import { type Check, openSection, type Section, warn } from './readers.ts';
import { adviseWeights } from './weight-advice.ts';

/** Adds the warnings of a whole configuration; `maglev` is its section in the file. */
export function advise(
  check: Check,
  maglev: Section,
  config: Config,
  frontends: readonly ReadFrontend[],
  backends: ReadonlyMap<string, ReadBackend>,
): void {
  adviseUnused(check, maglev, config);
  adviseLoops(check, config, backends);
  for (const { frontend, section } of frontends) {
    if (frontend === undefined) continue;
    advisePools(check, section, frontend, config);
    adviseWeights(check, section, frontend);
  }
}

function adviseUnused(check: Check, maglev: Section, config: Config): void {
  if (config.frontends.size === 0) warn(check, maglev, 'frontends', 'there are none: VPP gets no VIP');
  const usedBackends = new Set<string>();
  for (const frontend of config.frontends.values()) {
    for (const name of backendNames(frontend)) usedBackends.add(name);
  }
  const usedHealthChecks = new Set<string>();
  for (const backend of config.backends.values()) {
    if (backend.healthcheck !== undefined) usedHealthChecks.add(backend.healthcheck);
    if (usedBackends.has(backend.name)) continue;
    const probed = backend.enabled && backend.healthcheck !== undefined ? '; it is probed all the same' : '';
    warnName(check, openSection(maglev, 'backends'), backend.name, `no frontend uses it${probed}`);
  }
  for (const name of config.healthchecks.keys()) {
    if (usedHealthChecks.has(name)) continue;
    warnName(check, openSection(maglev, 'healthchecks'), name, 'no backend uses it');
  }
}

function backendNames(frontend: Frontend): readonly string[] {
  return frontend.pools.flatMap((pool) => pool.backends.map((backend) => backend.name));
}

function warnName(check: Check, names: Section, name: string, message: string): void {
  const { path, offset } = openSection(names, name);
  check.warnings.add(path, offset, message);
}

/** A backend that is a VIP itself: what VPP sends there comes back to VPP. */
function adviseLoops(check: Check, config: Config, backends: ReadonlyMap<string, ReadBackend>): void {
  const frontendByVip = new Map<string, string>();
  for (const { address, name } of config.frontends.values()) frontendByVip.set(address, name);
  for (const { section, address } of backends.values()) {
    const frontend = frontendByVip.get(address?.text ?? '');
    if (frontend !== undefined)
      warn(check, section, 'address', `is also the VIP of frontend ${quote(frontend)}`);
  }
}
