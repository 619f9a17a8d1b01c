// One run of a probe over TLS: connect, handshake, then one request and its reply if asked. The probers of
// https and of tcp with TLS are plans for this. It knows sockets and phases; what a reply, a certificate or
// an errno means is decided in http-verdict, tls and net-error. Its sibling without TLS is plain-probe.
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { IpFamily } from '../config/config.ts';
import { assert } from '../lib/assert.ts';
import type { Timer } from '../lib/clock.ts';
import { isNativeError } from '../native.ts';
import { HttpVerdict } from './http-verdict.ts';
import { describeConnectError, isExhaustion } from './net-error.ts';
import type { ProbeNetwork } from './network.ts';
import type { PreparedProbe, ProbeResult, RunningProbe } from './probe.ts';
import {
  connectFailure,
  connectTimeout,
  exchangeFailure,
  failure,
  type HttpExchange,
} from './stream-words.ts';
import { judgeCertificate, type KeyShares, keySharesFor, startTls, type TlsPlan } from './tls.ts';
import { describeHandshakeError, isTlsError, type TlsError } from './tls-words.ts';

/** Everything that is the same in every run. */
export interface TlsProbePlan {
  readonly address: string;
  readonly family: IpFamily;
  readonly port: number;
  readonly source?: string | undefined;
  readonly tls: TlsPlan;
  /** Absent: a handshake with a good certificate is enough. */
  readonly exchange?: HttpExchange;
}

/** What one run leaves to the next; a session is not part of it (record 15). */
interface Memory {
  keyShares: KeyShares;
}

export function prepareTls(plan: TlsProbePlan, network: ProbeNetwork): PreparedProbe {
  const memory: Memory = { keyShares: 'classic' };
  return {
    start(done) {
      const run = new TlsRun(plan, network, memory, done);
      run.start();
      return run;
    },
  };
}

/** `decided`: the result stands and is about to be told. */
type Phase = 'connecting' | 'handshake' | 'exchange' | 'decided' | 'over';

const handshakeTimeout: ProbeResult = { ok: false, code: 'L6TOUT', detail: 'TLS handshake not done in time' };

/**
 * A class, and few listeners: hundreds of these are started per second, and their cost is a goal. For the
 * same reason there is no AbortSignal, no promise and no timer in it.
 */
class TlsRun implements RunningProbe {
  readonly #plan: TlsProbePlan;
  readonly #network: ProbeNetwork;
  readonly #memory: Memory;
  #done: ((result: ProbeResult) => void) | undefined;
  #phase: Phase = 'connecting';
  #socket: Socket | undefined;
  #verdict: HttpVerdict | undefined;
  #decision: ProbeResult | undefined;
  #delivery: Timer | undefined;

  constructor(
    plan: TlsProbePlan,
    network: ProbeNetwork,
    memory: Memory,
    done: (result: ProbeResult) => void,
  ) {
    this.#plan = plan;
    this.#network = network;
    this.#memory = memory;
    this.#done = done;
  }

  start(): void {
    const { address, family, port, source } = this.#plan;
    try {
      this.#socket = this.#network.connect({ address, family, port, source });
    } catch (error) {
      this.#refuse(error);
      return;
    }
    this.#socket.on('connect', () => this.#onConnect());
    this.#socket.on('error', (error: TlsError) => this.#onError(error));
    this.#socket.on('end', () => this.#onEnd());
  }

  expire(): ProbeResult {
    assert(this.#phase !== 'over', 'a probe that has ended does not expire');
    const result = this.#timeoutResult();
    this.#close();
    return result;
  }

  cancel(): void {
    if (this.#phase !== 'over') this.#close();
  }

  #timeoutResult(): ProbeResult {
    if (this.#decision) return this.#decision;
    if (this.#verdict) return this.#verdict.expire();
    return this.#phase === 'connecting' ? connectTimeout : handshakeTimeout;
  }

  /**
   * No socket was to be had. Told later: the caller does not hold the run yet, which it needs to cancel it.
   */
  #refuse(error: unknown): void {
    if (!isNativeError(error)) throw error;
    const { ours } = describeConnectError(error, this.#plan.source);
    this.#finishLater(failure('L4CON', error.message, ours));
  }

  #finishLater(result: ProbeResult): void {
    this.#phase = 'decided';
    this.#decision = result;
    this.#delivery = this.#network.clock.afterIo(() => this.#finish(result));
  }

  #onConnect(): void {
    if (this.#phase !== 'connecting') return;
    this.#startHandshake(this.#plan.tls);
  }

  #startHandshake(tls: TlsPlan): void {
    assert(this.#socket !== undefined, 'a handshake has a socket');
    this.#phase = 'handshake';
    const tlsSocket = startTls(this.#socket, tls, this.#memory.keyShares);
    tlsSocket.on('secureConnect', () => this.#onSecure(tls, tlsSocket));
    tlsSocket.on('data', (bytes: Uint8Array) => this.#onBytes(bytes));
    tlsSocket.on('error', (error: TlsError) => this.#onError(error));
    tlsSocket.on('end', () => this.#onEnd());
    tlsSocket.on('close', () => this.#onEnd());
  }

  /**
   * Called from inside OpenSSL, so the socket must not be closed before this returns: Node would free what
   * OpenSSL still uses. And only then does our last message of the handshake leave: a reset before it would
   * be logged by the server as a broken handshake.
   */
  #onSecure(tls: TlsPlan, tlsSocket: TLSSocket): void {
    if (this.#phase !== 'handshake') return;
    this.#memory.keyShares = keySharesFor(tlsSocket);
    const fault = judgeCertificate(tlsSocket, tls, this.#network.clock.wallMs());
    if (fault !== undefined) this.#finishLater(failure('L6RSP', fault));
    else if (this.#plan.exchange !== undefined) this.#startExchange(this.#plan.exchange, tlsSocket);
    else this.#finishLater({ ok: true, code: 'L6OK', detail: tlsSocket.getProtocol() ?? 'TLS' });
  }

  /** One write, which leaves at once: with nothing on its way Nagle's rule holds nothing back. */
  #startExchange(exchange: HttpExchange, socket: TLSSocket): void {
    this.#phase = 'exchange';
    this.#verdict = new HttpVerdict(exchange.expectation);
    socket.write(exchange.request);
  }

  #onBytes(bytes: Uint8Array): void {
    const result = this.#phase === 'exchange' ? this.#verdict?.feed(bytes, bytes.length) : undefined;
    if (result !== undefined) this.#finish(result);
  }

  /** The peer closed its side, or all of it. */
  #onEnd(): void {
    if (this.#phase === 'handshake') this.#onError({ code: 'ECONNRESET' });
    else if (this.#phase === 'exchange' && this.#verdict) this.#finish(this.#verdict.end());
  }

  #onError(error: TlsError): void {
    switch (this.#phase) {
      case 'connecting':
        this.#finish(connectFailure(error, this.#plan.source));
        return;
      case 'handshake':
        this.#finish(failure('L6RSP', describeHandshakeError(error), isExhaustion(error)));
        return;
      case 'exchange':
        this.#finish(this.#exchangeResult(error));
        return;
      // After the verdict nobody asks. The listener stays all the same, since a socket's error without one
      // ends the process: a reset can still be on its way up when the probe is cancelled.
      case 'decided':
      case 'over':
    }
  }

  #exchangeResult(error: TlsError): ProbeResult {
    // In TLS 1.3 a server refuses a client that shows no certificate only after the handshake's end.
    if (!isExhaustion(error) && isTlsError(error)) return failure('L6RSP', describeHandshakeError(error));
    assert(this.#verdict !== undefined, 'an exchange has a verdict');
    return exchangeFailure(error, this.#verdict);
  }

  #finish(result: ProbeResult): void {
    if (this.#phase === 'over') return;
    const done = this.#done;
    this.#close();
    done?.(result);
  }

  /**
   * Closes with a reset, as HAProxy's checks do: no TIME_WAIT is left here (1,000 probes a second would hold
   * 60,000 local ports), and it costs less than an orderly end. A connection that is not there yet is let go.
   * A TLS socket on top is not touched: it follows its socket's 'close', when no callback of OpenSSL runs.
   */
  #close(): void {
    const socket = this.#socket;
    this.#phase = 'over';
    this.#done = undefined;
    this.#verdict = undefined;
    this.#delivery?.cancel();
    if (socket !== undefined && !socket.destroyed) {
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    }
  }
}
