// Simulated VPPs in temporary directories, and a client that speaks to them in bytes: no code of the real
// client, so that a mistake of one is not made good by the same mistake of the other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type SimulatorOptions, startSimulator } from '../../src/dataplane/simulator/simulator.ts';
import type { WirePrefix } from '../../src/dataplane/vpp/codec.ts';
import {
  decode,
  encode,
  type Fields,
  type Message,
  messageId,
  type Values,
} from '../../src/dataplane/vpp/codec.ts';
import { FrameSplitter, frameMessage } from '../../src/dataplane/vpp/framing.ts';
import {
  controlPing,
  controlPingReply,
  socketCreate,
  socketCreateReply,
} from '../../src/dataplane/vpp/messages.ts';
import { parseAddress } from '../../src/lib/address.ts';
import { realClock } from '../../src/lib/clock.ts';

/** Stopped, and its directory removed, at the end of the test. */
export async function simulatorFor(
  t: TestContext,
  options: Partial<Omit<SimulatorOptions, 'apiPath' | 'statsPath'>> = {},
) {
  const directory = await mkdtemp(join(tmpdir(), 'maglev-simulator-'));
  const simulator = await startSimulator({
    clock: realClock,
    apiPath: join(directory, 'api.sock'),
    statsPath: join(directory, 'stats.sock'),
    ...options,
  });
  t.after(async () => {
    await simulator.stop();
    await rm(directory, { recursive: true });
  });
  return { simulator, directory };
}

/** `10.0.0.1/32` or `2001:db8::1`, as it stands in a message. */
export function wirePrefix(text: string): WirePrefix {
  const [host = '', length] = text.split('/');
  const parsed = parseAddress(host);
  assert.ok(parsed.ok, text);
  const { family, bytes } = parsed.address;
  const padded = new Uint8Array(16);
  padded.set(bytes);
  return { af: family === 4 ? 0 : 1, bytes: padded, length: Number(length ?? bytes.length * 8) };
}

/** A plain GRE4 VIP, to be changed as a test needs. */
export function vipValues(prefix: string, port: number) {
  return {
    prefix: wirePrefix(prefix),
    protocol: port === 0 ? 255 : 6,
    port,
    encap: 0,
    dscp: 0,
    type: 0,
    targetPort: 0,
    nodePort: 0,
    newFlowsTableLength: 1024,
    srcIpSticky: false,
    isDel: false,
  };
}

export function asValues(prefix: string, port: number, address: string) {
  return {
    prefix: wirePrefix(prefix),
    protocol: port === 0 ? 255 : 6,
    port,
    asAddress: wirePrefix(address),
    weight: 100,
    isDel: false,
    isFlush: false,
  };
}

/** One connection after its handshake. */
export class RawClient {
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter(1 << 24);
  readonly #messages: Buffer[] = [];
  readonly closed: Promise<unknown>;
  #ids = new Map<string, number>();
  clientIndex = 0;
  #context = 0;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = once(socket, 'close');
    socket.on('data', (chunk: Buffer) => {
      this.#messages.push(...this.#splitter.push(chunk));
      this.#wake();
    });
    socket.on('close', () => this.#wake());
    socket.on('error', (error) => assert.match(String(error), /EPIPE|ECONNRESET/));
  }

  get pendingBytes(): number {
    return this.#splitter.pendingBytes;
  }

  keys(): readonly string[] {
    return [...this.#ids.keys()];
  }

  idOf(message: Message): number {
    return this.#ids.get(message.key) ?? 0;
  }

  write(message: Buffer): void {
    this.#socket.write(frameMessage(message));
  }

  async next(): Promise<Buffer> {
    while (this.#messages.length === 0) {
      assert.ok(!this.#socket.destroyed, 'the connection is open');
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return this.#messages.shift() as Buffer;
  }

  async greet(): Promise<void> {
    this.write(encode(socketCreate, { id: 15, clientIndex: 0, context: 7 }, { name: 'raw' }));
    const reply = decode(socketCreateReply, await this.next());
    assert.deepEqual([reply.id, reply.context, reply.values.response], [16, 7, 0]);
    this.clientIndex = reply.values.index;
    this.#ids = new Map(reply.values.table.map(({ id, key }) => [key, id]));
  }

  send<F extends Fields>(message: Message<F>, values: Values<F>): number {
    this.#context++;
    const head = { id: this.idOf(message as Message), clientIndex: this.clientIndex, context: this.#context };
    this.write(encode(message, head, values));
    return this.#context;
  }

  async receive<F extends Fields>(message: Message<F>, context: number): Promise<Values<F>> {
    const reply = decode(message, await this.next());
    assert.deepEqual([reply.id, reply.context], [this.idOf(message as Message), context], message.name);
    return reply.values;
  }

  call<F extends Fields, R extends Fields>(request: Message<F>, reply: Message<R>, values: Values<F>) {
    return this.receive(reply, this.send(request, values));
  }

  ping() {
    return this.call(controlPing, controlPingReply, {});
  }

  /** Details until the answer to the ping behind the dump. */
  async dump<F extends Fields, R extends Fields>(request: Message<F>, row: Message<R>, values: Values<F>) {
    const context = this.send(request, values);
    const end = this.send(controlPing, {});
    const rows: Values<R>[] = [];
    for (;;) {
      const message = await this.next();
      if (messageId(message) !== this.idOf(row as Message)) {
        assert.equal(decode(controlPingReply, message).context, end);
        return rows;
      }
      assert.equal(decode(row, message).context, context);
      rows.push(decode(row, message).values);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Closed at the end of the test. */
export async function connectRaw(t: TestContext, path: string): Promise<RawClient> {
  const socket = connect(path);
  await once(socket, 'connect');
  const client = new RawClient(socket);
  t.after(() => client.close());
  await client.greet();
  return client;
}

/** Until `condition` holds; the test's own timeout ends it otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
