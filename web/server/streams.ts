// Brings the fleet's messages to browsers as server-sent events: a picture first, or what was missed, then
// all that follows, encoded once for all. It must not know HTTP: a browser is a sink of bytes.
// Source of the form: WHATWG HTML, 9.2 "Server-sent events".
import type { Clock, Timer } from '@vpp-maglev/server/clock';
import { ApiError } from '@vpp-maglev/server/errors';
import type { FleetMessage } from '../src/contract.ts';
import type { Fleet } from './fleet.ts';
import {
  lingerMs,
  streamHeartbeatMs,
  streamPendingBytesMax,
  streamRetryMs,
  streamRoundMs,
  streamStalledMsMax,
  streamsMax,
} from './limits.ts';
import { Ring } from './ring.ts';

export interface StreamSink {
  write(bytes: Buffer | string): void;
  /** Bytes that its peer has not taken yet. */
  pendingBytes(): number;
  /** In good order; what waits is sent. */
  end(): void;
  /** At once. */
  destroy(): void;
}

export interface StreamRequest {
  readonly canChange: boolean;
  readonly lastEventId?: string;
}

/** The sink's side. */
export interface Stream {
  /** Everything that waited was taken. */
  drained(): void;
  /** Idempotent; the sink hears no more. */
  close(): void;
}

interface Browser {
  readonly sink: StreamSink;
  readonly canChange: boolean;
  /** Number of the last message that it was handed; absent: it needs a picture. */
  place: number | undefined;
  stalledSinceMs: number | undefined;
}

export class Streams {
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #epoch: string;
  readonly #ring = new Ring();
  readonly #browsers = new Set<Browser>();
  readonly #pictures = new Map<boolean, { readonly number: number; readonly text: string }>();
  #isWatched = false;
  #isStopped = false;
  #roundTimer: Timer | undefined;
  #beatTimer: Timer | undefined;
  #lingerTimer: Timer | undefined;
  #dropped = 0;

  constructor(fleet: Fleet, clock: Clock) {
    this.#fleet = fleet;
    this.#clock = clock;
    this.#epoch = Math.floor(clock.wallMs()).toString(36);
    fleet.listen((message) => this.#take(message));
  }

  /** Writes from a later turn on. Throws ApiError when there are too many, or none any more. */
  open(request: StreamRequest, sink: StreamSink): Stream {
    if (this.#isStopped) throw new ApiError('unavailable', 'the dashboard is stopping');
    if (this.#browsers.size >= streamsMax) {
      const message = `${streamsMax} pages are open, as many as the dashboard serves: close some`;
      throw new ApiError('resource_exhausted', message);
    }
    const place = this.#placeOf(request.lastEventId);
    const browser: Browser = { sink, canChange: request.canChange, place, stalledSinceMs: undefined };
    this.#browsers.add(browser);
    void this.#welcome(browser);
    return {
      drained: () => this.#resume(browser),
      close: () => this.#leave(browser),
    };
  }

  /** Browsers now, and those that were dropped since the start. */
  counts(): { readonly browsers: number; readonly dropped: number } {
    return { browsers: this.#browsers.size, dropped: this.#dropped };
  }

  /** Ends all streams, now and for good. */
  stop(): void {
    this.#isStopped = true;
    for (const { sink, stalledSinceMs } of this.#browsers) {
      // What a stalled one has not taken would hold up the end.
      if (stalledSinceMs === undefined) sink.end();
      else sink.destroy();
    }
    this.#browsers.clear();
    for (const timer of [this.#roundTimer, this.#beatTimer, this.#lingerTimer]) timer?.cancel();
    if (this.#isWatched) this.#fleet.setWatched(false);
    this.#isWatched = false;
  }

  async #welcome(browser: Browser): Promise<void> {
    this.#lingerTimer?.cancel();
    this.#lingerTimer = undefined;
    if (!this.#isWatched) {
      this.#isWatched = true;
      this.#fleet.setWatched(true);
    }
    this.#beatTimer ??= this.#clock.setTimer(streamHeartbeatMs, () => this.#beat());
    // Whoever continues has seen what is known; a new page must not show what is of yesterday.
    await (browser.place === undefined ? this.#fleet.fresh() : undefined);
    if (!this.#browsers.has(browser)) return;
    browser.sink.write(`retry: ${streamRetryMs}\n\n`);
    this.#pump(browser);
  }

  /** Where a browser that comes back continues; undefined: that is gone. */
  #placeOf(lastEventId: string | undefined): number | undefined {
    const [epoch, digits] = lastEventId?.split('-', 2) ?? [];
    if (epoch !== this.#epoch || !this.#isWatched || !/^[0-9]{1,15}$/.test(digits ?? '')) return undefined;
    return this.#ring.holds(Number(digits)) ? Number(digits) : undefined;
  }

  #take(message: FleetMessage): void {
    if (!this.#isWatched) return;
    this.#ring.append((number) => this.#encode(message, number));
    this.#pictures.clear();
    this.#roundTimer ??= this.#clock.setTimer(streamRoundMs, () => {
      this.#roundTimer = undefined;
      for (const browser of this.#browsers) if (browser.place !== undefined) this.#pump(browser);
    });
  }

  #encode(message: FleetMessage, number: number): string {
    // Attributes of log lines are whatever a line says; all else is JSON, and quicker without a replacer.
    const isLog = message.t === 'event' && message.event.kind === 'log';
    const json = isLog ? JSON.stringify(message, replaceBigInt) : JSON.stringify(message);
    return `id: ${this.#epoch}-${number}\ndata: ${json}\n\n`;
  }

  /** Hands out what is new, as long as the connection takes it. */
  #pump(browser: Browser): void {
    const { sink } = browser;
    while (browser.stalledSinceMs === undefined) {
      const { place } = browser;
      if (place === undefined || !this.#ring.holds(place)) {
        sink.write(this.#picture(browser.canChange));
        browser.place = this.#ring.last();
      } else if (place < this.#ring.last()) {
        const piece = this.#ring.after(place);
        sink.write(piece.bytes);
        browser.place = piece.last;
      } else break;
      if (sink.pendingBytes() > streamPendingBytesMax) browser.stalledSinceMs = this.#clock.nowMs();
    }
  }

  #picture(canChange: boolean): string {
    const number = this.#ring.last();
    const known = this.#pictures.get(canChange);
    if (known?.number === number) return known.text;
    const message = { t: 'picture', at: this.#now(), canChange, maglevds: this.#fleet.pictures() } as const;
    const text = this.#encode(message, number);
    this.#pictures.set(canChange, { number, text });
    return text;
  }

  #resume(browser: Browser): void {
    if (browser.stalledSinceMs === undefined || !this.#browsers.has(browser)) return;
    browser.stalledSinceMs = undefined;
    this.#pump(browser);
  }

  /** Streams that are still alive say so; those that nobody reads are given up. */
  #beat(): void {
    const text = `data: ${JSON.stringify({ t: 'heartbeat', at: this.#now() } satisfies FleetMessage)}\n\n`;
    const nowMs = this.#clock.nowMs();
    for (const browser of [...this.#browsers]) {
      const { stalledSinceMs, sink, place } = browser;
      if (stalledSinceMs === undefined) {
        if (place !== undefined) sink.write(text);
      } else if (nowMs - stalledSinceMs >= streamStalledMsMax) {
        this.#dropped += 1;
        this.#leave(browser);
        sink.destroy();
      }
    }
    this.#beatTimer = undefined;
    if (this.#browsers.size === 0) return;
    this.#beatTimer = this.#clock.setTimer(streamHeartbeatMs, () => this.#beat());
  }

  #leave(browser: Browser): void {
    if (!this.#browsers.delete(browser) || this.#browsers.size > 0) return;
    this.#lingerTimer = this.#clock.setTimer(lingerMs, () => {
      this.#lingerTimer = undefined;
      this.#isWatched = false;
      this.#fleet.setWatched(false);
      // From here on messages are missing.
      this.#ring.clear();
      this.#pictures.clear();
    });
  }

  #now(): string {
    return new Date(this.#clock.wallMs()).toISOString();
  }
}

function replaceBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
