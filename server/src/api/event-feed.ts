// What a reader of the event log gets next, by where it stands: the picture, then what came after it, with
// nothing lost or doubled in between. It is pulled: it knows no reader, no socket and no timer.
import { type EventKind, eventKinds, type LogLevel, logLevels, type NumberedEvent } from '../events/event.ts';
import type { EventLog } from '../events/event-log.ts';
import { must } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import { eventPicturesMax, eventPortionMax } from '../lib/limits.ts';
import type { EventJson, WatchRequest } from './event-schemas.ts';
import {
  drawPicture,
  eventView,
  formatEventId,
  heartbeatView,
  type PictureSource,
  parseEventId,
  resyncView,
} from './event-views.ts';

/** Which events a reader wants; equal keys want the same. */
export interface EventFilter {
  readonly kinds: ReadonlySet<EventKind>;
  readonly level: LogLevel;
  readonly key: string;
}

export function filterOf({ kind, level = 'info' }: WatchRequest): EventFilter {
  const kinds = new Set<EventKind>(kind ?? eventKinds);
  const words = eventKinds.filter((word) => kinds.has(word));
  return { kinds, level, key: [...words, kinds.has('log') ? level : ''].join(' ') };
}

export function wantsDebug({ kinds, level }: EventFilter): boolean {
  return kinds.has('log') && level === 'debug';
}

function passes({ event }: NumberedEvent, { kinds, level }: EventFilter): boolean {
  if (!kinds.has(event.kind)) return false;
  return event.kind !== 'log' || logLevels.indexOf(event.level) >= logLevels.indexOf(level);
}

/** How everything stood at one moment. Readers of the same moment share it. */
export interface Picture {
  readonly number: number;
  readonly scope: string;
  readonly sequence: number;
  /** Emptied when too many moments are being read: its readers begin again. */
  events: readonly EventJson[] | undefined;
  readers: number;
}

/** Where a reader stands. */
export type Place =
  /** The picture is owed; with a reason, a resync before it. */
  | { readonly t: 'start'; readonly reason?: string }
  | { readonly t: 'picture'; readonly picture: Picture; readonly index: number }
  | { readonly t: 'live'; readonly cursor: number };

/** A word for a place: readers with equal words, at one moment, get the same. */
export function placeKey(place: Place): string {
  switch (place.t) {
    case 'start':
      return `start ${place.reason ?? ''}`;
    case 'picture':
      return `picture ${place.picture.number} ${place.index}`;
    case 'live':
      return `live ${place.cursor}`;
  }
}

/** What a reader gets, and where it stands then. */
export interface Portion {
  readonly events: readonly EventJson[];
  readonly place: Place;
  /** False: there is more to be had now. */
  readonly isCaughtUp: boolean;
  /** A resync is among the events. */
  readonly isResync: boolean;
}

export interface FeedSource {
  readonly control: PictureSource;
  readonly events: EventLog;
  readonly clock: Clock;
}

export class EventFeed {
  readonly #source: FeedSource;
  readonly #epoch: string;
  readonly #views = new WeakMap<NumberedEvent, EventJson>();
  /** Pictures that somebody is in the middle of, oldest first. */
  readonly #held = new Set<Picture>();
  #latest: Picture | undefined;
  #pictureCount = 0;

  constructor(source: FeedSource) {
    this.#source = source;
    this.#epoch = source.events.epoch;
  }

  /** Where a reader begins who has seen everything up to this event; undefined: nothing. */
  begin(lastEventId: string | undefined): Place {
    if (lastEventId === undefined) return { t: 'start' };
    const { events } = this.#source;
    const { epoch, sequence } = parseEventId(lastEventId);
    if (epoch !== this.#epoch) {
      return { t: 'start', reason: `event ${lastEventId} is of another run of maglevd` };
    }
    if (sequence > events.lastSequence()) {
      return { t: 'start', reason: `event ${lastEventId} has not happened yet` };
    }
    if (events.read(sequence, 1).t === 'events') return { t: 'live', cursor: sequence };
    return { t: 'start', reason: `event ${lastEventId} is older than what is kept` };
  }

  /**
   * Up to `countMax` events. Not to be called while a change is in the making: from a turn of its own.
   */
  pull(place: Place, filter: EventFilter, countMax = eventPortionMax): Portion {
    switch (place.t) {
      case 'start':
        return this.#start(place.reason, filter, countMax);
      case 'picture': {
        const portion = this.#pullPicture(place.picture, place.index, countMax);
        return portion ?? this.#start('the picture was read too slowly', filter, countMax);
      }
      case 'live': {
        const portion = this.#pullLive(place.cursor, filter, countMax);
        if (portion) return portion;
        const id = formatEventId({ epoch: this.#epoch, sequence: place.cursor });
        return this.#start(
          `events after ${id} were read too slowly and are no longer kept`,
          filter,
          countMax,
        );
      }
    }
  }

  /** A reader stands there from now on; what it needs is kept, within bounds. */
  hold(place: Place): void {
    if (place.t !== 'picture') return;
    place.picture.readers++;
    this.#held.add(place.picture);
    if (this.#held.size <= eventPicturesMax) return;
    const [oldest] = this.#held;
    if (oldest === undefined) return;
    oldest.events = undefined;
    this.#held.delete(oldest);
  }

  /** It no longer does. */
  release(place: Place): void {
    if (place.t !== 'picture') return;
    place.picture.readers--;
    if (place.picture.readers === 0) this.#held.delete(place.picture);
  }

  heartbeat(cursor: number): EventJson {
    return heartbeatView(this.#source.clock.wallMs(), { epoch: this.#epoch, sequence: cursor });
  }

  #start(reason: string | undefined, filter: EventFilter, countMax: number): Portion {
    const picture = this.#takePicture(filter);
    if (reason === undefined) return must(this.#pullPicture(picture, 0, countMax), 'a picture just drawn');
    const events = [resyncView(this.#source.clock.wallMs(), reason)];
    return { events, place: { t: 'picture', picture, index: 0 }, isCaughtUp: false, isResync: true };
  }

  #takePicture({ kinds }: EventFilter): Picture {
    const { control, events, clock } = this.#source;
    const sequence = events.lastSequence();
    const scope = `${kinds.has('backend')} ${kinds.has('frontend')}`;
    const latest = this.#latest;
    if (latest?.events && latest.sequence === sequence && latest.scope === scope) return latest;
    const drawn = drawPicture(control, kinds, clock.wallMs(), { epoch: this.#epoch, sequence });
    // Even an empty picture says where one stands.
    const shown = drawn.length > 0 ? drawn : [this.heartbeat(sequence)];
    const picture = { number: ++this.#pictureCount, scope, sequence, events: shown, readers: 0 };
    this.#latest = picture;
    return picture;
  }

  #pullPicture(picture: Picture, index: number, countMax: number): Portion | undefined {
    const all = picture.events;
    if (all === undefined) return undefined;
    const events = all.slice(index, index + countMax);
    const next = index + events.length;
    if (next < all.length) {
      return { events, place: { t: 'picture', picture, index: next }, isCaughtUp: false, isResync: false };
    }
    const isCaughtUp = picture.sequence === this.#source.events.lastSequence();
    return { events, place: { t: 'live', cursor: picture.sequence }, isCaughtUp, isResync: false };
  }

  #pullLive(cursor: number, filter: EventFilter, countMax: number): Portion | undefined {
    const { events } = this.#source;
    const read = events.read(cursor, countMax);
    if (read.t === 'resync') return undefined;
    const shown = read.events.filter((event) => passes(event, filter)).map((event) => this.#view(event));
    const isCaughtUp = read.cursor === events.lastSequence();
    return { events: shown, place: { t: 'live', cursor: read.cursor }, isCaughtUp, isResync: false };
  }

  /** The same object each time, so that what is derived from it can be kept by it. */
  #view(event: NumberedEvent): EventJson {
    const known = this.#views.get(event);
    if (known) return known;
    const made = eventView(this.#epoch, event);
    this.#views.set(event, made);
    return made;
  }
}
