// Changes that the page can ask for: what they are called, what is sent, and what the answer means. Pure.
import type { ChangePreview, ChangeRequest } from '../contract.ts';
import { countText, percentText } from './format.ts';

/** What was clicked. */
export type Intent =
  | {
      readonly t: 'backend';
      readonly maglevd: string;
      readonly operation: 'PauseBackend' | 'ResumeBackend' | 'EnableBackend' | 'DisableBackend';
      readonly backend: string;
    }
  | {
      readonly t: 'weight';
      readonly maglevd: string;
      readonly frontend: string;
      readonly pool: string;
      readonly backend: string;
      readonly weight: number;
      /** The file's, where an operator's weight hides it. */
      readonly fileWeight?: number | undefined;
    }
  | { readonly t: 'sync'; readonly maglevd: string; readonly frontend?: string }
  | { readonly t: 'reload'; readonly maglevd: string };

/** What was typed. */
export interface ChangeForm {
  readonly reason: string;
  readonly weight: string;
  readonly flush: boolean;
  /** Back to the weight of the file. */
  readonly reset: boolean;
}

const verbs = {
  PauseBackend: 'Pause',
  ResumeBackend: 'Resume',
  EnableBackend: 'Enable',
  DisableBackend: 'Disable',
} as const;

/** The verb of the button. */
export function verbOf(intent: Intent): string {
  if (intent.t === 'backend') return verbs[intent.operation];
  if (intent.t === 'weight') return 'Set weight';
  return intent.t === 'sync' ? 'Sync' : 'Reload';
}

/** The title of the dialog. */
export function titleOf(intent: Intent): string {
  const { maglevd } = intent;
  if (intent.t === 'backend') return `${verbs[intent.operation]} ${intent.backend} on ${maglevd}`;
  if (intent.t === 'weight') {
    return `Weight of ${intent.backend} in ${intent.frontend}, pool ${intent.pool}, on ${maglevd}`;
  }
  if (intent.t === 'sync') return `Sync ${intent.frontend ?? 'all VIPs'} with VPP on ${maglevd}`;
  return `Reload the configuration of ${maglevd}`;
}

/** Whether flows may be cut or a wide effect is likely: such a button is not the default, and is red. */
export function isDangerous(intent: Intent): boolean {
  return (
    intent.t === 'backend' && (intent.operation === 'DisableBackend' || intent.operation === 'PauseBackend')
  );
}

/** A weight as typed: 0..100, or why it is none. */
export function parseWeight(text: string): number | string {
  const word = text.trim();
  const weight = Number(word);
  if (!/^\d{1,3}$/.test(word) || weight > 100)
    return `"${word}" is not a weight: type a number from 0 to 100.`;
  return weight;
}

/** The request of an intent with what was typed; a sentence where it cannot be one. */
export function requestOf(intent: Intent, form: ChangeForm): ChangeRequest | string {
  const { maglevd } = intent;
  const reason = form.reason.trim() === '' ? {} : { reason: form.reason.trim() };
  if (intent.t === 'backend') {
    return { maglevd, operation: intent.operation, request: { backend: intent.backend, ...reason } };
  }
  if (intent.t === 'sync') {
    const { frontend } = intent;
    return { maglevd, operation: 'SyncVPPLBState', request: frontend === undefined ? {} : { frontend } };
  }
  if (intent.t === 'reload') return { maglevd, operation: 'ReloadConfig', request: {} };
  const { frontend, pool, backend } = intent;
  const place = { frontend, pool, backend };
  const operation = 'SetFrontendPoolBackendWeight';
  if (form.reset)
    return { maglevd, operation, request: { ...place, reset: true, flush: form.flush, ...reason } };
  const weight = parseWeight(form.weight);
  if (typeof weight === 'string') return weight;
  return { maglevd, operation, request: { ...place, weight, flush: form.flush, ...reason } };
}

/** One line per frontend of a preview. */
export function describeEffect(effect: ChangePreview['frontends'][number]): string {
  const { frontend, movedShare, shareBefore, shareAfter, servingAfter, cutsFlows } = effect;
  const share = (value: number) => `${percentText(value)} %`;
  const serving =
    servingAfter === 0
      ? 'nothing serves it afterwards'
      : `${countText(servingAfter, 'backend')} serve afterwards`;
  const flows = cutsFlows ? 'open flows are cut now' : 'open flows stay';
  return (
    `${frontend}: ${share(movedShare)} of new flows move, ` +
    `share ${share(shareBefore)} → ${share(shareAfter)}, ` +
    `${serving.replace('1 backend serve ', '1 backend serves ')}, ${flows}.`
  );
}

/**
 * What came of a change. `t: 'refused'` holds also answers that say in their own way that nothing was done.
 */
export type Outcome =
  | { readonly t: 'done'; readonly sentence: string; readonly details: readonly string[] }
  | { readonly t: 'refused'; readonly sentence: string; readonly details: readonly string[] };

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** What the daemon answered, in words. `status` is HTTP's; `body` the parsed JSON, or nothing. */
export function readAnswer(intent: Intent, status: number, body: unknown): Outcome {
  if (status < 200 || status > 299) return { t: 'refused', sentence: sayProblem(status, body), details: [] };
  if (!isObject(body)) return refuse('The answer cannot be read. What came of it, the page will show.');
  if (intent.t === 'reload') return readReload(body);
  if (intent.t === 'sync') return readSync(body);
  if (intent.t === 'weight') return readWeight(intent, body);
  const state = textOf(body['state']);
  if (state === '') return refuse('The answer names no state. What came of it, the page will show.');
  return { t: 'done', sentence: `${intent.backend} is ${state}, says ${intent.maglevd}.`, details: [] };
}

const refuse = (sentence: string): Outcome => ({ t: 'refused', sentence, details: [] });

/** The sentence of a problem document (RFC 9457), or of the bare status. */
export function sayProblem(status: number, body: unknown): string {
  const said = isObject(body)
    ? textOf(body['detail']) || textOf(body['message']) || textOf(body['title'])
    : '';
  if (said !== '') return said;
  if (status === 401 || status === 403) return `Not allowed (HTTP ${status}): log in under /admin/.`;
  return `The server answered HTTP ${status}.`;
}

function readReload(body: Json): Outcome {
  const problems = (key: string) =>
    (Array.isArray(body[key]) ? (body[key] as unknown[]) : []).filter(isObject).map(sayFault);
  const errors = problems('errors');
  const warnings = problems('warnings').map((line) => `warning: ${line}`);
  if (body['ok'] === true)
    return { t: 'done', sentence: 'The configuration is reloaded.', details: warnings };
  return {
    t: 'refused',
    sentence: `The file has ${countText(errors.length, 'error')}; the running configuration stays.`,
    details: [...errors, ...warnings],
  };
}

function sayFault(fault: Json): string {
  const line = numberOf(fault['line']);
  const place = line > 0 ? ` (line ${line}, column ${numberOf(fault['column'])})` : '';
  const path = textOf(fault['path']);
  return `${path}${path === '' ? '' : ': '}${textOf(fault['message'])}${place}`;
}

function readSync(body: Json): Outcome {
  const count = (key: string, word: string, done: string) =>
    `${countText(numberOf(body[key]), word)} ${done}`;
  const parts = [
    count('vipsAdded', 'VIP', 'added'),
    count('vipsRemoved', 'VIP', 'removed'),
    count('asesAdded', 'AS', 'added'),
    count('asesRemoved', 'AS', 'removed'),
    count('weightsChanged', 'weight', 'changed'),
  ].map((part) => part.replace(/\bASs\b/, 'ASes'));
  const changed = parts.filter((part) => !part.startsWith('0 '));
  const did = changed.length === 0 ? 'Nothing had to change' : changed.join(', ');
  if (body['inSync'] === true)
    return { t: 'done', sentence: `${did}; VPP holds what it should.`, details: [] };
  return refuse(`${did}; VPP does not hold yet what it should.`);
}

function readWeight(intent: Intent & { t: 'weight' }, body: Json): Outcome {
  const pools = Array.isArray(body['pools']) ? (body['pools'] as unknown[]).filter(isObject) : [];
  const pool = pools.find(({ name }) => name === intent.pool);
  const backends =
    pool && Array.isArray(pool['backends']) ? (pool['backends'] as unknown[]).filter(isObject) : [];
  const entry = backends.find(({ name }) => name === intent.backend);
  if (!entry) return refuse('The answer does not name the backend. What came of it, the page will show.');
  const { weight, effectiveWeight } = entry;
  return {
    t: 'done',
    sentence:
      `${intent.backend} has weight ${numberOf(weight)} in ${intent.frontend}, ` +
      `effective ${numberOf(effectiveWeight)}, says ${intent.maglevd}.`,
    details: [],
  };
}
