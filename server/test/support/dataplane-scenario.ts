// A simulated VPP with its stats, real backends on loopback and a real maglevd between them, and the wait
// until VPP holds what the test says it should. It must not know how maglevd gets there.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { LbStateJson, VppInfoJson } from '../../src/api/vpp-schemas.ts';
import { protocolWord } from '../../src/dataplane/lb-state.ts';
import { type Mutation, type Simulator, startSimulator } from '../../src/dataplane/simulator/simulator.ts';
import { type DemoServers, startDemoServers } from '../../src/demo/servers.ts';
import { realClock } from '../../src/lib/clock.ts';
import { loadTestNative } from './addon.ts';
import { eventually, makeDirectory, removeDirectory } from './guarded-process.ts';
import { askHttp, type HttpAnswer } from './http-request.ts';
import { type Maglevd, startMaglevd } from './maglevd.ts';

/** The four that are probed. */
export const addresses = {
  a: '127.44.0.1',
  b: '127.44.0.2',
  c: '127.44.0.3',
  d: '127.44.0.4',
} as const;
/** How long anything may take before it is a failure. */
export const patienceMs = 20_000;

export interface ConfigOptions {
  readonly port: number;
  /** Lines below `lb`. */
  readonly lb?: string;
  /** File weight of b in www. */
  readonly weightOfB?: number;
  readonly stickyOfWww6?: boolean;
  /** False: the all-port frontend is not there. */
  readonly withAllPorts?: boolean;
}

/** Each frontend as soon as its backends are known, however slow the machine is. */
const startAtOnce = 'startup-min-delay: 0s, startup-max-delay: 20s';

/**
 * Three frontends: `www` fails over from a and b to c, `www6` keeps clients on c and d, `bulk` has all ports
 * and two static IPv6 backends.
 */
export function configText(options: ConfigOptions): string {
  const { port, lb = startAtOnce, weightOfB = 50, stickyOfWww6 = true, withAllPorts = true } = options;
  const bulk = `
    bulk: { address: 198.51.100.81, pools: [{ name: only, backends: { s: {}, t: { weight: 30 } } }] }`;
  const probed = Object.entries(addresses).map(
    ([name, address]) => `\n    ${name}: { address: ${address}, healthcheck: web }`,
  );
  return `maglev:
  vpp:
    lb: { ipv4-src-address: 10.255.0.1, ipv6-src-address: 2001:db8::1, sync-interval: 1h, ${lb} }
  healthchecks:
    web:
      type: http
      port: ${port}
      interval: 100ms
      fast-interval: 50ms
      timeout: 1s
      rise: 2
      fall: 2
      params: { path: /healthz }
  backends:${probed.join('')}
    s: { address: '2001:db8:1::1' }
    t: { address: '2001:db8:1::2' }
  frontends:
    www:
      address: 198.51.100.80
      protocol: tcp
      port: 80
      pools:
        - { name: primary, backends: { a: {}, b: { weight: ${weightOfB} } } }
        - { name: standby, backends: { c: {} } }
    www6:
      address: '2001:db8::80'
      protocol: tcp
      port: 443
      src-ip-sticky: ${stickyOfWww6}
      pools: [{ name: only, backends: { c: {}, d: { weight: 20 } } }]${withAllPorts ? bulk : ''}
`;
}

/** Programmed weights by backend, by frontend. */
export type Weights = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What VPP is to hold when all is well. */
export const allWell = {
  www: { a: 10, b: 5, c: 0 },
  www6: { c: 10, d: 2 },
  bulk: { s: 10, t: 3 },
} as const satisfies Weights;

export interface Scenario {
  readonly simulator: Simulator;
  readonly servers: DemoServers;
  readonly stateDir: string;
  /** A maglevd on this VPP, killed at the end of the test; the next one on the same state directory. */
  start(options?: { readonly config?: string; readonly flags?: readonly string[] }): Promise<Maglevd>;
  /** Waits until API and model agree on these frontends, each in sync; nothing else may be there. */
  settled(maglevd: Maglevd, weights: Weights): Promise<LbStateJson>;
  /** What was asked of VPP, as text, since the last call. */
  takeMutations(): string[];
}

/** Everything but a maglevd. */
export async function startScenario(t: TestContext): Promise<Scenario> {
  const directory = makeDirectory('scenario');
  const servers = await startDemoServers(addresses);
  const simulator = await startSimulator({
    native: loadTestNative(),
    clock: realClock,
    apiPath: join(directory, 'api.sock'),
    statsPath: join(directory, 'stats.sock'),
  });
  const stateDir = join(directory, 'state');
  t.after(async () => {
    await simulator.stop();
    await servers.stop();
    removeDirectory(directory);
    assert.deepEqual(simulator.crashes, []);
  });
  let seen = 0;
  return {
    simulator,
    servers,
    stateDir,
    async start({ config = configText(servers), flags = [] } = {}) {
      const sockets = ['--vpp-api-addr', simulator.apiPath, '--vpp-stats-addr', `${simulator.statsPath}`];
      const maglevd = await startMaglevd({ config, stateDir, flags: [...sockets, ...flags] });
      t.after(() => maglevd.kill());
      return maglevd;
    },
    settled: (maglevd, weights) => settled(maglevd, simulator, weights),
    takeMutations() {
      const fresh = simulator.mutations.slice(seen).map(mutationText);
      seen = simulator.mutations.length;
      return fresh;
    },
  };
}

function mutationText({ name, summary, retval }: Mutation): string {
  return `${name} ${summary}${retval === 0 ? '' : ` = ${retval}`}`;
}

async function settled(maglevd: Maglevd, simulator: Simulator, weights: Weights): Promise<LbStateJson> {
  let last: unknown = 'no answer';
  try {
    return await eventually('VPP is in sync', patienceMs, async () => {
      const { status, body } = await askVpp(maglevd, 'GET', 'lb/state');
      last = { status, body };
      if (status !== 200) return undefined;
      const state: LbStateJson = JSON.parse(body);
      const given = weightsOf(state);
      const inSync = state.vips.every(
        (vip) => vip.inSync === (vip.frontend === undefined ? undefined : true),
      );
      const predicted = state.vips.flatMap((vip) =>
        vip.applicationServers.map((one) => one.predictedBuckets),
      );
      const buckets = state.vips.flatMap((vip) => vip.applicationServers.map((one) => one.buckets));
      const isWell = inSync && state.missingFrontends.length === 0 && isDeepStrictEqual(buckets, predicted);
      const model = modelVips(simulator);
      last = { given, inSync, missing: state.missingFrontends, buckets, predicted, model };
      if (!isWell || !isDeepStrictEqual(given, weights)) return undefined;
      return isDeepStrictEqual(state.vips.map(essence), model) ? state : undefined;
    });
  } catch (error) {
    const text = JSON.stringify({ wanted: weights, last }, undefined, 1);
    throw new Error(`${String(error)}\n${text}`, { cause: error });
  }
}

/** By frontend, or by prefix where it has none. */
function weightsOf({ vips }: LbStateJson): Weights {
  return Object.fromEntries(
    vips.map(({ frontend, prefix, applicationServers }) => [
      frontend ?? prefix,
      Object.fromEntries(
        applicationServers.map(({ backend, address, weight }) => [backend ?? address, weight]),
      ),
    ]),
  );
}

/** What the API and the model both can say of a VIP. */
function essence(vip: LbStateJson['vips'][number]) {
  const { prefix, protocol, port = 0, encap, srcIpSticky, newFlowsTableLength } = vip;
  const servers = vip.applicationServers.map(({ address, weight, buckets }) => ({
    address,
    weight,
    buckets,
  }));
  return { prefix, protocol, port, encap, srcIpSticky, newFlowsTableLength, servers };
}

/** In use alone, in the order of the API: all test addresses sort as their texts do, IPv4 first. */
function modelVips({ model }: Simulator) {
  const vips = model.vips().filter(({ used }) => used);
  const rows = vips.map((vip) => ({
    prefix: `${vip.address.text}/${vip.prefixLength}`,
    protocol: protocolWord(vip.protocol),
    port: vip.port,
    encap: vip.type.encap,
    srcIpSticky: vip.srcIpSticky,
    newFlowsTableLength: vip.newFlowsTableLength,
    servers: vip.applicationServers
      .filter(({ used }) => used)
      .map(({ address, weight, buckets }) => ({ address: address.text, weight, buckets }))
      .sort((a, b) => (a.address < b.address ? -1 : 1)),
  }));
  const order = ({ prefix }: { prefix: string }) => `${prefix.includes(':') ? 6 : 4}${prefix}`;
  return rows.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Any operation below /api/v1/vpp; any answer. */
export function askVpp(
  maglevd: Maglevd,
  method: 'GET' | 'POST',
  path: 'info' | 'lb/state' | 'lb/sync' | 'lb/counters',
  body?: object,
): Promise<HttpAnswer> {
  return askHttp(`${maglevd.apiUrl}/api/v1/vpp/${path}`, { method, ...(body && { body }) });
}

/** Waits for this state of the connection. */
export function connectionIs(maglevd: Maglevd, wanted: VppInfoJson['connection']): Promise<VppInfoJson> {
  return eventually(`VPP is ${wanted}`, patienceMs, async () => {
    const info = await maglevd.api<VppInfoJson>('/vpp/info');
    return info.connection === wanted ? info : undefined;
  });
}

/** Asserts a problem document, with `detail` as text or pattern. */
export function assertProblem(
  answer: HttpAnswer,
  status: number,
  code: string,
  detail: string | RegExp,
): void {
  const problem = JSON.parse(answer.body);
  assert.deepEqual(
    [answer.status, answer.headers['content-type'], problem.status, problem.code, problem.type],
    [status, 'application/problem+json', status, code, 'about:blank'],
    answer.body,
  );
  if (typeof detail === 'string') assert.equal(problem.detail, detail);
  else assert.match(problem.detail, detail);
}

/** A weight to set, or anything else in its place. */
export function putWeight(maglevd: Maglevd, place: string, body: object | string): Promise<HttpAnswer> {
  const [frontend, pool, backend] = place.split('/');
  const url = `${maglevd.apiUrl}/api/v1/frontends/${frontend}/pools/${pool}/backends/${backend}/weight`;
  const headers = { 'content-type': 'application/json' };
  return askHttp(url, { method: 'PUT', headers, body });
}
