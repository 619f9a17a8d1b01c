// The one owner of the stream: opens it, hears it, opens it again after silence or sleep, and holds the
// model that came of it. Knows the wire and the clock; what messages mean stands in reduce.
import { flushSync } from 'svelte';
import type { FleetMessage } from '../../contract.ts';
import {
  drawIntervalMs,
  drawRestFactor,
  type LinkState,
  silenceMsMax,
  waitingMessagesMax,
  watchIntervalMs,
  watchLink,
} from './link.ts';
import { emptyFleet, type FleetModel } from './model.ts';
import { reduce } from './reduce.ts';

export class FleetStream {
  model: FleetModel = $state.raw(emptyFleet);
  link: LinkState = $state('connecting');
  /** Since when the link is as it is, by this page's clock. */
  linkSinceMs: number = $state(Date.now());
  /** The server's time now, ticking by the second: ages are told by it. */
  nowMs: number = $state(Date.now());

  readonly #url: string;
  readonly #stopped = new AbortController();
  #source: EventSource | undefined;
  #waiting: FleetMessage[] = [];
  #isDrawPlanned = false;
  #lastDrawMs = 0;
  #drawTookMs = 0;
  #lastHeardMs = Date.now();
  #lastWatchMs = Date.now();
  #openedMs = 0;
  #lastEventId = '';
  #isBroken = false;

  constructor(url: string) {
    this.#url = url;
  }

  get isLive(): boolean {
    return this.link === 'live';
  }

  /** Opens the stream and watches it until `stop`. */
  start(): void {
    const { signal } = this.#stopped;
    this.#open();
    const watch = setInterval(() => this.#watch(), watchIntervalMs);
    signal.addEventListener('abort', () => clearInterval(watch));
    document.addEventListener('visibilitychange', () => this.#watch(), { signal });
    window.addEventListener('online', () => this.#open(), { signal });
    window.addEventListener('pagehide', () => this.#source?.close(), { signal });
    window.addEventListener('pageshow', (event) => event.persisted && this.#open(), { signal });
  }

  stop(): void {
    this.#stopped.abort();
    this.#source?.close();
  }

  #open(): void {
    this.#source?.close();
    this.#openedMs = Date.now();
    this.#lastHeardMs = this.#openedMs;
    this.#isBroken = false;
    // A stream that the browser opens again sends Last-Event-ID itself; one that we open can only ask in
    // its address.
    const after = this.#lastEventId === '' ? '' : `?lastEventId=${encodeURIComponent(this.#lastEventId)}`;
    const source = new EventSource(this.#url + after);
    source.addEventListener('message', (event) => this.#hear(event));
    source.addEventListener('error', () => this.#miss());
    this.#source = source;
  }

  #hear(event: MessageEvent<string>): void {
    this.#lastHeardMs = Date.now();
    this.#isBroken = false;
    if (event.lastEventId !== '') this.#lastEventId = event.lastEventId;
    const message = JSON.parse(event.data) as FleetMessage;
    this.#waiting.push(message);
    // First: what is drawn now must not be drawn as old.
    this.#setLink('live');
    if (this.#waiting.length > waitingMessagesMax) this.#startAfresh();
    else if (message.t === 'picture') this.#draw();
    else this.#planDraw();
  }

  /** Too much has waited: a new picture is shorter than what led to it. */
  #startAfresh(): void {
    this.#waiting = [];
    this.#lastEventId = '';
    this.#open();
  }

  #miss(): void {
    this.#isBroken = true;
    this.#setLink(this.model.isLoaded ? 'lost' : 'connecting');
  }

  #setLink(link: LinkState): void {
    if (this.link === link) return;
    this.link = link;
    this.linkSinceMs = Date.now();
  }

  #watch(): void {
    const nowMs = Date.now();
    const decision = watchLink({
      nowMs,
      lastWatchMs: this.#lastWatchMs,
      lastHeardMs: this.#lastHeardMs,
      openedMs: this.#openedMs,
      isBroken: this.#isBroken,
      isHidden: document.hidden,
    });
    this.#lastWatchMs = nowMs;
    // Where nothing is drawn, what was heard must not pile up.
    if (this.#waiting.length > 0 && nowMs - this.#lastDrawMs > 1000) this.#draw();
    if (nowMs - this.#lastHeardMs > silenceMsMax) this.#setLink(this.model.isLoaded ? 'lost' : 'connecting');
    if (decision === 'reopen') {
      const wasHeardMs = this.#lastHeardMs;
      this.#open();
      // Opening is not hearing: the silence goes on until a message comes.
      this.#lastHeardMs = wasHeardMs;
    }
    const serverNowMs = nowMs + this.model.skewMs;
    if (Math.floor(serverNowMs / 1000) !== Math.floor(this.nowMs / 1000)) this.nowMs = serverNowMs;
  }

  #planDraw(): void {
    if (this.#isDrawPlanned) return;
    this.#isDrawPlanned = true;
    const intervalMs = Math.max(drawIntervalMs, this.#drawTookMs * drawRestFactor);
    const waitMs = Math.min(1000, Math.max(0, this.#lastDrawMs + intervalMs - Date.now()));
    // Not in an animation frame: what the model costs and what the drawing costs are two tasks, not one
    // long one.
    setTimeout(() => this.#draw(), waitMs);
  }

  #draw(): void {
    this.#isDrawPlanned = false;
    this.#lastDrawMs = Date.now();
    const messages = this.#waiting;
    this.#waiting = [];
    this.model = reduce(this.model, messages, this.#lastDrawMs);
    flushSync();
    this.#drawTookMs = Date.now() - this.#lastDrawMs;
  }
}
