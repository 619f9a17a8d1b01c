// The world of a simulated run: what operators write in the file, how the backends behave, what the disk
// does. All of it is drawn from one seed.
import type { Prng } from '../../src/lib/prng.ts';
import { noOverrides, type Overrides } from '../../src/overrides/overrides.ts';
import type { OverridesStore } from '../../src/overrides/store.ts';
import type { FileValue } from './config-file.ts';

/** What the file says, before it becomes text. */
export interface FileModel {
  history: number;
  /** Number of the namespace to probe from; 0: the daemon's own. */
  netns: number;
  /** Seconds. */
  startup: { min: number; max: number };
  backends: Map<string, { address: string; check: string | undefined; enabled: boolean }>;
  checks: Map<
    string,
    { interval: number; fast: number; down: number; timeout: number; rise: number; fall: number }
  >;
  frontends: Map<string, FrontendModel>;
}

interface FrontendModel {
  pools: { backend: string; weight: number }[][];
  flushOnDown: boolean;
  tableLength: number;
  sticky: boolean;
}

/** Enough for every rule to meet; more would only be parsed again and again. */
const backendCountMax = 12;

export function pick<T>(prng: Prng, items: readonly T[]): T {
  return items[prng.below(items.length)] as T;
}

export function createFileModel(prng: Prng): FileModel {
  const model: FileModel = {
    history: 1 + prng.below(6),
    netns: prng.below(2),
    startup: { min: pick(prng, [0, 1, 2, 5]), max: pick(prng, [10, 30]) },
    backends: new Map(),
    checks: new Map(),
    frontends: new Map(),
  };
  for (let i = 0; i < 1 + prng.below(3); i++) model.checks.set(`check${i}`, drawCheck(prng));
  for (let i = 0; i < 3 + prng.below(5); i++) addBackend(prng, model);
  return model;
}

function drawCheck(prng: Prng) {
  const interval = pick(prng, [1000, 2000, 5000]);
  return {
    interval,
    fast: pick(prng, [500, 1000, interval]),
    down: pick(prng, [interval, 10_000]),
    timeout: pick(prng, [300, 1000, 1500]),
    rise: 1 + prng.below(3),
    fall: 1 + prng.below(4),
  };
}

/** Names and addresses are never used twice, so that an address tells which backend it was. */
export function addBackend(prng: Prng, model: FileModel): void {
  const number = Math.max(0, ...Array.from(model.backends.keys(), (name) => Number(name.slice(1)))) + 1;
  const name = `b${number}`;
  const check = prng.below(6) === 0 ? undefined : pick(prng, [...model.checks.keys()]);
  model.backends.set(name, { address: freshAddress(prng), check, enabled: prng.below(8) !== 0 });
  const frontend = `f${prng.below(3)}`;
  const present = model.frontends.get(frontend) ?? { pools: [[]], ...drawFrontend(prng) };
  const { pools } = present;
  const pool = prng.below(3) === 0 ? [] : (pools.at(-1) as { backend: string; weight: number }[]);
  pool.push({ backend: name, weight: pick(prng, [0, 50, 100]) });
  if (!pools.includes(pool)) pools.push(pool);
  // Now and then somebody serves as the last resort, too: of another frontend, or of another pool of this
  // one.
  if (prng.below(4) === 0) {
    pools.push([{ backend: pick(prng, [...model.backends.keys()]), weight: pick(prng, [1, 100]) }]);
  }
  model.frontends.set(frontend, { ...present, pools: pools.filter((p) => p.length > 0) });
}

function drawFrontend(prng: Prng): Omit<FrontendModel, 'pools'> {
  return {
    flushOnDown: prng.below(2) === 0,
    tableLength: pick(prng, [64, 128, 256]),
    sticky: prng.below(4) === 0,
  };
}

export function freshAddress(prng: Prng): string {
  return `10.${prng.below(250)}.${prng.below(250)}.${1 + prng.below(250)}`;
}

/** One edit of the file that keeps it valid. */
export function editFile(prng: Prng, model: FileModel): void {
  const name = pick(prng, [...model.backends.keys()]);
  const backend = model.backends.get(name);
  const check = model.checks.get(pick(prng, [...model.checks.keys()]));
  switch (prng.below(8)) {
    case 0:
      if (model.backends.size < backendCountMax) addBackend(prng, model);
      return;
    case 1:
      if (model.backends.size > 2) removeBackend(model, name);
      return;
    case 2:
      if (backend) backend.enabled = !backend.enabled;
      return;
    case 3:
      if (backend) backend.address = freshAddress(prng);
      return;
    case 4:
      if (check) Object.assign(check, drawCheck(prng));
      return;
    case 5:
      Object.assign(pick(prng, [...model.frontends.values()]), drawFrontend(prng));
      return;
    case 6:
      model.netns = prng.below(3);
      return;
    default:
      model.history = 1 + prng.below(6);
  }
}

function removeBackend(model: FileModel, name: string): void {
  model.backends.delete(name);
  for (const [frontend, present] of model.frontends) {
    const rest = present.pools
      .map((pool) => pool.filter((entry) => entry.backend !== name))
      .filter((pool) => pool.length > 0);
    if (rest.length === 0) model.frontends.delete(frontend);
    else model.frontends.set(frontend, { ...present, pools: rest });
  }
}

/** What the file says. */
export function fileValue(model: FileModel): FileValue {
  const { backends, checks, frontends, history, netns, startup } = model;
  const lb = {
    'ipv4-src-address': '10.255.0.1',
    'startup-min-delay': `${startup.min}s`,
    'startup-max-delay': `${startup.max}s`,
  };
  return {
    maglev: {
      healthchecker: { 'transition-history': history, ...(netns > 0 && { netns: `ns${netns}` }) },
      vpp: { lb },
      healthchecks: mapValues(checks, ({ interval, fast, down, timeout, rise, fall }) => ({
        ...{ type: 'http', port: 80, interval: `${interval}ms`, timeout: `${timeout}ms`, rise, fall },
        ...{ 'fast-interval': `${fast}ms`, 'down-interval': `${down}ms` },
      })),
      backends: mapValues(backends, ({ address, check, enabled }) => ({
        ...{ address, enabled },
        ...(check !== undefined && { healthcheck: check }),
      })),
      frontends: mapValues(frontends, frontendValue),
    },
  };
}

function frontendValue({ pools, flushOnDown, tableLength, sticky }: FrontendModel, index: number): FileValue {
  return {
    // Two share an address.
    address: `10.254.0.${index >> 1}`,
    protocol: 'tcp',
    port: 80 + index,
    'flush-on-down': flushOnDown,
    'new-flows-table-length': tableLength,
    'src-ip-sticky': sticky,
    pools: pools.map((pool, number) => ({
      name: `p${number}`,
      backends: Object.fromEntries(pool.map(({ backend, weight }) => [backend, { weight }])),
    })),
  };
}

function mapValues<T>(from: ReadonlyMap<string, T>, show: (item: T, index: number) => FileValue): FileValue {
  return Object.fromEntries([...from].map(([name, item], index) => [name, show(item, index)]));
}

/** A disk for overrides that outlives the daemon and can be full. */
export interface FakeDisk {
  full: boolean;
  createStore(): OverridesStore;
}

export function createFakeDisk(): FakeDisk {
  let stored: Overrides = noOverrides;
  const disk: FakeDisk = {
    full: false,
    createStore: () => ({
      load: async () => stored,
      async save(overrides) {
        await Promise.resolve();
        if (disk.full) {
          return {
            ok: false,
            failure: { code: 'ENOSPC', message: 'no space left on device', fileHolds: 'old' },
          };
        }
        stored = overrides;
        return { ok: true };
      },
    }),
  };
  return disk;
}
