// What a change would do, before anybody does it: asked of the maglevd's resources as they are now, worked
// out by the table's rule. Nothing is changed.
import { ApiError } from '@vpp-maglev/server/errors';
import type {
  BackendJson,
  ChangePreview,
  ChangeRequest,
  FrontendJson,
  PoolBackendJson,
} from '../src/contract.ts';
import { ask } from './ask.ts';
import { type Decided, summarise, type Told } from './preview-text.ts';
import { compareSpreads, spreadAfter, spreadNow } from './shares.ts';
import type { MaglevdSource } from './source.ts';

/**
 * Lets others have their turn: a table takes milliseconds, and the daemon that counts it has probes to
 * send.
 */
export type TakeTurns = () => Promise<void>;

/** Rejects with ApiError when the maglevd cannot be asked, or the change names what is not there. */
export async function previewChange(
  source: Pick<MaglevdSource, 'name' | 'call'>,
  change: ChangeRequest,
  takeTurns: TakeTurns,
): Promise<ChangePreview> {
  const { operation, request } = change;
  if (operation === 'SyncVPPLBState') {
    const { drift = [] } = await ask(source, ['drift']);
    return { summary: summarise({ t: 'sync', frontend: wordOf(request, 'frontend'), drift }), frontends: [] };
  }
  if (operation === 'ReloadConfig' || operation === 'CheckConfig') {
    return { summary: summarise({ t: operation, maglevd: source.name }), frontends: [] };
  }
  const { backends = [], frontends = [] } = await ask(source, ['backends', 'frontends']);
  return previewBackend({ operation, request }, backends, frontends, takeTurns);
}

type BackendChange = Pick<ChangeRequest, 'operation' | 'request'>;
type Fields = ChangeRequest['request'];

function wordOf(request: Fields, name: string): string | undefined {
  const value = request[name];
  return typeof value === 'string' ? value : undefined;
}

/** The same for the operations on one backend, from resources. */
export async function previewBackend(
  { operation, request }: BackendChange,
  backends: readonly BackendJson[],
  frontends: readonly FrontendJson[],
  takeTurns: TakeTurns,
): Promise<ChangePreview> {
  const name = wordOf(request, 'backend') ?? '';
  const backend = backends.find((each) => each.name === name);
  if (!backend) throw new ApiError('not_found', `backend ${JSON.stringify(name)}: no such backend`);
  const intent = intentOf(operation, request, backend, frontends);
  if ('summary' in intent) return { summary: intent.summary, frontends: [] };
  const addresses = new Map(backends.map((each) => [each.name, each.address]));
  const effects: Told[] = [];
  for (const frontend of frontends) {
    if (!isMeant(frontend, name, request, operation)) continue;
    effects.push(effectOn(frontend, intent, addresses));
    await takeTurns();
  }
  const summary = summarise({ t: 'backend', operation, backend, intent, effects });
  return { summary, frontends: effects.map(({ poolBefore: _, poolAfter: __, ...effect }) => effect) };
}

function isMeant(
  frontend: FrontendJson,
  backend: string,
  request: Fields,
  operation: ChangeRequest['operation'],
): boolean {
  if (operation === 'SetFrontendPoolBackendWeight') return frontend.name === request['frontend'];
  return frontend.pools.some((pool) => pool.backends.some(({ name }) => name === backend));
}

/** What becomes of the backend, or the sentence that says why nothing does. */
function intentOf(
  operation: ChangeRequest['operation'],
  request: Fields,
  { name, state, healthcheck }: BackendJson,
  frontends: readonly FrontendJson[],
): Decided | { readonly summary: string } {
  // A static backend has no probe to wait for.
  const afterProbe = healthcheck === undefined ? 'is up at once' : 'is probed again';
  switch (operation) {
    case 'PauseBackend':
      if (state === 'disabled') return { summary: `${name} is disabled: enable it before it can be paused.` };
      if (state === 'paused') return { summary: `${name} is paused already: nothing changes.` };
      return { backend: name, state: 'paused', cuts: false };
    case 'DisableBackend':
      if (state === 'disabled') return { summary: `${name} is disabled already: nothing changes.` };
      return { backend: name, state: 'disabled', cuts: true };
    case 'ResumeBackend':
      if (state === 'disabled') return { summary: `${name} is disabled: enable it; it cannot be resumed.` };
      if (state !== 'paused') return { summary: `${name} is not paused: nothing changes.` };
      return { backend: name, state: 'up', cuts: false };
    case 'EnableBackend':
      if (state !== 'disabled') return { summary: `${name} is not disabled: nothing changes.` };
      return { backend: name, state: 'up', cuts: false };
    case 'SetFrontendPoolBackendWeight':
      return weightIntent(request, name, frontends);
    default:
      return { summary: `${name} ${afterProbe}.` };
  }
}

function weightIntent(
  request: Fields,
  backend: string,
  frontends: readonly FrontendJson[],
): Decided | { readonly summary: string } {
  const place = findPlace(request, backend, frontends);
  const { pool, held } = place;
  const { weight, reset = false, flush = false } = request;
  if (reset === true && held.fileWeight === undefined && weight === undefined) {
    return { summary: `${backend} has no runtime weight in pool ${pool}: it stays at ${held.weight}.` };
  }
  const value = reset === true ? held.fileWeight : weight;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 100) {
    throw new ApiError('invalid_argument', 'give a weight of 0 to 100, or reset: true', [
      { path: 'request.weight', message: 'must be an integer, 0..100' },
    ]);
  }
  return { backend, weight: { pool, value }, cuts: flush === true, isReset: reset === true };
}

function findPlace(
  request: Fields,
  backend: string,
  frontends: readonly FrontendJson[],
): { readonly pool: string; readonly held: PoolBackendJson } {
  const frontend = frontends.find(({ name }) => name === request['frontend']);
  const pool = frontend?.pools.find(({ name }) => name === request['pool']);
  const held = pool?.backends.find(({ name }) => name === backend);
  if (pool && held) return { pool: pool.name, held };
  const path = [request['frontend'], request['pool'], backend].join('/');
  throw new ApiError('not_found', `${path}: no such backend in a pool of a frontend`);
}

function effectOn(frontend: FrontendJson, intent: Decided, addresses: ReadonlyMap<string, string>): Told {
  const before = spreadNow(frontend);
  const after = spreadAfter(frontend, intent);
  const { backend } = intent;
  const move = compareSpreads(before, after, frontend.newFlowsTableLength, (name) => addresses.get(name));
  return {
    frontend: frontend.name,
    movedShare: move.moved,
    shareBefore: move.before.get(backend) ?? 0,
    shareAfter: move.after.get(backend) ?? 0,
    servingAfter: [...after.weights.values()].filter((weight) => weight > 0).length,
    cutsFlows: intent.cuts,
    poolBefore: before.activePool,
    poolAfter: after.activePool,
  };
}
