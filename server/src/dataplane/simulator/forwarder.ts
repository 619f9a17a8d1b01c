// Forwards real TCP connections to VIPs on loopback as the model says, a connection being a flow. What VPP
// does with packets is done to connections: it picks a server for each, and a flow that is cut is a
// connection that is reset. It changes nothing but the model's counters.
import { connect, createServer, type Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import type { Clock, Timer } from '../../lib/clock.ts';
import { simulatedFlowsMax } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { protocolNumbers } from '../lb-state.ts';
import type { LbModel } from './lb-model.ts';
import type { VipView } from './lb-view.ts';

export interface ForwarderOptions {
  readonly model: LbModel;
  readonly clock: Clock;
  /** Where the server at `address` listens for what comes to a VIP's port. */
  readonly backendPort: (address: string, vipPort: number) => number;
  readonly log?: Log;
}

export interface Forwarder {
  /** `address:port` of the VIPs that connections are taken for, sorted. */
  listening(): readonly string[];
  connectionCount(): number;
  /** Resolves once listeners are as the model was at the call. */
  settled(): Promise<void>;
  /** Leaves no listener and no connection. */
  stop(): Promise<void>;
}

/** One connection and the flow that it is. */
interface Flow {
  readonly vipKey: string;
  readonly vipIndex: number;
  readonly asIndex: number;
  cut(): void;
}

interface Listener {
  /** Resolves also when it could not. */
  readonly tried: Promise<void>;
  readonly isListening: () => boolean;
  readonly hasFailed: () => boolean;
  close(): Promise<void>;
}

/** What the opening of a connection is counted as: a SYN without options in an IPv4 packet. */
const openingBytes = 40;

export function startForwarder(options: ForwarderOptions): Forwarder {
  const { model, clock } = options;
  const listeners = new Map<string, Listener>();
  const closing = new Map<string, Promise<unknown>>();
  const flows = new Set<Flow>();
  let vips: ReadonlyMap<string, VipView> = new Map();
  let pending: Timer | undefined;

  const synchronise = () => {
    pending?.cancel();
    pending = undefined;
    vips = new Map(model.vips().flatMap((vip) => (isForwarded(vip) ? [[keyOf(vip), vip] as const] : [])));
    for (const flow of flows) if (vips.get(flow.vipKey)?.index !== flow.vipIndex) flow.cut();
    for (const [key, listener] of listeners) {
      if (vips.has(key) && !listener.hasFailed()) continue;
      listeners.delete(key);
      // Whoever listens there next waits for this one's end.
      closing.set(key, Promise.all([closing.get(key), listener.close()]));
    }
    for (const [key, vip] of vips) {
      if (listeners.has(key)) continue;
      const before = closing.get(key) ?? Promise.resolve();
      listeners.set(
        key,
        listenFor(vip, before, options, (socket) => take(socket, key)),
      );
    }
  };
  const take = (socket: Socket, key: string) => {
    const vip = vips.get(key);
    if (vip) forward(socket, vip, key, options, flows);
    else socket.resetAndDestroy();
  };
  const unwatch = model.watch({
    // A batch of changes is looked at once.
    changed() {
      pending ??= clock.afterIo(synchronise);
    },
    flushed(vipIndex, asIndex) {
      for (const flow of flows) {
        if (vipIndex !== undefined && flow.vipIndex !== vipIndex) continue;
        if (asIndex === undefined || flow.asIndex === asIndex) flow.cut();
      }
    },
  });
  synchronise();
  return {
    listening: () => [...listeners].flatMap(([key, { isListening }]) => (isListening() ? [key] : [])).sort(),
    connectionCount: () => flows.size,
    async settled() {
      synchronise();
      await Promise.all([...listeners.values()].map(({ tried }) => tried));
    },
    async stop() {
      unwatch();
      pending?.cancel();
      const ends = [...listeners.values()].map((listener) => listener.close());
      for (const flow of flows) flow.cut();
      await Promise.all([...ends, ...closing.values()]);
    },
  };
}

const keyOf = ({ address, port }: VipView) => `${address.text}:${port}`;

/** Only what belongs to this machine alone is listened on. */
function isForwarded({ used, address, prefixLength, protocol, port }: VipView): boolean {
  const onLoopback = address.family === 4 && prefixLength === 32 && address.bytes[0] === 127;
  return used && onLoopback && protocol === protocolNumbers.tcp && port !== 0;
}

/** Tried again after the next change when it does not succeed. */
function listenFor(
  vip: VipView,
  before: Promise<unknown>,
  { log }: ForwarderOptions,
  take: (socket: Socket) => void,
): Listener {
  // A side that has said all it has to say may still have to hear.
  const server = createServer({ allowHalfOpen: true }, take);
  server.maxConnections = simulatedFlowsMax;
  let failed = false;
  const { promise: tried, resolve } = Promise.withResolvers<void>();
  server.on('error', (error) => {
    failed = true;
    log?.warn('forwarder-listen-failed', { vip: keyOf(vip), error: error.message });
    resolve();
  });
  void before.then(() => server.listen(vip.port, vip.address.text, resolve));
  return {
    tried,
    isListening: () => server.listening,
    hasFailed: () => failed,
    async close() {
      await tried;
      const { promise, resolve: closed } = Promise.withResolvers<void>();
      server.close(() => closed());
      await promise;
    },
  };
}

function forward(
  client: Socket,
  vip: VipView,
  vipKey: string,
  { model, clock, backendPort }: ForwarderOptions,
  flows: Set<Flow>,
): void {
  const hash = flowHash(client, vip);
  const { as } = model.pickAs(vip.index, hash, clock.nowMs(), openingBytes);
  // VPP drops without a word; a reset is what spares people the wait.
  if (!as) return void client.resetAndDestroy();
  const port = backendPort(as.address.text, vip.port);
  const upstream = connect({ host: as.address.text, port, allowHalfOpen: true });
  const flow: Flow = {
    vipKey,
    vipIndex: vip.index,
    asIndex: as.index,
    cut() {
      flows.delete(flow);
      reset(client);
      upstream.destroy();
    },
  };
  flows.add(flow);
  const ended = () => {
    if (client.closed && upstream.closed) flows.delete(flow);
  };
  for (const socket of [client, upstream]) {
    socket.setNoDelay(true);
    socket.on('error', flow.cut);
    socket.on('close', ended);
  }
  client.on('data', (chunk) => {
    // Each packet is looked at anew: the flow may have timed out, and belong to another server now.
    const picked = model.pickAs(vip.index, hash, clock.nowMs(), chunk.length);
    if (picked.as?.index !== as.index) flow.cut();
  });
  client.pipe(upstream);
  upstream.pipe(client);
}

/** 32 bits over what VPP tells flows apart by. */
function flowHash(client: Socket, { address, port, srcIpSticky }: VipView): number {
  const { remoteAddress = '', remotePort = 0 } = client;
  const ports = srcIpSticky ? '' : ` ${remotePort} ${port}`;
  return crc32(`${remoteAddress} ${address.text}${ports}`);
}

/** What has said its end cannot be reset any more: libuv would keep the descriptor open for good. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
