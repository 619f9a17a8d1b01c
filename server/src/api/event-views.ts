// From numbered events to what subscribers get, and the first picture: how every backend and frontend stands,
// told as events. Pure: no clock, no stream, no encoding.
import type { BackendSnapshot } from '../checker/slot.ts';
import type { EventKind, NumberedEvent } from '../events/event.ts';
import type { Transition } from '../health/backend-health.ts';
import type { FrontendState } from '../health/frontend-state.ts';
import { must } from '../lib/assert.ts';
import type { EventJson } from './event-schemas.ts';
import { formatTime } from './views.ts';

/** Where one continues: behind the event of this number, in the run of the log that is named by the epoch. */
export interface EventId {
  readonly epoch: string;
  readonly sequence: number;
}

export function formatEventId({ epoch, sequence }: EventId): string {
  return `${epoch}-${sequence}`;
}

/** @param text as the schema of `lastEventId` lets it through */
export function parseEventId(text: string): EventId {
  const [epoch = '', digits = ''] = text.split('-');
  return { epoch, sequence: Number(digits) };
}

/** An event of the log. */
export function eventView(epoch: string, { sequence, atMs, event }: NumberedEvent): EventJson {
  const head = { id: formatEventId({ epoch, sequence }), at: formatTime(atMs) };
  switch (event.kind) {
    case 'log': {
      const { level, message, attributes } = event;
      return { ...head, kind: 'log', log: { level, message, attributes } };
    }
    case 'backend':
      return { ...head, kind: 'backend', backend: backendPart(event.backend, event.transition) };
    case 'frontend': {
      const { frontend, from, to, atMs, cause } = event;
      const part = { frontend, from, to, at: formatTime(atMs), ...(cause && { cause: { ...cause } }) };
      return { ...head, kind: 'frontend', frontend: part };
    }
    case 'vpp': {
      const { what, message, frontend } = event;
      const part = { what, message, ...(frontend !== undefined && { frontend }) };
      return { ...head, kind: 'vpp', vpp: part };
    }
    case 'config': {
      const { outcome, message, audit } = event;
      return { ...head, kind: 'config', config: { outcome, message, ...(audit && { audit: { ...audit } }) } };
    }
  }
}

function backendPart(backend: string, { from, to, atMs, code, detail }: Transition) {
  return { backend, transition: { from, to, at: formatTime(atMs), code, detail } };
}

/** Events are missing: the whole picture follows. It has no id: who is cut off here is to hear it again. */
export function resyncView(atMs: number, reason: string): EventJson {
  return { at: formatTime(atMs), kind: 'resync', resync: { reason } };
}

/** The stream lives; `id` is where it stands, also when all events since the last one were filtered out. */
export function heartbeatView(atMs: number, id: EventId): EventJson {
  return { id: formatEventId(id), at: formatTime(atMs), kind: 'heartbeat' };
}

type BackendFacts = Pick<BackendSnapshot, 'name' | 'state' | 'sinceMs' | 'code' | 'detail'>;

/** What the first picture is drawn from: the part of `Control` that it takes. */
export interface PictureSource {
  checker(): { snapshots(): readonly BackendFacts[] };
  config(): { readonly frontends: ReadonlyMap<string, unknown> };
  frontendStatus(name: string): { readonly state: FrontendState } | undefined;
  frontendSinceMs(name: string): number;
}

/** A backend that has had no result: HAProxy's code for it. */
const initialCode = 'INI';
const initialDetail = 'no result yet';

/**
 * Every backend and frontend of the wanted kinds in configuration order, as events with from = to. Only the
 * last one has the id: who is cut off before it has not seen the whole, and must not continue behind it.
 */
export function drawPicture(
  source: PictureSource,
  kinds: ReadonlySet<EventKind>,
  atMs: number,
  id: EventId,
): readonly EventJson[] {
  const at = formatTime(atMs);
  const events: EventJson[] = [];
  if (kinds.has('backend')) {
    for (const snapshot of source.checker().snapshots()) events.push(pictureOfBackend(snapshot, at));
  }
  if (kinds.has('frontend')) {
    for (const name of source.config().frontends.keys()) {
      const { state } = must(source.frontendStatus(name), `status of frontend ${name}`);
      const since = formatTime(source.frontendSinceMs(name));
      const frontend = { frontend: name, from: state, to: state, at: since };
      events.push({ at, kind: 'frontend', snapshot: true, frontend });
    }
  }
  const last = events.at(-1);
  if (last) events[events.length - 1] = { id: formatEventId(id), ...last };
  return events;
}

function pictureOfBackend({ name, state, sinceMs, code, detail }: BackendFacts, at: string): EventJson {
  const transition = {
    from: state,
    to: state,
    at: formatTime(sinceMs),
    code: code ?? initialCode,
    detail: code === undefined ? initialDetail : detail,
  };
  return { at, kind: 'backend', snapshot: true, backend: { backend: name, transition } };
}
