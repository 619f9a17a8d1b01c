// Configurations and override values for the tests of the overrides: by hand, and drawn by fast-check.
import fc from 'fast-check';
import type { Backend, Config, Frontend } from '../../src/config/config.ts';
import type {
  BackendOverride,
  BackendOverrideValue,
  OperatorNote,
  Overrides,
  WeightOverride,
} from '../../src/overrides/overrides.ts';
import { noOverrides, weightKey, withEntry } from '../../src/overrides/overrides.ts';

/** `frontends`: name -> pool -> backend -> weight. */
export interface ConfigSketch {
  readonly backends: Readonly<Record<string, boolean>>;
  readonly frontends?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;
}

/** A configuration of which only names, `enabled` and weights are told; the rest is plain. */
export function sketchConfig({ backends, frontends = {} }: ConfigSketch): Config {
  return {
    healthchecker: { transitionHistory: 5 },
    lb: {
      syncIntervalMs: 30_000,
      stickyBucketsPerCore: 65_536,
      flowTimeoutMs: 40_000,
      startupMinDelayMs: 5_000,
      startupMaxDelayMs: 30_000,
    },
    healthchecks: new Map(),
    backends: new Map(
      Object.entries(backends).map(([name, enabled]): [string, Backend] => [
        name,
        { name, address: '127.0.0.1', family: 4, enabled },
      ]),
    ),
    frontends: new Map(Object.entries(frontends).map(([name, pools]) => [name, sketchFrontend(name, pools)])),
  };
}

function sketchFrontend(
  name: string,
  pools: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Frontend {
  return {
    name,
    address: '127.0.0.2',
    family: 4,
    protocol: 'any',
    srcIpSticky: false,
    flushOnDown: true,
    newFlowsTableLength: 16_384,
    weightSteps: 10,
    pools: Object.entries(pools).map(([pool, weights]) => ({
      name: pool,
      backends: Object.entries(weights).map(([backend, weight]) => ({ name: backend, weight })),
    })),
  };
}

export const anyName = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);

// Not fast-check's own unit 'binary': its table of all characters takes a second to build.
const anyCharacter = fc
  .integer({ min: 0x20, max: 0x10ffff })
  .filter((point) => point < 0xd800 || point > 0xdfff)
  .map((point) => String.fromCodePoint(point).replace(/[\p{Cc}\p{Zl}\p{Zp}]/u, '?'));
const printable = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 100 });

/** Notes as actions accept them. */
export const anyNote: fc.Arbitrary<OperatorNote> = fc
  .record({
    by: printable,
    at: fc.integer({ min: 0, max: 253_402_300_799_999 }),
    reason: fc.option(printable, { nil: undefined }),
  })
  .map(({ by, at, reason }) => (reason === undefined ? { by, at } : { by, at, reason }));

const anyBackendValue = fc.constantFrom<BackendOverrideValue>(
  { admin: 'paused', fileEnabled: true },
  { admin: 'paused', fileEnabled: false },
  { admin: 'disabled', fileEnabled: true },
  { admin: 'enabled', fileEnabled: false },
);
const anyWeight = fc.integer({ min: 0, max: 100 });

/** Any value that can exist, with names from `name`. */
export function anyOverrides(name: fc.Arbitrary<string>): fc.Arbitrary<Overrides> {
  const backend = fc
    .tuple(name, anyBackendValue, anyNote)
    .map(([backend, value, note]): BackendOverride => ({ kind: 'backend', backend, ...value, ...note }));
  const weight = fc
    .record({
      frontend: name,
      pool: name,
      backend: name,
      weight: anyWeight,
      fileWeight: anyWeight,
      note: anyNote,
    })
    .filter(({ weight, fileWeight }) => weight !== fileWeight)
    .map(({ note, ...rest }): WeightOverride => ({ kind: 'weight', ...rest, ...note }));
  return fc.array(fc.oneof(backend, weight), { maxLength: 12 }).map((entries) => {
    return entries.reduce<Overrides>(withEntry, noOverrides);
  });
}

const fewNames = ['alpha', 'beta', 'gamma'] as const;
export const anyFewName = fc.constantFrom<string>(...fewNames);

/** Configurations over three names, so that overrides over the same names often meet them. */
export const anyConfig: fc.Arbitrary<Config> = fc
  .record({
    backends: fc.dictionary(anyFewName, fc.boolean(), { noNullPrototype: true }),
    frontends: fc.dictionary(
      anyFewName,
      fc.dictionary(anyFewName, fc.dictionary(anyFewName, anyWeight, { noNullPrototype: true }), {
        noNullPrototype: true,
      }),
      { noNullPrototype: true },
    ),
  })
  .map(sketchConfig);

/** Every weight of a configuration, with where it stands. */
export function weightsOf(
  config: Config,
): { key: string; frontend: string; pool: string; backend: string; weight: number }[] {
  return [...config.frontends.values()].flatMap((frontend) =>
    frontend.pools.flatMap((pool) =>
      pool.backends.map(({ name, weight }) => ({
        key: weightKey(frontend.name, pool.name, name),
        frontend: frontend.name,
        pool: pool.name,
        backend: name,
        weight,
      })),
    ),
  );
}
