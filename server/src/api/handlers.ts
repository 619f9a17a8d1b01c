// One function per operation: from a checked request to a plain answer. No HTTP, no encoding.
import type { BackendSnapshot } from '../checker/slot.ts';
import type { Control } from '../control.ts';
import { must } from '../lib/assert.ts';
import { describeMissingName } from '../lib/near-name.ts';
import type { BackendAction } from '../overrides/actions.ts';
import { listOverrides } from '../overrides/overrides.ts';
import { commit, date, nodeVersion, version } from '../version.ts';
import { ApiError, type ErrorCode } from './errors.ts';
import { backendView, frontendView, healthCheckView, overrideView } from './views.ts';

/** What every handler gets beside its request: the daemon's door and who is asking. */
export interface HandlerContext {
  readonly control: Control;
  readonly caller: { readonly address: string };
}

function notFound(what: string, name: string, names: Iterable<string>): ApiError {
  return new ApiError('not_found', describeMissingName(what, name, names));
}

export function getVersion() {
  return { version, commit, date, node: nodeVersion };
}

const viewBackend = (control: Control, snapshot: BackendSnapshot) =>
  backendView(snapshot, control.usedBy(snapshot.name));

export function listBackends({ control }: HandlerContext) {
  return {
    backends: control
      .checker()
      .snapshots()
      .map((snapshot) => viewBackend(control, snapshot)),
  };
}

export function getBackend({ control }: HandlerContext, { backend }: { readonly backend: string }) {
  const snapshot = control.checker().snapshot(backend);
  if (!snapshot) throw notFound('backend', backend, control.config().backends.keys());
  return viewBackend(control, snapshot);
}

function viewFrontend(control: Control, name: string) {
  const frontend = control.config().frontends.get(name);
  if (!frontend) throw notFound('frontend', name, control.config().frontends.keys());
  const status = must(control.frontendStatus(name), `status of frontend ${name}`);
  return frontendView(frontend, status, control.frontendSinceMs(name), control.config());
}

export function listFrontends({ control }: HandlerContext) {
  return { frontends: Array.from(control.config().frontends.keys(), (name) => viewFrontend(control, name)) };
}

export function getFrontend({ control }: HandlerContext, { frontend }: { readonly frontend: string }) {
  return viewFrontend(control, frontend);
}

export function listHealthChecks({ control }: HandlerContext) {
  return { healthchecks: Array.from(control.config().healthchecks.values(), healthCheckView) };
}

export function getHealthCheck({ control }: HandlerContext, request: { readonly healthcheck: string }) {
  const { healthchecks } = control.config();
  const check = healthchecks.get(request.healthcheck);
  if (!check) throw notFound('health check', request.healthcheck, healthchecks.keys());
  return healthCheckView(check);
}

export function getOverrides({ control }: HandlerContext) {
  return { overrides: listOverrides(control.overrides()).map(overrideView) };
}

const refusalCodes: Readonly<Record<string, ErrorCode>> = {
  'not-found': 'not_found',
  'failed-precondition': 'failed_precondition',
  'invalid-argument': 'invalid_argument',
  unavailable: 'unavailable',
};

/** The handler of one of the four actions. */
export function changeBackend(action: BackendAction) {
  return async (
    { control, caller }: HandlerContext,
    { backend, reason }: { readonly backend: string; readonly reason?: string },
  ) => {
    const operator = { by: caller.address, ...(reason !== undefined && { reason }) };
    const result = await control.changeBackend(backend, action, operator);
    if (result.ok) return viewBackend(control, result.backend);
    const { code, message } = result.refusal;
    throw new ApiError(must(refusalCodes[code], `error code for ${code}`), message);
  };
}
