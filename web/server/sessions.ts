// The HTTP/2 connection to one maglevd, opened when it is needed. It is pinged all the time: a peer that has
// died without a word, or hangs, is known after a few seconds, and all that waits for it fails. It must not
// know gRPC.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { rootCertificates } from 'node:tls';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Clock, Timer } from '@vpp-maglev/server/clock';
import { answerMsMax, pingAnswerMsMax, pingIntervalMs } from './limits.ts';

export interface SessionsOptions {
  readonly clock: Clock;
  /** `http://host:port` or `https://host:port`. */
  readonly baseUrl: string;
  /** CAs that are trusted beside the system's, PEM. */
  readonly caPem?: string;
}

/** One at a time; the transport asks for streams. */
export class Sessions {
  readonly authority: string;
  readonly #clock: Clock;
  readonly #tls: SecureClientSessionOptions;
  #opening: Promise<ClientHttp2Session> | undefined;
  /** Also those that take no more requests. */
  readonly #sessions = new Set<ClientHttp2Session>();

  constructor({ clock, baseUrl, caPem }: SessionsOptions) {
    this.authority = new URL(baseUrl).origin;
    this.#clock = clock;
    this.#tls = caPem === undefined ? {} : { ca: [...rootCertificates, caPem] };
  }

  /** Rejects when there is no connection to be had. */
  async request(method: string, path: string, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    const session = await this.#open();
    return session.request({ ...headers, ':method': method, ':path': path });
  }

  /** Pings alone tell whether the peer is there: an answer of a while ago says nothing. */
  notifyResponseByteRead(): void {
    return;
  }

  /** Closes the connection, and all streams on it; the next request opens another. */
  abort(): void {
    for (const session of this.#sessions) {
      session.destroy(new ConnectError('the connection was closed', Code.Canceled), constants.NGHTTP2_CANCEL);
    }
  }

  #open(): Promise<ClientHttp2Session> {
    if (this.#opening) return this.#opening;
    const { promise, resolve, reject } = Promise.withResolvers<ClientHttp2Session>();
    const session = connect(this.authority, this.#tls);
    this.#sessions.add(session);
    this.#opening = promise;
    let timer = this.#clock.setTimer(answerMsMax, () => {
      session.destroy(new ConnectError('no answer to the connection', Code.Unavailable));
    });
    const forget = () => {
      if (this.#opening === promise) this.#opening = undefined;
    };
    session.on('error', (error) => {
      forget();
      reject(error);
    });
    session.on('close', () => {
      timer.cancel();
      this.#sessions.delete(session);
      forget();
      reject(new ConnectError('the connection was closed', Code.Unavailable));
    });
    // It takes no more requests; those under way end in good order.
    session.on('goaway', forget);
    session.once('connect', () => {
      const ping = () => {
        timer = this.#ping(session, () => {
          timer = this.#clock.setTimer(pingIntervalMs, ping);
        });
      };
      timer.cancel();
      ping();
      resolve(session);
    });
    return promise;
  }

  /** Gives the timer that ends the session unless the answer comes. */
  #ping(session: ClientHttp2Session, answered: () => void): Timer {
    const timer = this.#clock.setTimer(pingAnswerMsMax, () => {
      session.destroy(new ConnectError(silence, Code.Unavailable), constants.NGHTTP2_CANCEL);
    });
    // False: the session ends already, as its events say.
    const isSent =
      !session.destroyed &&
      session.ping((error) => {
        timer.cancel();
        if (error === null && !session.destroyed) answered();
      });
    if (!isSent) timer.cancel();
    return timer;
  }
}

const silence = `silent for ${(pingIntervalMs + pingAnswerMsMax) / 1000} s`;
