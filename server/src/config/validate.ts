// The semantic stage: a document of the right shape in, a configuration out, or all that is wrong with it.
// It must not know YAML text or files.
import { advise } from './advice.ts';
import { readBackends } from './backend-rules.ts';
import type { Backend, Config, Frontend } from './config.ts';
import type { DocumentNode } from './document.ts';
import { type ReadFrontend, readFrontends } from './frontend-rules.ts';
import { readHealthChecks } from './healthcheck-rules.ts';
import { readHealthChecker, readLb } from './lb-rules.ts';
import { type Check, checkRequired, openRoot, openSection } from './readers.ts';
import { rootSchema } from './schema.ts';
import { checkVips } from './vip-rules.ts';

/**
 * The configuration that `root` says. It counts only when no error was added to `check`: until then, values
 * that were wrong are filled with others.
 */
export function validate(check: Check, root: DocumentNode): Config {
  const file = openRoot(root, rootSchema);
  checkRequired(check, file);
  const maglev = openSection(file, 'maglev');
  const healthCheckSection = openSection(maglev, 'healthchecks');
  const healthchecks = readHealthChecks(check, healthCheckSection);
  const readBackendMap = readBackends(check, openSection(maglev, 'backends'), healthCheckSection.entries);
  const readFrontendList = readFrontends(check, openSection(maglev, 'frontends'), readBackendMap);
  checkVips(check, readFrontendList);
  const backends = new Map<string, Backend>();
  for (const [name, { backend }] of readBackendMap) if (backend !== undefined) backends.set(name, backend);
  const frontends = new Map<string, Frontend>();
  for (const { name, frontend } of readFrontendList)
    if (frontend !== undefined) frontends.set(name, frontend);
  const config: Config = {
    healthchecker: readHealthChecker(check, openSection(maglev, 'healthchecker')),
    lb: readLb(check, openSection(openSection(maglev, 'vpp'), 'lb'), familiesInUse(readFrontendList)),
    healthchecks,
    backends,
    frontends,
  };
  if (check.errors.count() === 0) advise(check, maglev, config, readFrontendList, readBackendMap);
  return config;
}

/** Of each family of backends, the first frontend that has one. */
function familiesInUse(frontends: readonly ReadFrontend[]): ReadonlyMap<4 | 6, string> {
  const families = new Map<4 | 6, string>();
  for (const { name, backendFamily } of frontends) {
    if (backendFamily !== undefined && !families.has(backendFamily)) families.set(backendFamily, name);
  }
  return families;
}
