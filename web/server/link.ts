// One maglevd, kept in sight: its events as they come, its resources while somebody watches, and its
// connection as it is. Lost, it is tried again with back-off. It must not know browsers.
import type { Clock, Timer } from '@vpp-maglev/server/clock';
import { ApiError } from '@vpp-maglev/server/errors';
import type { Log } from '@vpp-maglev/server/log';
import type { EventJson, FleetMessage, MaglevdPicture } from '../src/contract.ts';
import { ask } from './ask.ts';
import { answerMsMax, reconnectMsMax, reconnectMsMin, roundRestMsMin } from './limits.ts';
import { type Input, type KnownMaglevd, reduce, unknownMaglevd } from './picture.ts';
import {
  type Agenda,
  answered,
  differing,
  dueQuestions,
  freshAgenda,
  fullAgenda,
  hastened,
  nextDueMs,
  quickQuestions,
} from './questions.ts';
import { asApiError, type MaglevdSource } from './source.ts';
import { rest, untilAborted } from './waiting.ts';

export interface LinkOptions {
  readonly source: MaglevdSource;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly tell: (message: FleetMessage) => void;
}

export class Link {
  readonly source: MaglevdSource;
  readonly #options: LinkOptions;
  readonly #clock: Clock;
  #known: KnownMaglevd;
  #isWatched = false;
  /** Absent: it is not kept up. */
  #life: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  /** Absent: there is nobody to ask. */
  #attempt: AbortController | undefined;
  #lastEventId: string | undefined;
  #agenda: Agenda = fullAgenda(0);
  #round: Promise<void> | undefined;
  #isAskingDrift = false;
  #roundEndMs = 0;
  #restMs = roundRestMsMin;
  #timer: Timer | undefined;
  #fresh = Promise.withResolvers<void>();
  readonly #shown = Promise.withResolvers<void>();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.source = options.source;
    this.#clock = options.clock;
    this.#known = unknownMaglevd(options.source.name, this.#now(), this.source.isInProcess);
    if (!this.source.isInProcess) this.#shown.resolve();
  }

  picture(): MaglevdPicture {
    return this.#known.picture;
  }

  start(): void {
    if (!this.source.isInProcess) this.#begin();
  }

  /** While watched, everything is asked for at its interval. */
  setWatched(isWatched: boolean): void {
    if (this.#isWatched === isWatched) return;
    this.#isWatched = isWatched;
    this.#fresh = Promise.withResolvers<void>();
    if (isWatched) {
      this.#begin();
      this.#agenda = fullAgenda(this.#clock.nowMs());
      // It is tried again and again, which nobody need wait for.
      if (!this.source.isInProcess && this.picture().reason !== undefined) this.#fresh.resolve();
      this.#schedule();
    } else {
      this.#timer?.cancel();
      if (this.source.isInProcess) void this.#end();
    }
  }

  /** Resolves when all that is known is of now, or it is known that nobody can be asked. */
  fresh(): Promise<void> {
    return this.#fresh.promise;
  }

  /**
   * Resolves when its picture can be shown. One that is connected to says so itself; of one in this process,
   * which there is no connecting to, it has to be asked first.
   */
  shown(): Promise<void> {
    return this.#shown.promise;
  }

  /** Something was changed: ask soon. */
  touch(): void {
    this.#agenda = { ...this.#agenda, backends: 0, frontends: 0 };
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isWatched = false;
    this.#timer?.cancel();
    await this.#end();
    this.source.stop();
  }

  #begin(): void {
    if (this.#life) return;
    const stop = new AbortController();
    this.#life = { stop, ended: this.#live(stop.signal) };
  }

  async #end(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    life?.stop.abort(new ApiError('unavailable', 'nobody watches'));
    await life?.ended;
  }

  async #live(signal: AbortSignal): Promise<void> {
    let restMs = reconnectMsMin;
    while (!signal.aborted) {
      const attempt = new AbortController();
      const failure = await this.#attend(attempt, signal);
      const wasThere = this.#attempt === attempt;
      if (wasThere) this.#attempt = undefined;
      if (signal.aborted) return;
      this.#lose(failure);
      if (wasThere) restMs = reconnectMsMin;
      await rest(this.#clock, restMs, signal);
      restMs = Math.min(restMs * 2, reconnectMsMax);
    }
  }

  /** Takes its events until that ends; gives why it did. */
  async #attend(attempt: AbortController, stopped: AbortSignal): Promise<ApiError> {
    const stop = () => attempt.abort(stopped.reason);
    stopped.addEventListener('abort', stop);
    const { signal } = attempt;
    const from = this.#lastEventId === undefined ? {} : { lastEventId: this.#lastEventId };
    // A stream that continues says nothing until something happens: answers tell whether somebody is there.
    const loaded = this.#load(attempt);
    try {
      for await (const event of untilAborted(this.source.watch(from, signal), signal)) {
        await loaded;
        if (!signal.aborted) this.#take(event);
      }
      if (signal.aborted) return asApiError(signal.reason);
      return new ApiError('unavailable', 'it ended the stream of events');
    } catch (error) {
      return asApiError(signal.aborted ? signal.reason : error);
    } finally {
      stopped.removeEventListener('abort', stop);
      // Questions under way are of no use any more.
      attempt.abort(new ApiError('unavailable', 'the stream of events has ended'));
    }
  }

  /** Asks for everything. Never rejects: without an answer the attempt is over. */
  async #load(attempt: AbortController): Promise<void> {
    const { signal } = attempt;
    const late = () => new ApiError('unavailable', `no answer within ${answerMsMax / 1000} s`);
    const timer = this.#clock.setTimer(answerMsMax, () => attempt.abort(late()));
    signal.addEventListener('abort', () => timer.cancel(), { once: true });
    try {
      const { version } = await this.source.call('GetVersion', {});
      timer.cancel();
      const answers = await ask(this.source, quickQuestions);
      if (signal.aborted) return;
      const was = this.picture().connection;
      const told = typeof version === 'string' && { version };
      this.#apply({ t: 'loaded', at: this.#now(), answers, ...told });
      if (was !== 'connected') this.#options.log.info('maglevd-connected', { maglevd: this.source.name });
    } catch (error) {
      return attempt.abort(asApiError(error));
    } finally {
      timer.cancel();
    }
    this.#agenda = freshAgenda(this.#clock.nowMs());
    this.#attempt = attempt;
    this.#fresh.resolve();
    this.#shown.resolve();
    this.#schedule();
  }

  #lose({ message }: ApiError): void {
    const before = this.picture().connection;
    const isNews = this.picture().reason !== message;
    this.#apply({ t: 'lost', at: this.#now(), reason: message });
    this.#fresh.resolve();
    if (before !== 'connected' && !isNews) return;
    const what = before === 'connecting' ? 'maglevd-unreachable' : 'maglevd-lost';
    this.#options.log.warn(what, { maglevd: this.source.name, why: message });
  }

  #take(event: EventJson): void {
    if (event.id !== undefined) this.#lastEventId = event.id;
    if (event.kind === 'resync') this.#lastEventId = undefined;
    // Whoever watches next is told how things are then.
    if (!this.#isWatched) return;
    this.#apply({ t: 'event', event });
    if (event.snapshot) return;
    this.#agenda = hastened(this.#agenda, event, this.#clock.nowMs());
    this.#schedule();
  }

  /** Sets the timer for what is due next. */
  #schedule(): void {
    this.#timer?.cancel();
    if (!this.#isWatched || !this.#attempt || this.#round) return;
    const dueMs = Math.max(nextDueMs(this.#agenda), this.#roundEndMs + this.#restMs);
    this.#timer = this.#clock.setTimer(dueMs - this.#clock.nowMs(), () => {
      const attempt = this.#attempt;
      if (!attempt) return;
      this.#round = this.#askDue(attempt).finally(() => {
        this.#round = undefined;
        this.#schedule();
      });
    });
  }

  /** One round of questions. A maglevd that does not answer them is lost, whatever its stream says. */
  async #askDue(attempt: AbortController): Promise<void> {
    const startMs = this.#clock.nowMs();
    const due = dueQuestions(this.#agenda, startMs);
    // Now, not with the answers: an event in between makes them due again.
    this.#agenda = answered(this.#agenda, due, startMs);
    if (due.includes('drift')) void this.#askDrift(attempt);
    const which = due.filter((question) => question !== 'drift');
    try {
      const answers = await ask(this.source, which);
      if (attempt.signal.aborted) return;
      this.#apply({ t: 'answers', answers });
      if (which.length === quickQuestions.length) this.#fresh.resolve();
    } catch (error) {
      attempt.abort(asApiError(error));
    }
    this.#roundEndMs = this.#clock.nowMs();
    this.#restMs = Math.max(roundRestMsMin, this.#roundEndMs - startMs);
  }

  /** One at a time, and nothing waits for it: VPP may take its time. */
  async #askDrift(attempt: AbortController): Promise<void> {
    if (this.#isAskingDrift) return;
    this.#isAskingDrift = true;
    try {
      const answers = await ask(this.source, ['drift']);
      if (attempt.signal.aborted) return;
      if (answers.drift?.length) this.#agenda = differing(this.#agenda, this.#clock.nowMs());
      this.#apply({ t: 'answers', answers });
      this.#schedule();
    } catch (error) {
      attempt.abort(asApiError(error));
    } finally {
      this.#isAskingDrift = false;
    }
  }

  #apply(input: Input): void {
    const { known, messages } = reduce(this.#known, input);
    this.#known = known;
    for (const message of messages) this.#options.tell(message);
  }

  #now(): string {
    return new Date(this.#clock.wallMs()).toISOString();
  }
}
