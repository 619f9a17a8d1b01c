// Brings the events to all who watch, in rounds: a wake-up starts one, and what comes meanwhile waits for the
// next. Whoever stands at the same place is handed the same bytes, encoded once. It must not know HTTP: a
// subscriber is a sink of bytes, or an iterator.
import type { Control } from '../control.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import {
  eventChunksMax,
  eventHeartbeatMs,
  eventPendingBytesMax,
  eventRoundMs,
  eventStalledMsMax,
  eventSubscribersMax,
  eventSweepMs,
  eventWritesPerTurnMax,
} from '../lib/limits.ts';
import { ApiError, startingError } from './errors.ts';
import {
  EventFeed,
  type EventFilter,
  filterOf,
  type Place,
  type Portion,
  placeKey,
  wantsDebug,
} from './event-feed.ts';
import type { EventJson, WatchRequest } from './event-schemas.ts';
import { encodeSse } from './event-text.ts';
import type { PictureSource } from './event-views.ts';

export interface FeedsOptions {
  readonly control: PictureSource & Pick<Control, 'isStarted'>;
  readonly events: EventLog;
  readonly clock: Clock;
}

/** A connection that takes bytes. */
export interface EventSink {
  write(bytes: Buffer): void;
  /** Bytes that its peer has not taken yet. */
  pendingBytes(): number;
  /** In good order; what waits is sent. */
  end(): void;
  /** At once. */
  destroy(): void;
}

/** The sink's side of a stream. */
export interface EventStream {
  /** Everything that waited was taken. */
  drained(): void;
  /** Idempotent; the sink hears no more. */
  close(): void;
}

/** Since the start, but for the subscribers: those are now. */
export interface EventCounts {
  readonly subscribers: number;
  /** Events handed to subscribers, each counted for each. */
  readonly delivered: number;
  readonly resyncs: number;
  /** Subscribers that took nothing for too long. */
  readonly dropped: number;
}

export interface EventFeeds {
  /** Server-sent events into a sink, from a later turn on. Throws an ApiError: too many, or not started. */
  open(request: WatchRequest, sink: EventSink): EventStream;
  /** The same for who pulls. Ends with the signal and with `stop`; its first step may throw as `open`. */
  watch(request: WatchRequest, signal: AbortSignal): AsyncGenerator<EventJson, void, undefined>;
  counts(): EventCounts;
  /** Ends all streams, now and for good. */
  stop(): void;
}

/** What a subscriber is handed: the events of a portion and, made when first asked for, their bytes. */
interface Chunk extends Portion {
  bytes(): Buffer;
}

interface Subscriber {
  readonly filter: EventFilter;
  place: Place;
  sentMs: number;
  /** Absent: it can take more. */
  stalledSinceMs: number | undefined;
  /** There was something for it that it has not been handed. */
  isBehind: boolean;
  /** False: it is full, and says when it no longer is. */
  readonly deliver: (chunk: Pick<Chunk, 'events' | 'bytes'>) => boolean;
  readonly end: () => void;
  readonly drop: () => void;
  readonly forgetDebug: () => void;
}

export function createEventFeeds(options: FeedsOptions): EventFeeds {
  return new Fanout(options);
}

/** The handler of the RPC `WatchEvents`: all there is to do is to hand the stream out. */
export function watchEvents(
  { feeds }: { readonly feeds: EventFeeds },
  request: WatchRequest,
  signal: AbortSignal,
): AsyncGenerator<EventJson, void, undefined> {
  return feeds.watch(request, signal);
}

class Fanout implements EventFeeds {
  readonly #options: FeedsOptions;
  readonly #clock: Clock;
  readonly #feed: EventFeed;
  readonly #subscribers = new Set<Subscriber>();
  /** Those whose turn comes in this round, in order. */
  readonly #queue = new Set<Subscriber>();
  readonly #chunks = new Map<string, Chunk>();
  #roundTimer: Timer | undefined;
  #turnTimer: Timer | undefined;
  #sweepTimer: Timer | undefined;
  #unsubscribe: (() => void) | undefined;
  #roundMs = Number.NEGATIVE_INFINITY;
  #isStopped = false;
  #delivered = 0;
  #resyncs = 0;
  #dropped = 0;

  constructor(options: FeedsOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#feed = new EventFeed(options);
  }

  open(request: WatchRequest, sink: EventSink): EventStream {
    const subscriber = this.#join(request, {
      deliver(chunk) {
        sink.write(chunk.bytes());
        return sink.pendingBytes() <= eventPendingBytesMax;
      },
      // What a stalled one has not taken would hold up the end.
      end: () => (subscriber.stalledSinceMs === undefined ? sink.end() : sink.destroy()),
      drop: () => sink.destroy(),
    });
    return {
      drained: () => this.#resume(subscriber),
      close: () => this.#leave(subscriber),
    };
  }

  async *watch(request: WatchRequest, signal: AbortSignal): AsyncGenerator<EventJson, void, undefined> {
    let waiting: readonly EventJson[] = [];
    let isOver = signal.aborted;
    let failure: ApiError | undefined;
    let wake: () => void = () => undefined;
    if (isOver) return;
    const end = () => {
      isOver = true;
      wake();
    };
    const subscriber = this.#join(request, {
      deliver({ events }) {
        waiting = events;
        wake();
        return false;
      },
      end,
      drop() {
        failure = new ApiError('resource_exhausted', `nothing was read for ${eventStalledMsMax / 1000} s`);
        end();
      },
    });
    signal.addEventListener('abort', end);
    try {
      while (!isOver) {
        if (waiting.length === 0) {
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          await promise;
          continue;
        }
        const events = waiting;
        waiting = [];
        for (const event of events) {
          if (isOver) break;
          yield event;
        }
        this.#resume(subscriber);
      }
      if (failure) throw failure;
    } finally {
      signal.removeEventListener('abort', end);
      this.#leave(subscriber);
    }
  }

  counts(): EventCounts {
    return {
      subscribers: this.#subscribers.size,
      delivered: this.#delivered,
      resyncs: this.#resyncs,
      dropped: this.#dropped,
    };
  }

  stop(): void {
    this.#isStopped = true;
    for (const subscriber of [...this.#subscribers]) {
      this.#leave(subscriber);
      subscriber.end();
    }
  }

  #join(request: WatchRequest, ends: Pick<Subscriber, 'deliver' | 'end' | 'drop'>): Subscriber {
    const { control, events } = this.#options;
    if (this.#isStopped) throw new ApiError('unavailable', 'maglevd is stopping');
    if (!control.isStarted()) throw startingError();
    if (this.#subscribers.size >= eventSubscribersMax) {
      const message = `${eventSubscribersMax} event streams are open, as many as maglevd serves: close some`;
      throw new ApiError('resource_exhausted', message);
    }
    const filter = filterOf(request);
    const subscriber: Subscriber = {
      filter,
      place: this.#feed.begin(request.lastEventId),
      sentMs: this.#clock.nowMs(),
      stalledSinceMs: undefined,
      isBehind: true,
      forgetDebug: wantsDebug(filter) ? events.wantDebug() : () => undefined,
      ...ends,
    };
    this.#subscribers.add(subscriber);
    this.#unsubscribe ??= events.subscribe(() => this.#wake());
    this.#sweepTimer ??= this.#clock.setTimer(eventSweepMs, () => this.#sweep());
    this.#queue.add(subscriber);
    this.#planTurn();
    return subscriber;
  }

  #leave(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    this.#queue.delete(subscriber);
    this.#feed.release(subscriber.place);
    subscriber.forgetDebug();
    if (this.#subscribers.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    for (const timer of [this.#roundTimer, this.#turnTimer, this.#sweepTimer]) timer?.cancel();
    this.#roundTimer = this.#turnTimer = this.#sweepTimer = undefined;
    this.#chunks.clear();
  }

  /** An event was appended, perhaps in the middle of a change: nothing is looked at before the next turn. */
  #wake(): void {
    const restMs = this.#roundMs + eventRoundMs - this.#clock.nowMs();
    this.#roundTimer ??= this.#clock.setTimer(restMs, () => this.#startRound());
  }

  #startRound(): void {
    this.#roundTimer = undefined;
    this.#roundMs = this.#clock.nowMs();
    this.#chunks.clear();
    for (const subscriber of this.#subscribers) this.#queue.add(subscriber);
    this.#runTurn();
  }

  #planTurn(): void {
    this.#turnTimer ??= this.#clock.afterIo(() => this.#runTurn());
  }

  /** Serves some of the queue, so that probes and requests never wait for all of it. */
  #runTurn(): void {
    this.#turnTimer?.cancel();
    this.#turnTimer = undefined;
    let served = 0;
    // Who has more to come is put at the end of the line, and met again in this very loop.
    for (const subscriber of this.#queue) {
      if (served === eventWritesPerTurnMax) break;
      this.#queue.delete(subscriber);
      if (this.#serve(subscriber)) served++;
    }
    if (this.#queue.size > 0) this.#planTurn();
    else this.#chunks.clear();
  }

  /** Hands it its next portion; false: nothing had to be done. */
  #serve(subscriber: Subscriber): boolean {
    if (subscriber.stalledSinceMs !== undefined) {
      subscriber.isBehind = true;
      return false;
    }
    const chunk = this.#chunkFor(subscriber);
    this.#feed.hold(chunk.place);
    this.#feed.release(subscriber.place);
    subscriber.place = chunk.place;
    subscriber.isBehind = !chunk.isCaughtUp;
    if (chunk.events.length > 0) {
      if (chunk.isResync) this.#resyncs++;
      this.#deliver(subscriber, chunk);
    }
    if (subscriber.isBehind && subscriber.stalledSinceMs === undefined) this.#queue.add(subscriber);
    return chunk.events.length > 0 || subscriber.isBehind;
  }

  #deliver(subscriber: Subscriber, chunk: Pick<Chunk, 'events' | 'bytes'>): void {
    this.#delivered += chunk.events.length;
    subscriber.sentMs = this.#clock.nowMs();
    if (!subscriber.deliver(chunk)) subscriber.stalledSinceMs = subscriber.sentMs;
  }

  #chunkFor({ filter, place }: Subscriber): Chunk {
    const key = `${filter.key} ${placeKey(place)}`;
    const known = this.#chunks.get(key);
    if (known) return known;
    const portion = this.#feed.pull(place, filter);
    const chunk = withBytes(portion);
    if (this.#chunks.size >= eventChunksMax) this.#chunks.clear();
    this.#chunks.set(key, chunk);
    return chunk;
  }

  #resume(subscriber: Subscriber): void {
    if (!this.#subscribers.has(subscriber) || subscriber.stalledSinceMs === undefined) return;
    subscriber.stalledSinceMs = undefined;
    if (!subscriber.isBehind) return;
    this.#queue.add(subscriber);
    this.#planTurn();
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    const beats = new Map<number, Pick<Chunk, 'events' | 'bytes'>>();
    for (const subscriber of [...this.#subscribers]) {
      const { stalledSinceMs, place, sentMs, isBehind } = subscriber;
      if (stalledSinceMs !== undefined) {
        if (nowMs - stalledSinceMs >= eventStalledMsMax) this.#drop(subscriber);
      } else if (place.t === 'live' && !isBehind && nowMs - sentMs >= eventHeartbeatMs) {
        const beat = beats.get(place.cursor) ?? withBytes({ events: [this.#feed.heartbeat(place.cursor)] });
        beats.set(place.cursor, beat);
        this.#deliver(subscriber, beat);
      }
    }
    if (this.#subscribers.size === 0) return;
    this.#sweepTimer = this.#clock.setTimer(eventSweepMs, () => this.#sweep());
  }

  #drop(subscriber: Subscriber): void {
    this.#dropped++;
    this.#leave(subscriber);
    subscriber.drop();
  }
}

function withBytes<T extends { readonly events: readonly EventJson[] }>(
  portion: T,
): T & Pick<Chunk, 'bytes'> {
  let made: Buffer | undefined;
  const bytes = () => {
    made ??= Buffer.from(portion.events.map(encodeSse).join(''));
    return made;
  };
  return { ...portion, bytes };
}
