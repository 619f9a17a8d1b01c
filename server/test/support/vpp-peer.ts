// The other end of a connection to VPP, in memory: keeps what is sent, as messages, and answers as a test
// says. It knows framing and messages, but nothing of what VPP does.
import assert from 'node:assert/strict';
import {
  decode,
  encode,
  type Fields,
  type Message,
  messageId,
  type Values,
} from '../../src/dataplane/vpp/codec.ts';
import type { Transport, TransportEvents } from '../../src/dataplane/vpp/connection.ts';
import { frameMessage } from '../../src/dataplane/vpp/framing.ts';
import {
  controlPing,
  controlPingReply,
  neededMessages,
  showVersion,
  showVersionReply,
  socketCreate,
  socketCreateId,
  socketCreateReply,
  socketCreateReplyId,
} from '../../src/dataplane/vpp/messages.ts';

export interface Received {
  readonly message: Message;
  readonly context: number;
  readonly clientIndex: number;
  readonly values: Values<Fields>;
}

export interface PeerOptions {
  /** What the peer has; absent: all that is needed. */
  readonly messages?: readonly Pick<Message, 'name' | 'key'>[];
  readonly version?: string;
  readonly pid?: number;
  /** Of the welcome; 0 is one. */
  readonly response?: number;
}

/** One connection, as VPP sees it. */
export class VppPeer {
  readonly #events: TransportEvents;
  readonly #options: PeerOptions;
  readonly #table: readonly { readonly id: number; readonly key: string }[];
  /** What came and was not taken yet. */
  readonly received: Received[] = [];
  /** Messages of each write. */
  readonly writes: string[][] = [];
  isClosed = false;

  constructor(events: TransportEvents, options: PeerOptions = {}) {
    this.#events = events;
    this.#options = options;
    const messages = options.messages ?? neededMessages;
    this.#table = messages.map(({ key }, index) => ({ id: 100 + index, key }));
  }

  readonly transport: Transport = {
    send: (messages) => {
      assert.equal(this.isClosed, false, 'nothing is sent on a closed transport');
      const received = messages.map((bytes) => this.#read(Buffer.from(bytes)));
      this.received.push(...received);
      this.writes.push(received.map(({ message }) => message.name));
    },
    close: () => {
      this.isClosed = true;
    },
  };

  #read(bytes: Buffer): Received {
    const id = messageId(bytes);
    const key = this.#table.find((row) => row.id === id)?.key;
    const all: readonly Message[] = neededMessages;
    const message = id === socketCreateId ? socketCreate : all.find((one) => one.key === key);
    assert.ok(message !== undefined, `message ${id}`);
    const { context, clientIndex, values } = decode(message as Message, bytes);
    return { message: message as Message, context, clientIndex, values };
  }

  id(of: Pick<Message, 'key'>): number {
    const row = this.#table.find(({ key }) => key === of.key);
    assert.ok(row !== undefined, of.key);
    return row.id;
  }

  /** The first that was not taken yet. */
  take(): Received {
    const first = this.received.shift();
    assert.ok(first !== undefined, 'something was sent');
    return first;
  }

  bytesOf<F extends Fields>(of: Message<F>, context: number, values: Values<F>, id?: number): Buffer {
    return frameMessage(encode(of, { id: id ?? this.id(of), clientIndex: 0x80000001, context }, values));
  }

  answer<F extends Fields>(of: Message<F>, context: number, values: Values<F>): void {
    this.deliver(this.bytesOf(of, context, values));
  }

  /** Whole frames. */
  deliver(...frames: readonly Uint8Array[]): void {
    this.#events.onFrames(Buffer.concat(frames));
  }

  leave(message = 'closed by VPP'): void {
    this.isClosed = true;
    this.#events.onClosed({ errno: 0, message });
  }

  welcome(): void {
    const { message, context } = this.take();
    assert.equal(message.name, socketCreate.name);
    const values = { response: this.#options.response ?? 0, index: 0x80000001, table: this.#table };
    this.deliver(this.bytesOf(socketCreateReply, context, values, socketCreateReplyId));
  }

  /** Answers pings and questions for the version; what else came stays. */
  answerGreetings(): void {
    const { version = '26.10', pid = 4711 } = this.#options;
    for (const one of this.received.splice(0)) {
      const { message, context } = one;
      if (message.name === controlPing.name) {
        this.answer(controlPingReply, context, { retval: 0, clientIndex: 0x80000001, vpePid: pid });
      } else if (message.name === showVersion.name) {
        const texts = { program: 'vpe', version, buildDate: '2026-08-21', buildDirectory: '/build' };
        this.answer(showVersionReply, context, { retval: 0, ...texts });
      } else this.received.push(one);
    }
  }
}
