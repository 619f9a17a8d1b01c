// The operator's actions as rules: from the configuration, the overrides and a request to a new value, or to
// a refusal that says what to do. They must not know who asks, over which protocol, or how it is stored.
import type { Config, PoolBackend } from '../config/config.ts';
import { assert } from '../lib/assert.ts';
import { operatorLengthMax, reasonLengthMax } from '../lib/limits.ts';
import { describeMissingName } from '../lib/near-name.ts';
import type {
  AdminState,
  BackendOverride,
  BackendOverrideValue,
  OperatorNote,
  Overrides,
  WeightTarget,
} from './overrides.ts';
import { effectiveAdmin, runtimeWeight, withEntry, withoutBackend, withoutWeight } from './overrides.ts';
import { textProblem, wallMsMax } from './text.ts';

export type BackendAction = 'pause' | 'resume' | 'disable' | 'enable';

/** Why an action was not done; `code` is the canonical status word of the API. */
export interface Refusal {
  readonly code: 'not-found' | 'failed-precondition' | 'invalid-argument';
  readonly message: string;
}

/**
 * What an action on a backend gives. `effect` is the code of the one transition that it owes, and `none` when
 * the action already held: then `overrides` is the very object that was passed in.
 */
export type BackendEdit =
  | {
      readonly ok: true;
      readonly overrides: Overrides;
      readonly admin: AdminState;
      readonly effect: 'paused' | 'resumed' | 'disabled' | 'enabled' | 'none';
    }
  | { readonly ok: false; readonly refusal: Refusal };

/** What an action on a weight gives: the weight that now holds, 0..100, and whether it is another one. */
export type WeightEdit =
  | { readonly ok: true; readonly overrides: Overrides; readonly weight: number; readonly changed: boolean }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * The state after an action, by the state before it. A paused backend counts as enabled: `enable` leaves it
 * paused. Besides `resume`, disabling ends a pause: a later `enable` gives an active backend.
 */
const nextAdmin: Readonly<Record<BackendAction, Readonly<Record<AdminState, AdminState | 'refused'>>>> = {
  pause: { active: 'paused', paused: 'paused', disabled: 'refused' },
  resume: { active: 'active', paused: 'active', disabled: 'refused' },
  disable: { active: 'disabled', paused: 'disabled', disabled: 'disabled' },
  enable: { active: 'active', paused: 'paused', disabled: 'active' },
};

const effects = { pause: 'paused', resume: 'resumed', disable: 'disabled', enable: 'enabled' } as const;

/**
 * Pauses, resumes, disables or enables a backend.
 * Refused: an unknown name (`not-found`), pause or resume of a disabled backend (`failed-precondition`), a
 * note that is too long or has control characters (`invalid-argument`).
 */
export function changeBackend(
  config: Config,
  overrides: Overrides,
  name: string,
  action: BackendAction,
  note: OperatorNote,
): BackendEdit {
  const backend = config.backends.get(name);
  if (backend === undefined) return refuse(notFound('backend', name, config.backends.keys(), ''));
  const problem = noteProblem(note);
  if (problem !== undefined) return refuse(problem);
  const admin = effectiveAdmin(backend, overrides);
  const next = nextAdmin[action][admin];
  if (next === 'refused') {
    const message = `backend ${name}: it is disabled and cannot be ${effects[action]}; enable it first`;
    return refuse({ code: 'failed-precondition', message });
  }
  if (next === admin) return { ok: true, overrides, admin, effect: 'none' };
  const value = valueFor(next, backend.enabled);
  const edited =
    value === undefined
      ? withoutBackend(overrides, name)
      : withEntry(overrides, { kind: 'backend', backend: name, ...value, ...cleanNote(note) });
  return { ok: true, overrides: edited, admin: next, effect: effects[action] };
}

/**
 * Sets the weight of a backend in one pool of one frontend; the file's own weight removes the entry.
 * Refused: unknown names (`not-found`), a weight that is not an integer of 0..100 or a bad note
 * (`invalid-argument`).
 */
export function setWeight(
  config: Config,
  overrides: Overrides,
  target: WeightTarget,
  weight: number,
  note: OperatorNote,
): WeightEdit {
  const found = findPoolBackend(config, target);
  if (!found.ok) return found;
  if (!Number.isInteger(weight) || weight < 0 || weight > 100) {
    return refuse({
      code: 'invalid-argument',
      message: `weight must be an integer of 0 to 100, not ${weight}`,
    });
  }
  const problem = noteProblem(note);
  if (problem !== undefined) return refuse(problem);
  const { frontend, pool, backend } = target;
  if (runtimeWeight(frontend, pool, found.backend, overrides) === weight) {
    return { ok: true, overrides, weight: Math.abs(weight), changed: false };
  }
  const fileWeight = found.backend.weight;
  if (weight === fileWeight) {
    return { ok: true, overrides: withoutWeight(overrides, target), weight: fileWeight, changed: true };
  }
  // Math.abs: a client's -0 is 0, and would not survive the file.
  const entry = { kind: 'weight', frontend, pool, backend, weight: Math.abs(weight), fileWeight } as const;
  const edited = withEntry(overrides, { ...entry, ...cleanNote(note) });
  return { ok: true, overrides: edited, weight: entry.weight, changed: true };
}

/** Gives a backend the file's weight back. Refused: unknown names (`not-found`). */
export function resetWeight(config: Config, overrides: Overrides, target: WeightTarget): WeightEdit {
  const found = findPoolBackend(config, target);
  if (!found.ok) return found;
  const weight = found.backend.weight;
  const changed = runtimeWeight(target.frontend, target.pool, found.backend, overrides) !== weight;
  return { ok: true, overrides: changed ? withoutWeight(overrides, target) : overrides, weight, changed };
}

/** The entry's value that makes a backend `admin`, and none where the file says so itself. */
function valueFor(admin: AdminState, fileEnabled: boolean): BackendOverrideValue | undefined {
  if (admin === 'paused') return { admin, fileEnabled };
  if (admin === 'disabled') return fileEnabled ? { admin, fileEnabled } : undefined;
  return fileEnabled ? undefined : { admin: 'enabled', fileEnabled };
}

function findPoolBackend(
  config: Config,
  target: WeightTarget,
): { readonly ok: true; readonly backend: PoolBackend } | { readonly ok: false; readonly refusal: Refusal } {
  const frontend = config.frontends.get(target.frontend);
  if (frontend === undefined) {
    return refuse(notFound('frontend', target.frontend, config.frontends.keys(), ''));
  }
  const pool = frontend.pools.find(({ name }) => name === target.pool);
  const pools = frontend.pools.map(({ name }) => name);
  if (pool === undefined) {
    return refuse(notFound('pool', target.pool, pools, ` in frontend ${frontend.name}`));
  }
  const backend = pool.backends.find(({ name }) => name === target.backend);
  if (backend !== undefined) return { ok: true, backend };
  const backends = pool.backends.map(({ name }) => name);
  const place = ` in pool ${pool.name} of frontend ${frontend.name}`;
  return refuse(notFound('backend', target.backend, backends, place));
}

function notFound(what: string, name: string, names: Iterable<string>, place: string): Refusal {
  return { code: 'not-found', message: describeMissingName(what, name, names, place) };
}

function noteProblem(note: OperatorNote): Refusal | undefined {
  assert(Number.isInteger(note.at) && note.at >= 0 && note.at <= wallMsMax, 'the time is a wall clock');
  assert(note.by !== '', 'an action has an operator');
  const reason = note.reason === undefined ? undefined : textProblem(note.reason, reasonLengthMax);
  if (reason !== undefined) return { code: 'invalid-argument', message: `reason ${reason}` };
  const by = textProblem(note.by, operatorLengthMax);
  return by === undefined ? undefined : { code: 'invalid-argument', message: `operator ${by}` };
}

/** Without what does not belong to a note; an empty reason is no reason. */
function cleanNote(note: OperatorNote): Pick<BackendOverride, 'by' | 'at' | 'reason'> {
  const { by, at, reason } = note;
  return reason === undefined || reason === '' ? { by, at } : { by, at, reason };
}

function refuse(refusal: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal };
}
