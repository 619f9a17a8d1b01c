// Sockets for tests of the addon's part for VPP: a temporary folder, a server that a test scripts, a
// transport whose callbacks are kept.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { forEachFrame } from '../../src/dataplane/vpp/framing.ts';
import type { OpenVppOptions, VppClosed, VppTransport } from '../../src/native-vpp.ts';
import { loadTestNative } from './addon.ts';

export function socketPath(t: TestContext, name = 'api.sock'): string {
  const folder = mkdtempSync(join(tmpdir(), 'maglev-vpp-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, name);
}

export interface ScriptedServer {
  readonly path: string;
  readonly server: Server;
  /** The next connection that was accepted; its errors are no news. */
  accepted(): Promise<Socket>;
}

export async function listen(t: TestContext): Promise<ScriptedServer> {
  const path = socketPath(t);
  const waiting: Socket[] = [];
  const open = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    open.add(socket);
    waiting.push(socket);
    server.emit('waiting');
  });
  server.listen(path);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const accepted = async () => {
    while (waiting.length === 0) await once(server, 'waiting');
    return waiting.shift() as Socket;
  };
  return { path, server, accepted };
}

export interface HeardTransport extends VppTransport {
  /** Messages so far. */
  readonly messages: Buffer[];
  /** Sizes of the batches that they came in. */
  readonly batches: number[];
  /** Calls of onClosed so far. */
  readonly endings: VppClosed[];
  readonly closed: Promise<VppClosed>;
  /** Settles when there are that many messages. */
  received(count: number): Promise<void>;
}

export function openHeard(
  t: TestContext,
  path: string,
  options: Partial<OpenVppOptions> = {},
): HeardTransport {
  const [messages, batches, endings]: [Buffer[], number[], VppClosed[]] = [[], [], []];
  const closed = Promise.withResolvers<VppClosed>();
  const waiting: { count: number; resolve: () => void }[] = [];
  const transport = loadTestNative().openVppTransport({
    path,
    frameBytesMax: 2 ** 21,
    outgoingBytesMax: 2 ** 24,
    onFrames(bytes) {
      batches.push(bytes.length);
      forEachFrame(bytes, (message) => messages.push(message));
      for (const { count, resolve } of waiting) if (messages.length >= count) resolve();
    },
    onClosed(reason) {
      endings.push(reason);
      closed.resolve(reason);
    },
    ...options,
  });
  t.after(() => transport.close());
  const received = (count: number) =>
    new Promise<void>((resolve) => {
      if (messages.length >= count) resolve();
      else waiting.push({ count, resolve });
    });
  return { ...transport, messages, batches, endings, closed: closed.promise, received };
}

/** Turns of the event loop in which whatever is ready would be reported. */
export async function turnLoop(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
