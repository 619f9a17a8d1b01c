// The ICMP prober: one echo request, one answer. Knows what an answer means; it must not know sockets,
// namespaces or what is done with the result.
import { randomFillSync } from 'node:crypto';
import type { IcmpHealthCheck, IpFamily } from '../config/config.ts';
import { parseAddress } from '../lib/address.ts';
import { assert } from '../lib/assert.ts';
import { icmpPayloadBytes } from '../lib/limits.ts';
import { isNativeError } from '../native.ts';
import { cleanDetail } from './detail.ts';
import { describeIcmpError, describeSendError } from './icmp-error.ts';
import type { IcmpMessage } from './icmp-message.ts';
import { buildEchoRequest, parseIcmpMessage } from './icmp-message.ts';
import type { IcmpPort } from './icmp-port.ts';
import { type ConnectFailure, isExhaustion } from './net-error.ts';
import type { ProbeNetwork } from './network.ts';
import type { PrepareProbe, ProbeResult, RunningProbe } from './probe.ts';

/** What does not change from one run to the next. */
interface EchoPlan {
  readonly family: IpFamily;
  readonly address: string;
  readonly addressBytes: Uint8Array;
  readonly source: string | undefined;
  readonly timedOut: ProbeResult;
  readonly network: ProbeNetwork;
}

/** What one request carries, and so what its answer must carry. */
interface Echo {
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

const replied: ProbeResult = { ok: true, code: 'L4OK', detail: 'echo reply' };

/**
 * Succeeds with L4OK when the reply to its own request comes; else L4CON (refused, unreachable) or L4TOUT.
 */
export const prepareIcmp: PrepareProbe<IcmpHealthCheck> = (check, target, network) => {
  const parsed = parseAddress(target.address);
  assert(parsed.ok && parsed.address.family === target.family, 'the target is an address of its family');
  const plan: EchoPlan = {
    family: target.family,
    address: target.address,
    addressBytes: parsed.address.bytes,
    source: target.family === 4 ? check.probeIpv4Src : check.probeIpv6Src,
    timedOut: { ok: false, code: 'L4TOUT', detail: `no echo reply within ${check.timeoutMs} ms` },
    network,
  };
  return { start: (done) => startEcho(plan, done) };
};

type State =
  | { readonly t: 'waiting'; readonly port: IcmpPort; readonly droppedBefore: number; stop(): void }
  /** Nothing was sent, and the result waits to be handed out. */
  | { readonly t: 'refused'; readonly result: ProbeResult }
  | { readonly t: 'ended' };
type Refused = State & { readonly t: 'refused' };

function startEcho(plan: EchoPlan, done: (result: ProbeResult) => void): RunningProbe {
  const end = (): void => {
    if (state.t === 'waiting') state.stop();
    delivery?.cancel();
    state = { t: 'ended' };
  };
  const finish = (result: ProbeResult): void => {
    end();
    done(result);
  };
  let state: State = sendEcho(plan, finish);
  const { t } = state;
  const delivery =
    t === 'refused' ? plan.network.clock.afterIo(() => finish(resultAtEnd(plan, state))) : undefined;
  return {
    expire() {
      const result = resultAtEnd(plan, state);
      end();
      return result;
    },
    cancel: end,
  };
}

/** What to say when nothing (more) came. */
function resultAtEnd(plan: EchoPlan, state: State): ProbeResult {
  assert(state.t !== 'ended', 'a probe that has ended does not expire');
  if (state.t === 'refused') return state.result;
  if (state.port.droppedCount() === state.droppedBefore) return plan.timedOut;
  return { ...plan.timedOut, detail: `${plan.timedOut.detail}; our receive buffer overflowed`, ours: true };
}

function sendEcho(plan: EchoPlan, finish: (result: ProbeResult) => void): State {
  const opened = openPort(plan);
  if (opened.t === 'refused') return opened;
  const { port } = opened;
  const droppedBefore = port.droppedCount();
  const payload = randomFillSync(new Uint8Array(icmpPayloadBytes));
  const { sequence, stop } = port.listen((message) => {
    const result = judge(plan, { identifier: port.identifier, sequence, payload }, message);
    if (result !== undefined) finish(result);
  });
  const errno = port.send(plan.address, buildEchoRequest(plan.family, port.identifier, sequence, payload));
  if (errno === 0) return { t: 'waiting', port, droppedBefore, stop };
  stop();
  return refuse(describeSendError(errno));
}

function openPort({
  network,
  family,
  source,
}: EchoPlan): { readonly t: 'open'; readonly port: IcmpPort } | Refused {
  try {
    return { t: 'open', port: network.icmpPort(family, source) };
  } catch (error) {
    if (!isNativeError(error)) throw error;
    return refuse({ detail: error.message, ours: isExhaustion(error) });
  }
}

function refuse({ detail, ours }: ConnectFailure): Refused {
  return { t: 'refused', result: { ...failure(detail), ...(ours && { ours }) } };
}

function failure(detail: string): ProbeResult {
  return { ok: false, code: 'L4CON', detail: cleanDetail(detail) };
}

/** The result that a message means for this echo; undefined when it is about another one. */
function judge(plan: EchoPlan, echo: Echo, message: Uint8Array): ProbeResult | undefined {
  const parsed = parseIcmpMessage(plan.family, message);
  if (parsed === undefined || !concerns(plan, echo, parsed)) return undefined;
  return parsed.t === 'echo-reply'
    ? replied
    : failure(describeIcmpError(plan.family, parsed.type, parsed.code));
}

/** An error need not quote the payload; what it quotes of it must be ours. */
function concerns(plan: EchoPlan, echo: Echo, message: IcmpMessage): boolean {
  const carried = message.t === 'error' ? message.quoted : message;
  if (carried.identifier !== echo.identifier || carried.sequence !== echo.sequence) return false;
  if (message.t === 'echo-reply') return Buffer.compare(message.payload, echo.payload) === 0;
  const { destination, payload } = message.quoted;
  if (Buffer.compare(destination, plan.addressBytes) !== 0) return false;
  return Buffer.compare(payload, echo.payload.subarray(0, payload.length)) === 0;
}
