// A frontend's state, derived each time from the weights of its backends; nobody stores it.
import type { Frontend } from '../config/config.ts';
import { type EffectivePool, effectivePools, type WeightInputs } from './weights.ts';

export type FrontendState = 'unknown' | 'up' | 'down';
export const frontendStates = ['unknown', 'up', 'down'] as const;

export interface FrontendStatus {
  readonly state: FrontendState;
  /** Name of the pool whose weights count. */
  readonly activePool: string;
  readonly pools: readonly EffectivePool[];
}

/** Up iff any effective weight is above 0; unknown iff no backend has left unknown; else down. */
export function frontendStatus(frontend: Frontend, inputs: WeightInputs): FrontendStatus {
  const pools = effectivePools(frontend, inputs);
  const backends = pools.flatMap((pool) => pool.backends);
  const activePool = pools.find((pool) => pool.active)?.name ?? '';
  if (backends.some((backend) => backend.weight > 0)) return { state: 'up', activePool, pools };
  const allUnknown = backends.every((backend) => backend.state === 'unknown');
  return { state: allUnknown ? 'unknown' : 'down', activePool, pools };
}
