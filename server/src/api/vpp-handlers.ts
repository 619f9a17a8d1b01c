// The operations about VPP, and the one that weighs a backend: from a checked request to a plain answer.
import { describeConnection } from '../dataplane/dataplane.ts';
import { describeCaller } from './caller.ts';
import { ApiError } from './errors.ts';
import {
  type HandlerContext,
  type LbAccess,
  type ReadContext,
  refusalError,
  requireFrontend,
  viewFrontend,
} from './handlers.ts';
import { lbCountersView, lbStateView, vppInfoView } from './vpp-views.ts';

const noVpp = 'no VPP is configured: start maglevd with --vpp-api-addr';

function requireLb({ lb }: ReadContext): LbAccess {
  if (lb === undefined) throw new ApiError('unavailable', noVpp);
  return lb;
}

/** Always answers. */
export function getVppInfo({ lb }: ReadContext) {
  if (lb === undefined) return vppInfoView({ connection: 'disabled', missingCapabilities: [] });
  return vppInfoView(lb.dataplane.info(), lb.calls.totals());
}

interface VipFilter {
  readonly frontend?: string;
}

export async function getLbState(context: ReadContext, { frontend }: VipFilter) {
  const { dataplane, reconciler } = requireLb(context);
  if (frontend !== undefined) requireFrontend(context.control, frontend);
  const info = dataplane.info();
  if (info.connection !== 'connected') throw new ApiError('unavailable', describeConnection(info));
  const observation = await dataplane.observe();
  if (!observation.ok) throw new ApiError('unavailable', observation.fault.message);
  const state = lbStateView(context.control, reconciler, observation.value);
  if (frontend === undefined) return state;
  return {
    ...state,
    vips: state.vips.filter((vip) => vip.frontend === frontend),
    missingFrontends: state.missingFrontends.filter((name) => name === frontend),
  };
}

export async function syncLbState(context: ReadContext, request: { readonly frontend?: string }) {
  const { reconciler } = requireLb(context);
  const { frontend } = request;
  if (frontend !== undefined) requireFrontend(context.control, frontend);
  const outcome = await reconciler.sync(frontend);
  if (!outcome.ok) throw refusalError(outcome);
  return { ...outcome.counts, inSync: outcome.inSync };
}

export function getLbCounters(context: ReadContext, { frontend }: VipFilter) {
  const { dataplane } = requireLb(context);
  if (frontend !== undefined) requireFrontend(context.control, frontend);
  const sample = dataplane.counters();
  if (sample !== undefined) {
    const { at, vips } = lbCountersView(context.control, sample);
    return { at, vips: vips.filter((vip) => frontend === undefined || vip.frontend === frontend) };
  }
  const info = dataplane.info();
  const why =
    info.connection === 'connected' ? 'no counters were read yet: ask again' : describeConnection(info);
  throw new ApiError('unavailable', why);
}

interface WeightRequest {
  readonly frontend: string;
  readonly pool: string;
  readonly backend: string;
  readonly weight?: number;
  readonly reset?: boolean;
  readonly flush?: boolean;
  readonly reason?: string;
}

export async function setWeight(context: HandlerContext, request: WeightRequest) {
  const { frontend, pool, backend, weight, reset = false, flush = false, reason } = request;
  if (reset === (weight !== undefined)) {
    throw new ApiError('invalid_argument', 'give either a weight, or reset: true');
  }
  const operator = { by: describeCaller(context.caller), ...(reason !== undefined && { reason }) };
  const change = { weight: weight ?? ('default' as const), flush };
  const result = await context.control.changeWeight({ frontend, pool, backend }, change, operator);
  if (!result.ok) throw refusalError(result.refusal);
  return viewFrontend(context, frontend);
}
