// One client of a simulated VPP: its bytes become messages, its requests calls, and the replies go back in
// order. Knows nothing of other clients and of starting over. Source: vlibmemory/socket_api.c,
// vlibapi/api_shared.c.
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../lib/clock.ts';
import { vppFrameBytesMax } from '../../lib/limits.ts';
import { MalformedMessage } from '../vpp/bytes.ts';
import {
  decode,
  encode,
  type Fields,
  type Head,
  type Message,
  messageId,
  type Values,
} from '../vpp/codec.ts';
import { FrameSplitter, frameMessage } from '../vpp/framing.ts';
import { socketCreate, socketCreateId, socketCreateReply, socketCreateReplyId } from '../vpp/messages.ts';
import type { Call, CallContext, CallReply } from './api-calls.ts';
import type { Faults } from './faults.ts';

export interface ApiConnectionOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly faults: Faults;
  /** With bit 31 set, as VPP's. */
  readonly clientIndex: number;
  readonly table: () => readonly { readonly id: number; readonly key: string }[];
  readonly idOf: (message: Message) => number;
  readonly callOf: (id: number) => Call | undefined;
  readonly context: () => Omit<CallContext, 'clientIndex'>;
  /** Hears each request that changes something, also one that is refused; then its return value. */
  readonly onMutation: (name: string, summary: string) => (retval: number) => void;
  /** VPP logs what it drops. */
  readonly onDropped: (why: string) => void;
  /** The request killed VPP. */
  readonly onCrash: (error: Error) => void;
}

/** Serves until the socket closes. */
export function serveApi(options: ApiConnectionOptions): void {
  const { socket, onDropped } = options;
  const splitter = new FrameSplitter(vppFrameBytesMax);
  const replies = new ReplyQueue(options);
  socket.on('data', (chunk) => {
    try {
      for (const message of splitter.push(chunk as Buffer)) {
        if (!socket.destroyed) receive(message, replies, options);
      }
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      onDropped(`frame: ${error.message}`);
      socket.destroy();
    }
  });
  // A client that resets its connection is gone, and that is all.
  socket.on('error', (error) => onDropped(`connection: ${error.message}`));
  socket.on('close', () => replies.stop());
}

function receive(message: Buffer, replies: ReplyQueue, options: ApiConnectionOptions): void {
  if (options.faults.silent) {
    options.onDropped(`message ${messageId(message)}: told to be silent`);
    return;
  }
  try {
    if (messageId(message) === socketCreateId) greet(message, replies, options);
    else answer(message, replies, options);
  } catch (error) {
    // Too short for its fields: dropped without a word, so that the client waits in vain.
    if (!(error instanceof MalformedMessage)) throw error;
    options.onDropped(`message ${messageId(message)}: ${error.message}`);
  }
}

function greet(message: Buffer, replies: ReplyQueue, { clientIndex, table }: ApiConnectionOptions): void {
  const { context } = decode(socketCreate, message);
  const head = { id: socketCreateReplyId, clientIndex, context };
  replies.push([encode(socketCreateReply, head, { response: 0, index: clientIndex, table: table() })]);
}

function answer(message: Buffer, replies: ReplyQueue, options: ApiConnectionOptions): void {
  const { clientIndex, onDropped, onCrash } = options;
  const call = options.callOf(messageId(message));
  if (!call) {
    onDropped(`no handler for msg id ${messageId(message)}`);
    return;
  }
  const head = decode(call.request, message);
  let rows: readonly CallReply[];
  try {
    rows = execute(call, head.values, options);
  } catch (error) {
    onCrash(error as Error);
    return;
  }
  // Executed all the same, but the reply finds nobody (K24).
  if (head.clientIndex !== clientIndex) onDropped(`reply to unknown client ${head.clientIndex}`);
  else replies.push(rows.map((row) => encodeReply(row, head, options)));
}

function execute(call: Call, values: Values<Fields>, options: ApiConnectionOptions): readonly CallReply[] {
  const { faults, clientIndex, context, onMutation } = options;
  const { name } = call.request;
  const done = call.summary && onMutation(name, call.summary(values));
  const refusal = call.reply && faults.takeRefusal(name);
  const rows =
    call.reply && refusal !== undefined
      ? [{ message: call.reply, values: { ...emptyReply(call, values, options), retval: refusal } }]
      : call.answer(values, { ...context(), clientIndex });
  done?.(Number(rows[0]?.values['retval']));
  return rows;
}

/** A question that is refused has its fields all the same. */
function emptyReply(call: Call, values: Values<Fields>, options: ApiConnectionOptions): Values<Fields> {
  if (call.summary) return {};
  const { context, clientIndex } = options;
  return call.answer(values, { ...context(), clientIndex })[0]?.values ?? {};
}

function encodeReply(
  { message, values }: CallReply,
  { context }: Head,
  options: ApiConnectionOptions,
): Buffer {
  return encode(message, { id: options.idOf(message), clientIndex: 0, context }, values);
}

/** Replies on their way, in order even when the delay changes meanwhile. */
class ReplyQueue {
  readonly #options: ApiConnectionOptions;
  #waiting: { readonly atMs: number; readonly messages: readonly Buffer[] }[] = [];
  #timer: Timer | undefined;

  constructor(options: ApiConnectionOptions) {
    this.#options = options;
  }

  push(messages: readonly Buffer[]): void {
    const { clock, faults } = this.#options;
    if (faults.delayMs === 0 && this.#waiting.length === 0) {
      this.#send(messages);
      return;
    }
    this.#waiting.push({ atMs: clock.nowMs() + faults.delayMs, messages });
    this.#schedule();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#waiting = [];
  }

  #schedule(): void {
    const [first] = this.#waiting;
    if (!first || this.#timer) return;
    const { clock } = this.#options;
    this.#timer = clock.setTimer(first.atMs - clock.nowMs(), () => {
      this.#timer = undefined;
      this.#waiting.shift();
      this.#send(first.messages);
      this.#schedule();
    });
  }

  #send(messages: readonly Buffer[]): void {
    const { socket, faults } = this.#options;
    const bytes = Buffer.concat(messages.map((message) => frameMessage(message)));
    if (bytes.length === 0 || socket.destroyed) return;
    // Half a frame, then the end.
    if (faults.takeCut()) socket.end(bytes.subarray(0, bytes.length >> 1), () => socket.destroy());
    else socket.write(bytes);
  }
}
