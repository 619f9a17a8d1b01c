// The ICMP prober: one echo request in the engine's hands, one answer. Knows what an answer means; it must
// not know sockets, namespaces or what is done with the result.
import type { IcmpHealthCheck, IpFamily } from '../config/config.ts';
import { parseAddress } from '../lib/address.ts';
import { assert } from '../lib/assert.ts';
import type { Timer } from '../lib/clock.ts';
import { engineSlotsMax, icmpPayloadBytes } from '../lib/limits.ts';
import type { EchoRecord, EngineState } from '../native-engine.ts';
import { cleanDetail } from './detail.ts';
import type { EngineRefusal, EngineRun } from './engine.ts';
import { describeEchoError, describeIcmpError } from './icmp-error.ts';
import type { IcmpMessage } from './icmp-message.ts';
import { buildEchoRequest, icmpOfIpv4Packet, parseIcmpMessage } from './icmp-message.ts';
import { type ConnectFailure, describeRefusal, type SystemError } from './net-error.ts';
import type { ProbeNetwork } from './network.ts';
import { notBegun, type PrepareProbe, type ProbeDone, type ProbeResult, type RunningProbe } from './probe.ts';

/** What does not change from one run to the next. */
interface EchoPlan {
  readonly family: IpFamily;
  readonly addressBytes: Uint8Array;
  readonly source: string | undefined;
  readonly identifier: number;
  /** How each run starts; its message is written anew for each. */
  readonly echo: EchoRecord;
  readonly timeoutMs: number;
  readonly timedOut: ProbeResult;
  readonly network: ProbeNetwork;
}

const replied: ProbeResult = { ok: true, code: 'L4OK', detail: 'echo reply' };

/**
 * Succeeds with L4OK when the reply to its own request comes; else L4CON (refused, unreachable) or L4TOUT.
 */
export const prepareIcmp: PrepareProbe<IcmpHealthCheck> = (check, { address, family }, network) => {
  const parsed = parseAddress(address);
  assert(parsed.ok && parsed.address.family === family, 'the target is an address of its family');
  const source = family === 4 ? check.probeIpv4Src : check.probeIpv6Src;
  const identifier = network.icmpIdentifier(family, source);
  const message = buildEchoRequest(family, identifier, 0, new Uint8Array(icmpPayloadBytes));
  const plan: EchoPlan = {
    family,
    addressBytes: parsed.address.bytes,
    source,
    identifier,
    echo: network.engine.echoRecord({ family, address, source, identifier, message }),
    timeoutMs: check.timeoutMs,
    timedOut: { ok: false, code: 'L4TOUT', detail: `no echo reply within ${check.timeoutMs} ms` },
    network,
  };
  return {
    start(done) {
      const run = new EchoRun(plan, done);
      network.engine.start(run, plan.echo.record);
      return run;
    },
  };
};

/**
 * `decided`: the result stands and is about to be told. `expiring`: it is looked for one last time.
 */
type Phase = 'running' | 'decided' | 'expiring' | 'over';

/** A class with few fields and no closures, as PlainRun in plain-probe is. */
class EchoRun implements RunningProbe, EngineRun {
  slot = -1;
  generation = 0;
  delayedMs = 0;
  readonly isApart = true;
  readonly #plan: EchoPlan;
  readonly #done: ProbeDone;
  readonly #payload: Uint8Array;
  #sequence = 0;
  #phase: Phase = 'running';
  #decision: ProbeResult | undefined;
  #delivery: Timer | undefined;

  constructor(plan: EchoPlan, done: ProbeDone) {
    this.#plan = plan;
    this.#payload = plan.network.icmpPayload();
    this.#done = done;
  }

  expire(): ProbeResult {
    assert(this.#phase !== 'over', 'a probe that has ended does not expire');
    this.#phase = 'expiring';
    const state = this.#plan.network.engine.settle(this);
    const result = this.#decision ?? this.#timeoutResult(state);
    this.#close();
    return result;
  }

  cancel(): void {
    if (this.#phase !== 'over') this.#close();
  }

  onSlot(): void {
    const { family, identifier, echo } = this.#plan;
    this.#sequence = sequenceOf(this);
    echo.message.set(buildEchoRequest(family, identifier, this.#sequence, this.#payload));
  }

  onBytes(packet: Uint8Array, elapsedMs: number): void {
    const { family, timeoutMs } = this.#plan;
    // What lies there at the deadline counts if it came before.
    if (this.#phase === 'expiring' && elapsedMs > timeoutMs) return;
    const message = family === 4 ? icmpOfIpv4Packet(packet) : packet;
    const parsed = message && parseIcmpMessage(family, message);
    if (parsed === undefined || !this.#concerns(parsed)) return;
    const result =
      parsed.t === 'echo-reply'
        ? replied
        : failure({ detail: describeIcmpError(family, parsed.type, parsed.code), ours: false });
    this.#finish(result, elapsedMs);
  }

  onFailed(error: SystemError, elapsedMs: number): void {
    const { source, network } = this.#plan;
    this.#finish(failure(describeEchoError(error, source, network.netns)), elapsedMs);
  }

  /** Told later: the caller does not hold the run yet, which it needs to cancel it. */
  onRefused(refusal: EngineRefusal): void {
    this.#phase = 'decided';
    this.#decision = failure({ detail: describeRefusal(refusal), ours: true });
    this.#delivery = this.#plan.network.clock.afterIo(() => this.#tellDecision());
  }

  onReached(): void {
    assert(false, 'an echo always has something to send');
  }

  onClosed(): void {
    assert(false, 'an echo has no peer that closes');
  }

  #tellDecision(): void {
    const result = this.#decision;
    if (this.#phase !== 'decided' || result === undefined) return;
    this.#close();
    this.#done(result);
  }

  /** What to say when nothing (more) came. */
  #timeoutResult(state: EngineState): ProbeResult {
    const { timedOut, network } = this.#plan;
    if (state === 'waiting') return notBegun;
    if (!network.engine.hasLost(this)) return timedOut;
    return { ...timedOut, detail: `${timedOut.detail}; our receive buffer overflowed`, ours: true };
  }

  /** An error need not quote the payload; what it quotes of it must be ours. */
  #concerns(message: IcmpMessage): boolean {
    const carried = message.t === 'error' ? message.quoted : message;
    if (carried.identifier !== this.#plan.identifier || carried.sequence !== this.#sequence) return false;
    if (message.t === 'echo-reply') return Buffer.compare(message.payload, this.#payload) === 0;
    const { destination, payload } = message.quoted;
    if (Buffer.compare(destination, this.#plan.addressBytes) !== 0) return false;
    return Buffer.compare(payload, this.#payload.subarray(0, payload.length)) === 0;
  }

  #finish(result: ProbeResult, elapsedMs: number): void {
    if (this.#phase === 'expiring') {
      this.#decision ??= result;
      return;
    }
    this.#close();
    this.#done(result, elapsedMs);
  }

  #close(): void {
    this.#phase = 'over';
    this.#delivery?.cancel();
    this.#plan.network.engine.end(this);
  }
}

/** The engine finds the slot by the sequence number; no two runs of a slot in a row have the same. */
function sequenceOf({ slot, generation }: EngineRun): number {
  const perSlot = Math.floor(0x10000 / engineSlotsMax);
  return slot + engineSlotsMax * ((generation >>> 0) % perSlot);
}

function failure({ detail, ours }: ConnectFailure): ProbeResult {
  return { ok: false, code: 'L4CON', detail: cleanDetail(detail), ...(ours && { ours }) };
}
