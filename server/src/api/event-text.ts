// Events as server-sent events: the text of a block, and the query that asks for them. Pure.
// Source: WHATWG HTML, 9.2 "Server-sent events".
import { type EventKind, eventKinds, type LogLevel, logLevels } from '../events/event.ts';
import { eventRetryMs } from '../lib/limits.ts';
import { ApiError } from './errors.ts';
import type { EventJson, WatchRequest } from './event-schemas.ts';

/** Said first: how long a browser rests before it connects again. */
export const sseGreeting = `retry: ${eventRetryMs}\n\n`;

const encoded = new WeakMap<EventJson, string>();

/** One block. The text of an event is kept as long as the event. */
export function encodeSse(event: EventJson): string {
  const known = encoded.get(event);
  if (known !== undefined) return known;
  const id = event.id === undefined ? '' : `id: ${event.id}\n`;
  // JSON has no line ends of its own.
  const text = `${id}event: ${event.kind}\ndata: ${JSON.stringify(event, replaceBigInt)}\n\n`;
  encoded.set(event, text);
  return text;
}

/** Attributes of log lines are whatever a line says. */
function replaceBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

type Fault = ApiError['faults'][number];

/** As in the schema of the query. */
const idPattern = /^[0-9a-z]{1,16}-[0-9]{1,16}$/;
const oneOf = (words: readonly string[]) => `must be one of ${words.join(', ')}`;

/**
 * The request in a query, its values as the query parser gives them: a word, or a list where it is repeated.
 * The header `Last-Event-ID` wins over the query. Throws an ApiError that names every fault.
 */
export function readWatchQuery(
  query: Readonly<Record<string, unknown>>,
  lastEventIdHeader: string | undefined,
): WatchRequest {
  const faults: Fault[] = [];
  const request: { kind?: EventKind[]; level?: LogLevel; lastEventId?: string } = {};
  for (const [path, value] of Object.entries(query)) {
    const refuse = (message: string) => void faults.push({ path, message });
    if (path === 'kind') {
      const words = [value].flat().flatMap((part) => String(part).split(','));
      const isKind = (word: string): word is EventKind => eventKinds.some((kind) => kind === word);
      if (words.every(isKind)) request.kind = words;
      else refuse(oneOf(eventKinds));
    } else if (path === 'level') {
      const level = logLevels.find((word) => word === value);
      if (level) request.level = level;
      else refuse(oneOf(logLevels));
    } else if (path === 'lastEventId') {
      if (typeof value === 'string') request.lastEventId = value;
      else refuse('is there more than once');
    } else refuse('is no field of this request');
  }
  const wanted = lastEventIdHeader || request.lastEventId;
  if (wanted !== undefined) request.lastEventId = wanted;
  if (wanted !== undefined && !idPattern.test(wanted)) {
    const path = lastEventIdHeader ? 'Last-Event-ID' : 'lastEventId';
    faults.push({ path, message: 'must be the id of an event, e.g. mf3k2-1017' });
  }
  if (faults.length > 0)
    throw new ApiError('invalid_argument', 'the request does not fit its schema', faults);
  return request;
}
