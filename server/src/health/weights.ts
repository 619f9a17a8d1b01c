// Which pool serves and with which weights: the truth table of states, in one place.
// Pure: it knows a frontend's configuration and states, not how either came to be.
import type { Frontend, PoolBackend } from '../config/config.ts';
import type { BackendState } from './backend-health.ts';

/**
 * What the weights are derived from. `weightOf` is the configured weight with a runtime weight applied,
 * 0..100.
 */
export interface WeightInputs {
  readonly stateOf: (backend: string) => BackendState;
  readonly weightOf: (pool: string, backend: PoolBackend) => number;
}

/** What a backend gets in one pool, and whether its flows are to be flushed when it enters this state. */
export interface EffectiveWeight {
  readonly weight: number;
  readonly flush: boolean;
}

export interface EffectiveBackend extends EffectiveWeight {
  readonly name: string;
  readonly state: BackendState;
  /** The weight that would count if the pool served. */
  readonly configuredWeight: number;
}

export interface EffectivePool {
  readonly name: string;
  readonly active: boolean;
  readonly backends: readonly EffectiveBackend[];
}

/**
 * The truth table. `weight` is what the backend has in that pool.
 *
 * | state            | active pool | other pool | flush               |
 * |------------------|-------------|------------|---------------------|
 * | up               | weight      | 0          | no                  |
 * | unknown, paused  | 0           | 0          | no                  |
 * | down             | 0           | 0          | iff flush-on-down   |
 * | disabled         | 0           | 0          | yes                 |
 * | removed          | 0           | 0          | yes (AS is deleted) |
 */
export function effectiveWeight(
  state: BackendState,
  weight: number,
  inActivePool: boolean,
  flushOnDown: boolean,
): EffectiveWeight {
  switch (state) {
    case 'up':
      return { weight: inActivePool ? weight : 0, flush: false };
    case 'unknown':
    case 'paused':
      return { weight: 0, flush: false };
    case 'down':
      return { weight: 0, flush: flushOnDown };
    case 'disabled':
    case 'removed':
      return { weight: 0, flush: true };
  }
}

/** Index of the first pool with an up backend whose weight there is above 0; none: the first pool. */
export function activePoolIndex(frontend: Frontend, inputs: WeightInputs): number {
  const index = frontend.pools.findIndex((pool) =>
    pool.backends.some(
      (backend) => inputs.stateOf(backend.name) === 'up' && inputs.weightOf(pool.name, backend) > 0,
    ),
  );
  return Math.max(index, 0);
}

/** All pools of a frontend, in order, with the effective weight of each of their backends. */
export function effectivePools(frontend: Frontend, inputs: WeightInputs): readonly EffectivePool[] {
  const activeIndex = activePoolIndex(frontend, inputs);
  return frontend.pools.map((pool, index) => ({
    name: pool.name,
    active: index === activeIndex,
    backends: pool.backends.map((backend) => {
      const { name } = backend;
      const state = inputs.stateOf(name);
      const configuredWeight = inputs.weightOf(pool.name, backend);
      const effective = effectiveWeight(state, configuredWeight, index === activeIndex, frontend.flushOnDown);
      return { name, state, configuredWeight, ...effective };
    }),
  }));
}
