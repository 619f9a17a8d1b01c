// From questions to calls, and from answers of REST to what a picture holds. It must not know when to ask.
import { ApiError } from '@vpp-maglev/server/errors';
import type { BackendJson, FrontendJson, LbCountersJson, VppInfoJson } from '../src/contract.ts';
import type { Answers } from './picture.ts';
import type { Question } from './questions.ts';
import type { Json, MaglevdSource } from './source.ts';

type Asked = Pick<MaglevdSource, 'call'>;

/** Rejects with ApiError when the maglevd cannot be asked. */
export async function ask(source: Asked, which: readonly Question[]): Promise<Answers> {
  const [backends, frontends, vpp, counters, drift] = await Promise.all([
    which.includes('backends') ? source.call('ListBackends', {}) : undefined,
    which.includes('frontends') ? source.call('ListFrontends', {}) : undefined,
    which.includes('vpp') ? source.call('GetVPPInfo', {}) : undefined,
    which.includes('counters') ? orNothing(source.call('GetVPPLBCounters', {})) : undefined,
    which.includes('drift') ? askDrift(source) : undefined,
  ]);
  return {
    ...(backends && { backends: backends['backends'] as readonly BackendJson[] }),
    ...(frontends && { frontends: frontends['frontends'] as readonly FrontendJson[] }),
    ...(vpp && { vpp: vpp as unknown as VppInfoJson }),
    ...(which.includes('counters') && { counters: counters as unknown as LbCountersJson | undefined }),
    ...(drift && { drift }),
  };
}

/** Names of frontends whose VIP is not as it should be. Without a VPP that can be read, none are known. */
async function askDrift(source: Asked): Promise<readonly string[]> {
  const state = await orNothing(source.call('GetVPPLBState', {}));
  if (state === undefined) return [];
  const vips = state['vips'] as readonly { readonly inSync?: boolean; readonly frontend?: string }[];
  const differing = vips.flatMap(({ inSync, frontend }) =>
    inSync === false && frontend !== undefined ? [frontend] : [],
  );
  const missing = (state['missingFrontends'] ?? []) as readonly string[];
  return [...new Set([...differing, ...missing])].sort();
}

/** Without a connected VPP there is no answer; a maglevd that is gone shows in the others. */
async function orNothing(answer: Promise<Json>): Promise<Json | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'unavailable') return undefined;
    throw error;
  }
}
