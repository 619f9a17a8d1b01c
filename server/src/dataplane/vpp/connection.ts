// One connection to VPP's binary API: handshake, requests in flight, deadlines. Messages go in order and are
// answered in order; it knows no message's meaning and never connects again by itself.
import { assert, must } from '../../lib/assert.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { vppRequestsInFlightMax, vppSilenceMsMax } from '../../lib/limits.ts';
import { MalformedMessage } from './bytes.ts';
import { decode, encode, type Fields, type Message, messageId, type Values } from './codec.ts';
import { forEachFrame } from './framing.ts';
import { MessageTable } from './message-table.ts';
import {
  controlPing,
  controlPingReply,
  socketCreate,
  socketCreateId,
  socketCreateReply,
  socketCreateReplyId,
} from './messages.ts';

/** Moves bytes; frames are its business. Nothing is called back after `close`. */
export interface Transport {
  send(messages: readonly Uint8Array[]): void;
  close(): void;
}

export interface TransportEvents {
  /** Whole frames, headers included. */
  readonly onFrames: (bytes: Uint8Array) => void;
  readonly onClosed: (reason: { readonly errno: number; readonly message: string }) => void;
}

/**
 * Why a connection ended. `silent`: VPP does not answer; `broken`: it answered nonsense; `closed`: it left.
 */
export class ConnectionFault extends Error {
  readonly kind: 'silent' | 'broken' | 'closed';

  constructor(kind: ConnectionFault['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** One message that went or came. `retval`: VPP's return value; 0 of what was sent. */
export interface ApiCall {
  readonly direction: 'send' | 'recv';
  readonly message: string;
  readonly retval: number;
}

export interface ConnectionOptions {
  readonly clock: Clock;
  /** Throws when the socket cannot be reached. */
  readonly open: (events: TransportEvents) => Transport;
  /** Once, when it ended by itself; what was in flight is rejected before. */
  readonly onClosed: (fault: ConnectionFault) => void;
  readonly onCall?: (call: ApiCall) => void;
  /** Aborted, it closes the connection, in the middle of the handshake, too. */
  readonly signal?: AbortSignal;
}

const clientName = 'vpp-maglev';
const contextMax = 0x7fffffff;

interface Pending {
  readonly context: number;
  readonly bytes: readonly Uint8Array[];
  readonly request: string;
  readonly reply: Message;
  readonly replyId: number;
  /** Of a dump. */
  readonly details?: Message;
  readonly detailsId?: number;
  readonly rows: unknown[];
  readonly resolve: (values: unknown) => void;
  readonly reject: (fault: ConnectionFault) => void;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #transport: Transport;
  #table = new MessageTable([]);
  #clientIndex = 0;
  #context = 0;
  /** Sent, in order; the first is the one that VPP must answer next. */
  readonly #inFlight: Pending[] = [];
  #first = 0;
  /** Beyond the window. */
  #waiting: Pending[] = [];
  #outgoing: Uint8Array[] = [];
  /** Since when the first in flight has been the first. */
  #quietSinceMs = 0;
  #timer: Timer | undefined;
  #fault: ConnectionFault | undefined;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#transport = options.open({
      onFrames: (bytes) => this.#receive(bytes),
      onClosed: ({ message }) => this.#fail(new ConnectionFault('closed', message)),
    });
  }

  /** Connected, welcomed and with VPP's message table. Throws what `open` throws, or a ConnectionFault. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    let welcomed = false;
    const connection = new Connection({
      ...options,
      onClosed: (fault) => welcomed && options.onClosed(fault),
    });
    options.signal?.addEventListener('abort', () => connection.close(), { once: true });
    const context = connection.#nextContext();
    const hello = encode(socketCreate, { id: socketCreateId, clientIndex: 0, context }, { name: clientName });
    const welcome = (await connection.#enqueue(context, [hello], socketCreate.name, {
      reply: socketCreateReply as unknown as Message,
      replyId: socketCreateReplyId,
    })) as Values<typeof socketCreateReply.fields>;
    if (welcome.response !== 0) {
      connection.close();
      throw new ConnectionFault('broken', `VPP refused the client: response ${welcome.response}`);
    }
    connection.#clientIndex = welcome.index;
    connection.#table = new MessageTable(welcome.table);
    welcomed = true;
    return connection;
  }

  table(): MessageTable {
    return this.#table;
  }

  inFlight(): number {
    return this.#inFlight.length - this.#first + this.#waiting.length;
  }

  /** Rejects with a ConnectionFault; a negative retval is a value. Both messages must be in the table. */
  request<Q extends Fields, R extends Fields>(
    request: Message<Q>,
    values: Values<Q>,
    reply: Message<R>,
  ): Promise<Values<R>> {
    const context = this.#nextContext();
    const bytes = this.#encode(request, values, context);
    const expected = { reply: reply as unknown as Message, replyId: this.#id(reply) };
    return this.#enqueue(context, [bytes], request.name, expected) as Promise<Values<R>>;
  }

  /** All details. VPP ends a dump with nothing, so that a ping follows at once and its reply is the end. */
  dump<Q extends Fields, D extends Fields>(
    request: Message<Q>,
    values: Values<Q>,
    details: Message<D>,
  ): Promise<readonly Values<D>[]> {
    const context = this.#nextContext();
    const bytes = [this.#encode(request, values, context), this.#encode(controlPing, {}, context)];
    return this.#enqueue(context, bytes, request.name, {
      reply: controlPingReply as unknown as Message,
      replyId: this.#id(controlPingReply),
      details: details as unknown as Message,
      detailsId: this.#id(details),
    }) as Promise<readonly Values<D>[]>;
  }

  /** Idempotent. What is in flight is rejected; `onClosed` is not called. */
  close(): void {
    this.#end(new ConnectionFault('closed', 'closed by maglevd'));
  }

  #id(of: Pick<Message, 'key'>): number {
    return must(this.#table.idOf(of), `message ${of.key} in VPP's table: it was to be looked for first`);
  }

  #encode<Q extends Fields>(request: Message<Q>, values: Values<Q>, context: number): Buffer {
    return encode(request, { id: this.#id(request), clientIndex: this.#clientIndex, context }, values);
  }

  #nextContext(): number {
    this.#context = (this.#context % contextMax) + 1;
    return this.#context;
  }

  #enqueue(
    context: number,
    bytes: readonly Uint8Array[],
    request: string,
    expected: Pick<Pending, 'reply' | 'replyId' | 'details' | 'detailsId'>,
  ): Promise<unknown> {
    if (this.#fault) return Promise.reject(this.#fault);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.push({ context, bytes, request, ...expected, rows: [], resolve, reject });
    this.#fillWindow();
    return promise;
  }

  #fillWindow(): void {
    const room = vppRequestsInFlightMax - (this.#inFlight.length - this.#first);
    if (room <= 0 || this.#waiting.length === 0) return;
    if (this.#inFlight.length === this.#first) this.#awaitFirst();
    // Everything asked for in this turn goes out in one write.
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    const leaving = this.#waiting.length <= room ? this.#waiting : this.#waiting.slice(0, room);
    this.#waiting = leaving === this.#waiting ? [] : this.#waiting.slice(room);
    for (const pending of leaving) {
      this.#inFlight.push(pending);
      this.#outgoing.push(...pending.bytes);
      this.#options.onCall?.({ direction: 'send', message: pending.request, retval: 0 });
    }
  }

  #flush(): void {
    const messages = this.#outgoing;
    this.#outgoing = [];
    if (!this.#fault) this.#transport.send(messages);
  }

  #awaitFirst(): void {
    const { clock } = this.#options;
    this.#quietSinceMs = clock.nowMs();
    this.#timer ??= clock.setTimer(vppSilenceMsMax, () => this.#checkSilence());
  }

  /** VPP answers in order: as long as answers come, none is late. */
  #checkSilence(): void {
    this.#timer = undefined;
    const first = this.#inFlight[this.#first];
    if (first === undefined) return;
    const { clock } = this.#options;
    const leftMs = vppSilenceMsMax - (clock.nowMs() - this.#quietSinceMs);
    if (leftMs > 0) {
      this.#timer = clock.setTimer(leftMs, () => this.#checkSilence());
      return;
    }
    const text = `no answer to ${first.request} within ${vppSilenceMsMax / 1000} s`;
    this.#fail(new ConnectionFault('silent', text));
  }

  #receive(bytes: Uint8Array): void {
    try {
      forEachFrame(bytes, (message) => {
        if (!this.#fault) this.#take(message);
      });
      if (!this.#fault) this.#fillWindow();
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.#fail(new ConnectionFault('broken', `malformed answer: ${error.message}`));
    }
  }

  #take(bytes: Buffer): void {
    const id = messageId(bytes);
    const first = this.#inFlight[this.#first];
    if (first === undefined) throw new MalformedMessage(`message ${id} that nobody asked for`);
    if (id === first.detailsId) {
      const { context, values } = decode(first.details as Message, bytes);
      this.#expectContext(first, context);
      first.rows.push(values);
      this.#quietSinceMs = this.#options.clock.nowMs();
      return;
    }
    if (id !== first.replyId) throw new MalformedMessage(`message ${id} where ${first.reply.name} was due`);
    const { context, values } = decode(first.reply, bytes);
    this.#expectContext(first, context);
    this.#settle(first, values);
  }

  /** An answer to a later request means that VPP dropped the earlier one in silence. */
  #expectContext(first: Pending, context: number): void {
    if (context === first.context) return;
    throw new MalformedMessage(`${first.request} was not answered, a later request was`);
  }

  #settle(first: Pending, values: Values<Fields>): void {
    this.#first++;
    if (this.#first === this.#inFlight.length || this.#first > vppRequestsInFlightMax) {
      this.#inFlight.splice(0, this.#first);
      this.#first = 0;
    }
    this.#quietSinceMs = this.#options.clock.nowMs();
    const retval = typeof values['retval'] === 'number' ? values['retval'] : 0;
    this.#options.onCall?.({ direction: 'recv', message: first.request, retval });
    first.resolve(first.details === undefined ? values : first.rows);
  }

  #fail(fault: ConnectionFault): void {
    if (this.#fault) return;
    this.#end(fault);
    this.#options.onClosed(fault);
  }

  #end(fault: ConnectionFault): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#transport.close();
    const lost = [...this.#inFlight.splice(0).slice(this.#first), ...this.#waiting.splice(0)];
    this.#first = 0;
    for (const { reject } of lost) reject(fault);
    assert(this.inFlight() === 0, 'nothing is in flight on a closed connection');
  }
}
