// Rules of the `backends` section. It must not know frontends.
import type { Address } from '../lib/address.ts';
import { nearestName } from '../lib/near-name.ts';
import type { Backend } from './config.ts';
import { quote } from './path.ts';
import {
  type Check,
  checkRequired,
  complain,
  openNamed,
  readAddress,
  readBoolean,
  readText,
  type Section,
} from './readers.ts';
import { anyText } from './text-rules.ts';

/** A backend as the file has it; without `address` and `backend` when its address is wrong. */
export interface ReadBackend {
  readonly section: Section;
  readonly address: Address | undefined;
  readonly backend: Backend | undefined;
}

/** All backends of the file, in order. `healthChecks` holds the names that a backend may refer to. */
export function readBackends(
  check: Check,
  section: Section,
  healthChecks: ReadonlyMap<string, unknown>,
): Map<string, ReadBackend> {
  const backends = new Map<string, ReadBackend>();
  for (const [name, entry] of openNamed(check, section)) {
    backends.set(name, readBackend(check, name, entry, healthChecks));
  }
  return backends;
}

function readBackend(
  check: Check,
  name: string,
  section: Section,
  healthChecks: ReadonlyMap<string, unknown>,
): ReadBackend {
  checkRequired(check, section);
  const address = readAddress(check, section, 'address');
  const healthcheck = readText(check, section, 'healthcheck', anyText);
  if (healthcheck !== undefined && !healthChecks.has(healthcheck)) {
    complain(check, section, 'healthcheck', () => describeMissing('health check', healthcheck, healthChecks));
  }
  const backend = address && {
    name,
    address: address.text,
    family: address.family,
    ...(healthcheck !== undefined && { healthcheck }),
    enabled: readBoolean(section, 'enabled') ?? true,
  };
  return { section, address, backend };
}

/** "there is no backend `ngnix0`; did you mean `nginx0`?" */
export function describeMissing(what: string, name: string, known: ReadonlyMap<string, unknown>): string {
  const nearest = nearestName(name, known.keys());
  const hint = nearest === undefined ? '' : `; did you mean ${quote(nearest)}?`;
  return `there is no ${what} ${quote(name)}${hint}`;
}
