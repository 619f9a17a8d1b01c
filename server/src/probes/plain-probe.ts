// One run of a probe over plain TCP, in the engine's hands: connect, then one request and its reply if asked.
// The probers of tcp and http are plans for this. What a reply or an errno means is decided in http-verdict
// and net-error. Its sibling with TLS is tls-probe.
import type { IpFamily } from '../config/config.ts';
import { assert } from '../lib/assert.ts';
import type { Timer } from '../lib/clock.ts';
import type { EngineState } from '../native-engine.ts';
import type { EngineRefusal, EngineRun } from './engine.ts';
import { type HttpExpectation, HttpVerdict } from './http-verdict.ts';
import { describeNetnsError, describeReason, describeRefusal, type SystemError } from './net-error.ts';
import type { ProbeNetwork } from './network.ts';
import {
  notBegun,
  type PreparedProbe,
  type ProbeDone,
  type ProbeResult,
  type RunningProbe,
} from './probe.ts';
import {
  connectFailure,
  connectTimeout,
  exchangeFailure,
  failure,
  type HttpExchange,
} from './stream-words.ts';

/** Everything that is the same in every run. */
export interface PlainPlan {
  readonly address: string;
  readonly family: IpFamily;
  readonly port: number;
  readonly source?: string | undefined;
  /** Absent: to be connected is enough. */
  readonly exchange?: HttpExchange;
}

export function preparePlain(plan: PlainPlan, network: ProbeNetwork): PreparedProbe {
  const { address, family, port, source, exchange } = plan;
  const record = network.engine.record({ address, family, port, source, request: exchange?.request });
  const expectation = exchange?.expectation;
  return {
    start(done) {
      const run = new PlainRun(network, expectation, source, done);
      network.engine.start(run, record);
      return run;
    },
  };
}

/**
 * `decided`: the result stands and is about to be told. `expiring`: it is looked for one last time.
 */
type Phase = 'running' | 'decided' | 'expiring' | 'over';

const connected: ProbeResult = { ok: true, code: 'L4OK', detail: 'connected' };

/** A class with few fields and no closures: thousands of these are made per second. */
class PlainRun implements RunningProbe, EngineRun {
  slot = -1;
  generation = 0;
  delayedMs = 0;
  /** Until it is this thread that asks for more of a reply. */
  isApart = true;
  readonly #network: ProbeNetwork;
  readonly #expectation: HttpExpectation | undefined;
  readonly #source: string | undefined;
  readonly #done: ProbeDone;
  #phase: Phase = 'running';
  #verdict: HttpVerdict | undefined;
  #decision: ProbeResult | undefined;
  #delivery: Timer | undefined;

  constructor(
    network: ProbeNetwork,
    expectation: HttpExpectation | undefined,
    source: string | undefined,
    done: ProbeDone,
  ) {
    this.#network = network;
    this.#expectation = expectation;
    this.#source = source;
    this.#done = done;
  }

  expire(): ProbeResult {
    assert(this.#phase !== 'over', 'a probe that has ended does not expire');
    this.#phase = 'expiring';
    const state = this.#network.engine.settle(this);
    const result = this.#decision ?? this.#timeoutResult(state);
    this.#close();
    return result;
  }

  cancel(): void {
    if (this.#phase !== 'over') this.#close();
  }

  onReached(elapsedMs: number): void {
    this.#finish(connected, elapsedMs);
  }

  onBytes(bytes: Uint8Array, elapsedMs: number): void {
    const result = this.#judge().feed(bytes, bytes.length);
    if (result === undefined) this.isApart = false;
    else this.#finish(result, elapsedMs);
  }

  onClosed(elapsedMs: number): void {
    this.#finish(this.#judge().end(), elapsedMs);
  }

  onFailed(error: SystemError, elapsedMs: number): void {
    this.#finish(this.#failureOf(error), elapsedMs);
  }

  /** Told later: the caller does not hold the run yet, which it needs to cancel it. */
  onRefused(refusal: EngineRefusal): void {
    this.#phase = 'decided';
    this.#decision = failure('L4CON', describeRefusal(refusal), true);
    this.#delivery = this.#network.clock.afterIo(() => this.#tellDecision());
  }

  #tellDecision(): void {
    const result = this.#decision;
    if (this.#phase !== 'decided' || result === undefined) return;
    this.#close();
    this.#done(result);
  }

  #judge(): HttpVerdict {
    assert(this.#expectation !== undefined, 'only what was asked is answered');
    this.#verdict ??= new HttpVerdict(this.#expectation);
    return this.#verdict;
  }

  #timeoutResult(state: EngineState): ProbeResult {
    if (state === 'waiting') return notBegun;
    const isAnswerDue = state !== 'connecting' && this.#expectation !== undefined;
    return isAnswerDue ? this.#judge().expire() : connectTimeout;
  }

  #failureOf(error: SystemError): ProbeResult {
    const { syscall } = error;
    switch (syscall) {
      case 'open':
      case 'setns': {
        const { detail, ours } = describeNetnsError(error, this.#network.netns);
        return failure('L4CON', detail, ours);
      }
      case 'epoll_ctl':
        return failure('L4CON', `${syscall}: ${describeReason(error)}`, true);
      case 'send':
      case 'recv':
        return exchangeFailure(error, this.#judge());
      default:
        return connectFailure(error, this.#source);
    }
  }

  #finish(result: ProbeResult, elapsedMs: number): void {
    if (this.#phase === 'expiring') {
      this.#decision = result;
      return;
    }
    this.#close();
    this.#done(result, elapsedMs);
  }

  #close(): void {
    this.#phase = 'over';
    this.#verdict = undefined;
    this.#delivery?.cancel();
    this.#network.engine.end(this);
  }
}
