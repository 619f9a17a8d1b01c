// One connection of one probe, or of several in a row with --keepalive: TCP or TLS, request, answer, verdict.
// Shell: sockets. It must not know when a probe is due, nor who counts.
import { connect, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type SecureContext } from 'node:tls';
import type { Clock, Timer } from './clock.ts';
import {
  type AnswerReader,
  createAnswerReader,
  endAnswer,
  type HttpAnswer,
  type Progress,
  readAnswer,
} from './http-answer.ts';
import { detailLengthMax, tallyValueLengthMax } from './limits.ts';
import { describeError, type Outcome, ownFault, type Verdict } from './outcome.ts';
import { cleanText } from './text.ts';

/** How one target is asked; made once. */
export interface Question {
  readonly kind: 'http' | 'https' | 'tcp';
  readonly address: string;
  readonly port: number;
  /** The whole request; empty for tcp. */
  readonly request: string;
  /** Lower case; empty = none. */
  readonly headerName: string;
  /** For https: the name that the certificate must carry; and that is asked for, unless it is an address. */
  readonly certificateName: string;
  readonly serverName: string;
  readonly insecure: boolean;
  readonly secureContext?: SecureContext;
  readonly timeoutMs: number;
}

/** What the lines of a thread share. The buffer is emptied in the call that fills it: one does for all. */
export interface LineDeps {
  readonly clock: Clock;
  readonly buffer: Buffer;
}

export type Answered =
  | { readonly t: 'outcome'; readonly outcome: Outcome; readonly line: Line | undefined }
  /** This machine could not send it. */
  | { readonly t: 'not-sent'; readonly detail: string }
  /** A kept connection had ended before the request: nobody's fault, ask anew. */
  | { readonly t: 'stale' }
  | { readonly t: 'aborted' };

/** An open connection that may be asked once more, or closed. */
export interface Line {
  ask(done: (answered: Answered) => void): void;
  /** Also ends the question under way, with `aborted`. */
  close(): void;
  readonly closed: boolean;
}

interface Exchange {
  readonly reader: AnswerReader;
  readonly done: (answered: Answered) => void;
  readonly reused: boolean;
  startMs: number;
  gotBytes: boolean;
  timer: Timer;
}

/** One connection as it is now. */
interface Wire {
  readonly clock: Clock;
  readonly buffer: Buffer;
  readonly question: Question;
  readonly socket: Socket;
  readonly line: Line;
  /** The question under way. */
  exchange: Exchange | undefined;
  closed: boolean;
}

/** Opens a connection and asks. `done` comes exactly once per question. */
export function openLine(
  { clock, buffer }: LineDeps,
  question: Question,
  done: (answered: Answered) => void,
): Line {
  const onread = { buffer, callback: (length: number) => onBytes(wire, length) };
  const socket = connectTo(question, onread);
  const line: Line = {
    ask: (next) => begin(wire, next, true),
    close: () => settle(wire, { t: 'aborted' }),
    get closed() {
      return wire.closed;
    },
  };
  const wire: Wire = { clock, buffer, question, socket, line, exchange: undefined, closed: false };
  // The packet leaves here, not where the socket was made: between them the thread may have started others.
  socket.once('connectionAttempt', () => {
    if (wire.exchange) wire.exchange.startMs = clock.nowMs();
  });
  if (question.kind === 'tcp') socket.once('connect', () => conclude(wire, { verdict: 'ok', detail: '' }));
  socket.on('error', (error) => onError(wire, error));
  socket.on('end', () => onEnd(wire));
  socket.on('close', () => onEnd(wire));
  begin(wire, done, false);
  return line;
}

function begin(wire: Wire, done: (answered: Answered) => void, reused: boolean): void {
  const { clock, question, socket } = wire;
  const exchange: Exchange = {
    reader: createAnswerReader(question.headerName),
    done,
    reused,
    startMs: clock.nowMs(),
    gotBytes: false,
    timer: clock.setTimer(question.timeoutMs, () => onDeadline(wire, exchange)),
  };
  wire.exchange = exchange;
  if (question.kind !== 'tcp') socket.write(question.request, 'latin1');
}

function settle(wire: Wire, answered: Answered, keep = false): void {
  const { exchange, socket } = wire;
  if (!keep) {
    wire.closed = true;
    socket.destroy();
  }
  if (exchange === undefined) return;
  wire.exchange = undefined;
  exchange.timer.cancel();
  exchange.done(answered);
}

interface Conclusion {
  readonly verdict: Verdict;
  readonly detail: string;
  readonly answer?: HttpAnswer;
}

function conclude(wire: Wire, { verdict, detail, answer }: Conclusion): void {
  const { exchange, clock, line } = wire;
  if (exchange === undefined) {
    settle(wire, { t: 'aborted' });
    return;
  }
  const value = answer?.value;
  const keep = answer?.keepsAlive ?? false;
  const outcome = {
    verdict,
    latencyMs: clock.nowMs() - exchange.startMs,
    atMs: exchange.startMs,
    status: answer?.status ?? 0,
    detail: cleanText(detail, detailLengthMax),
    ...(value !== undefined && { value: cleanText(value, tallyValueLengthMax) }),
  };
  settle(wire, { t: 'outcome', outcome, line: keep ? line : undefined }, keep);
}

function onProgress(wire: Wire, progress: Progress): void {
  if (progress.t === 'bad') conclude(wire, { verdict: 'http-err', detail: progress.detail });
  if (progress.t !== 'done') return;
  const { answer } = progress;
  const ok = answer.status >= 200 && answer.status <= 399;
  if (ok) conclude(wire, { verdict: 'ok', detail: '', answer });
  else conclude(wire, { verdict: 'http-err', detail: `HTTP ${answer.status}`, answer });
}

function onBytes(wire: Wire, length: number): boolean {
  const { exchange, buffer } = wire;
  // Nobody asked: a kept connection that talks is of no use.
  if (exchange === undefined) settle(wire, { t: 'aborted' });
  else {
    exchange.gotBytes = true;
    onProgress(wire, readAnswer(exchange.reader, buffer.toString('latin1', 0, length)));
  }
  return true;
}

const isStale = ({ reused, gotBytes }: Exchange) => reused && !gotBytes;

function onEnd(wire: Wire): void {
  const { exchange } = wire;
  if (exchange === undefined || isStale(exchange)) {
    settle(wire, { t: exchange ? 'stale' : 'aborted' });
    return;
  }
  const progress = endAnswer(exchange.reader);
  if (progress.t === 'bad') conclude(wire, { verdict: 'net-err', detail: progress.detail });
  else onProgress(wire, progress);
}

function onError(wire: Wire, error: NodeJS.ErrnoException): void {
  const { exchange } = wire;
  if (exchange === undefined || isStale(exchange)) {
    settle(wire, { t: exchange ? 'stale' : 'aborted' });
    return;
  }
  const fault = ownFault(error.code);
  if (fault === undefined) conclude(wire, { verdict: 'net-err', detail: describeError(error) });
  else settle(wire, { t: 'not-sent', detail: fault });
}

/** What has already arrived is no timeout: it is looked at before the verdict. */
function onDeadline(wire: Wire, exchange: Exchange): void {
  exchange.timer = wire.clock.afterInput(() => {
    if (wire.exchange !== exchange) return;
    const { socket, question } = wire;
    const phase = exchange.gotBytes ? 'answer incomplete' : socket.connecting ? 'no connection' : 'no answer';
    conclude(wire, { verdict: 'timeout', detail: `${phase} within ${question.timeoutMs} ms` });
  });
}

function connectTo(
  question: Question,
  onread: { buffer: Buffer; callback: (length: number) => boolean },
): Socket {
  const { address: host, port, insecure, certificateName, serverName, secureContext } = question;
  const common = { host, port, autoSelectFamily: false, onread };
  if (question.kind !== 'https') return connect(common);
  return connectTls({
    ...common,
    servername: serverName,
    rejectUnauthorized: !insecure,
    ALPNProtocols: ['http/1.1'],
    ...(secureContext && { secureContext }),
    checkServerIdentity: (_, certificate) => checkServerIdentity(certificateName, certificate),
  });
}
