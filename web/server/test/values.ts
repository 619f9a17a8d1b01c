// Resources as REST gives them, for tests of rules.
import type { BackendJson, FrontendJson, PoolBackendJson } from '../../src/contract.ts';

const at = '2026-11-23T12:00:00.000Z';

export function backendJson(name: string, more: Partial<BackendJson> = {}): BackendJson {
  return {
    ...{ name, address: `192.0.2.${name.length}`, healthcheck: 'http-ok', enabled: true, state: 'up' },
    ...{ since: at, counter: { value: 4, rise: 2, fall: 3 }, transitions: [], frontends: ['www'] },
    ...more,
  };
}

type Server = Pick<PoolBackendJson, 'name' | 'weight'> & Partial<PoolBackendJson>;

/** Pools by name; what is not said of a backend is as if it were up and served. */
export function frontendJson(
  name: string,
  pools: Readonly<Record<string, readonly Server[]>>,
  more: Partial<FrontendJson> = {},
): FrontendJson {
  const [activePool = ''] = Object.keys(pools);
  return {
    ...{ name, address: '198.51.100.80', protocol: 'tcp', port: 80, state: 'up', since: at, activePool },
    ...{ srcIpSticky: false, flushOnDown: true, encap: 'gre4', newFlowsTableLength: 1024, weightSteps: 10 },
    pools: Object.entries(pools).map(([pool, backends]) => ({
      name: pool,
      backends: backends.map((backend) => {
        const effectiveWeight = pool === activePool ? backend.weight : 0;
        const programmedWeight = Math.round(effectiveWeight / 10);
        return { state: 'up', effectiveWeight, programmedWeight, ...backend };
      }),
    })),
    ...more,
  };
}
