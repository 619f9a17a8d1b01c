// Servers that go wrong in one exact way each, on real sockets: the world that probes must survive.
// A behaviour is a function of an accepted socket; any of them can be served in the clear or over TLS, on
// IPv4 or IPv6, here or inside a namespace. It must not know probes or what they make of it.
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { Worker } from 'node:worker_threads';
import { loadNative } from '../../src/native.ts';

/** One accepted connection, in the clear or decrypted. */
export interface Peer {
  readonly socket: Socket;
  /** Breaks the connection with a TCP reset, whatever runs on top of it. */
  reset(): void;
}

export type Behaviour = (peer: Peer) => void;

export interface TestServer {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  /** Connections accepted so far. */
  accepted(): number;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Absent: in the clear. */
  readonly tls?: tls.TlsOptions;
  /** Path of a namespace to listen in. */
  readonly netnsPath?: string;
}

/** Serves a behaviour on a free port; over TLS it starts when the handshake is done. */
export async function serve(behaviour: Behaviour, options: ServeOptions = {}): Promise<TestServer> {
  const { address = '127.0.0.1' } = options;
  const family = net.isIP(address) === 6 ? 6 : 4;
  const sockets = new Set<Socket>();
  let count = 0;
  const server = net.createServer((socket) => {
    count++;
    sockets.add(socket);
    // A test that failed half-way must not hang on its servers.
    socket.unref();
    socket.once('close', () => sockets.delete(socket));
    start(behaviour, socket, options.tls);
  });
  await listen(server, address, family, options.netnsPath);
  return {
    address,
    family,
    port: (server.address() as AddressInfo).port,
    accepted: () => count,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function start(behaviour: Behaviour, socket: Socket, tlsOptions: tls.TlsOptions | undefined): void {
  // A probe resets its connection when it has seen enough: that is no fault of the server.
  const giveUp = () => socket.destroy();
  const reset = () => socket.resetAndDestroy();
  socket.on('error', giveUp);
  if (tlsOptions === undefined) {
    behaviour({ socket, reset });
    return;
  }
  const secureContext = tls.createSecureContext(tlsOptions);
  const tlsSocket = new tls.TLSSocket(socket, { ...tlsOptions, isServer: true, secureContext });
  tlsSocket.on('error', giveUp);
  tlsSocket.on('secure', () => behaviour({ socket: tlsSocket, reset }));
}

async function listen(server: Server, address: string, family: 4 | 6, netnsPath?: string): Promise<void> {
  if (netnsPath === undefined) {
    server.listen(0, address);
  } else {
    const fd = loadNative().openSocket({ family, type: 'stream', protocol: 0, netnsPath, source: address });
    server.listen({ fd });
  }
  await once(server, 'listening');
  server.unref();
}

/** A port that nobody listens on: it was free a moment ago. */
export async function refusingPort(address = '127.0.0.1'): Promise<number> {
  const server = net.createServer();
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The thread listens and never looks again; the kernel fills the backlog and then drops what knocks. */
const blackHoleSource = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: workerData, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });`;

/** An address and port where SYNs vanish: a listener with a full backlog whose program has stopped. */
export async function serveBlackHole(address = '127.0.0.1'): Promise<TestServer> {
  const worker = new Worker(blackHoleSource, { eval: true, workerData: address });
  const [port] = (await once(worker, 'message')) as [number];
  worker.unref();
  const fillers = await fillBacklog(address, port);
  return {
    address,
    family: net.isIP(address) === 6 ? 6 : 4,
    port,
    accepted: () => 0,
    async close() {
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}

/** Linux lets one more in than the backlog says: two connect, and the third must hang. */
async function fillBacklog(address: string, port: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let count = 0; count < 2; count++) {
    const socket = net.connect({ host: address, port });
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    socket.unref();
  }
  return sockets;
}
