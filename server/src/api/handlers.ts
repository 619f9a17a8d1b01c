// One function per operation: from a checked request to a plain answer. No HTTP, no encoding.
import type { BackendSnapshot } from '../checker/slot.ts';
import type { Control } from '../control.ts';
import type { Dataplane } from '../dataplane/dataplane.ts';
import { backendAddress, vipKeyOf } from '../dataplane/desired.ts';
import { vipName } from '../dataplane/lb-state.ts';
import type { Reconciler } from '../dataplane/reconciler.ts';
import { must } from '../lib/assert.ts';
import { describeMissingName } from '../lib/near-name.ts';
import type { CallTotals } from '../metrics/call-counts.ts';
import type { BackendAction } from '../overrides/actions.ts';
import { listOverrides } from '../overrides/overrides.ts';
import { commit, date, nodeVersion, version } from '../version.ts';
import { type Caller, describeCaller } from './caller.ts';
import { ApiError, type ErrorCode } from './errors.ts';
import type { EventFeeds } from './event-fanout.ts';
import type { WatchRequest } from './event-schemas.ts';
import type { BackendJson } from './schemas.ts';
import { backendView, frontendView, healthCheckView, overrideView } from './views.ts';

/** What handlers read of VPP, and whom they ask to change it. */
export interface LbAccess {
  readonly dataplane: Pick<Dataplane, 'info' | 'observe' | 'counters'>;
  readonly reconciler: Pick<Reconciler, 'held' | 'journal' | 'predict' | 'desired' | 'sync'>;
  readonly calls: { totals(): CallTotals };
}

/** What a handler that only reads gets beside its request: everybody may read. */
export interface ReadContext {
  readonly control: Control;
  /** Absent where no VPP is configured. */
  readonly lb?: LbAccess;
  readonly feeds: Pick<EventFeeds, 'watch'>;
}

/** What a handler that changes something gets: also who asks. */
export interface HandlerContext extends ReadContext {
  readonly caller: Caller;
}

export function notFound(what: string, name: string, names: Iterable<string>): ApiError {
  return new ApiError('not_found', describeMissingName(what, name, names));
}

export function getVersion() {
  return { version, commit, date, node: nodeVersion };
}

const viewBackend = (control: Control, snapshot: BackendSnapshot) =>
  backendView(snapshot, control.usedBy(snapshot.name));

interface KeptView {
  readonly frontends: readonly string[];
  readonly view: BackendJson;
}

/** Of backends that are asked for one by one; kept as long as their snapshots stand. */
const keptViews = new WeakMap<BackendSnapshot, KeptView>();

function keepView(control: Control, snapshot: BackendSnapshot): BackendJson {
  const frontends = control.usedBy(snapshot.name);
  const kept = keptViews.get(snapshot);
  if (kept?.frontends === frontends) return kept.view;
  const view = backendView(snapshot, frontends);
  keptViews.set(snapshot, { frontends, view });
  return view;
}

interface BackendFilter {
  readonly state?: readonly string[];
  readonly frontend?: string;
}

export function listBackends({ control }: ReadContext, { state, frontend }: BackendFilter) {
  if (frontend !== undefined) requireFrontend(control, frontend);
  const isWanted = (snapshot: BackendSnapshot) =>
    (state === undefined || state.includes(snapshot.state)) &&
    (frontend === undefined || control.usedBy(snapshot.name).includes(frontend));
  const snapshots = control.checker().snapshots().filter(isWanted);
  return { backends: snapshots.map((snapshot) => viewBackend(control, snapshot)) };
}

export function getBackend({ control }: ReadContext, { backend }: { readonly backend: string }) {
  return keepView(control, requireBackend(control, backend));
}

/** Throws ApiError when there is none of that name. */
export function requireFrontend(control: Control, name: string) {
  const { frontends } = control.config();
  const frontend = frontends.get(name);
  if (!frontend) throw notFound('frontend', name, frontends.keys());
  return frontend;
}

function requireBackend(control: Control, name: string): BackendSnapshot {
  const snapshot = control.checker().snapshot(name);
  if (!snapshot) throw notFound('backend', name, control.config().backends.keys());
  return snapshot;
}

export function viewFrontend({ control, lb }: ReadContext, name: string) {
  const config = control.config();
  const frontend = requireFrontend(control, name);
  const status = must(control.frontendStatus(name), `status of frontend ${name}`);
  const servers = lb?.reconciler.held(vipName(vipKeyOf(frontend)))?.applicationServers;
  const buckets = new Map(servers?.map((server) => [server.address.text, server.buckets]));
  const bucketsOf = (backend: string) => buckets.get(backendAddress(backend, config));
  return frontendView(frontend, status, control.frontendSinceMs(name), config, bucketsOf);
}

interface FrontendFilter {
  readonly state?: readonly string[];
  readonly backend?: string;
}

export function listFrontends(context: ReadContext, { state, backend }: FrontendFilter) {
  const { control } = context;
  if (backend !== undefined) requireBackend(control, backend);
  const names =
    backend === undefined ? Array.from(control.config().frontends.keys()) : control.usedBy(backend);
  const frontends = names.map((name) => viewFrontend(context, name));
  return { frontends: frontends.filter((each) => state === undefined || state.includes(each.state)) };
}

export function getFrontend(context: ReadContext, { frontend }: { readonly frontend: string }) {
  return viewFrontend(context, frontend);
}

export function listHealthChecks({ control }: ReadContext, { type }: { readonly type?: string }) {
  const checks = Array.from(control.config().healthchecks.values());
  const wanted = checks.filter((check) => type === undefined || check.type === type);
  return { healthchecks: wanted.map(healthCheckView) };
}

export function getHealthCheck({ control }: ReadContext, request: { readonly healthcheck: string }) {
  const { healthchecks } = control.config();
  const check = healthchecks.get(request.healthcheck);
  if (!check) throw notFound('health check', request.healthcheck, healthchecks.keys());
  return healthCheckView(check);
}

export function getOverrides({ control }: ReadContext, { backend }: { readonly backend?: string }) {
  if (backend !== undefined) requireBackend(control, backend);
  const entries = listOverrides(control.overrides());
  const wanted = entries.filter((entry) => backend === undefined || entry.backend === backend);
  return { overrides: wanted.map(overrideView) };
}

export function watchEvents({ feeds }: ReadContext, request: WatchRequest, signal: AbortSignal) {
  return feeds.watch(request, signal);
}

/** Codes of refusals, as the API names them. */
const refusalCodes: Readonly<Record<string, ErrorCode>> = {
  'not-found': 'not_found',
  'failed-precondition': 'failed_precondition',
  'invalid-argument': 'invalid_argument',
  unavailable: 'unavailable',
};

export function refusalError({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): ApiError {
  return new ApiError(must(refusalCodes[code], `error code for ${code}`), message);
}

/** The handler of one of the four actions. */
export function changeBackend(action: BackendAction) {
  return async (
    { control, caller }: HandlerContext,
    { backend, reason }: { readonly backend: string; readonly reason?: string },
  ) => {
    const operator = { by: describeCaller(caller), ...(reason !== undefined && { reason }) };
    const result = await control.changeBackend(backend, action, operator);
    if (result.ok) return viewBackend(control, result.backend);
    throw refusalError(result.refusal);
  };
}
