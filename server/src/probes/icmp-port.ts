// A raw ICMP socket shared by all echo probes of one family, source address and namespace.
// Knows packets and who waits for which sequence number; knows no health.
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import type { IpFamily } from '../config/config.ts';
import { assert } from '../lib/assert.ts';
import type { Prng } from '../lib/prng.ts';
import { createPrng, randomSeed } from '../lib/prng.ts';
import type { IcmpSocket, Native } from '../native.ts';
import { isNativeError } from '../native.ts';
import { icmpOfIpv4Packet, parseIcmpMessage } from './icmp-message.ts';

/** Receives one whole ICMP message (no IP header). Valid only during the call: copy what must stay. */
export type IcmpListener = (message: Uint8Array) => void;

export interface IcmpPort {
  /** Echo identifier that requests through this port carry. */
  readonly identifier: number;
  /** Reserves a free sequence number and names who hears what arrives for it. */
  listen(listener: IcmpListener): { readonly sequence: number; stop(): void };
  /** Sends one ICMP message (header and payload, no IP header). Returns 0 or a positive errno. */
  send(address: string, message: Uint8Array): number;
  /** Grows with answers that the kernel had no room for: then silence proves nothing. Not exact. */
  droppedCount(): number;
}

export interface IcmpPorts {
  /**
   * The shared port for a family and source address; its socket is opened with the first use, and again when
   * the namespace was made anew or the socket failed. Ask for each probe. Throws a NativeError.
   */
  port(family: IpFamily, source?: string): IcmpPort;
  /**
   * Replies that the kernel had no room for, over the life of all ports. Not exact: some kernels count twice.
   */
  droppedCount(): number;
  /** Closes all sockets; nobody is called any more. */
  close(): void;
}

export interface IcmpPortsOptions {
  readonly native: Native;
  /** Name of the network namespace; absent: the one the process is in. */
  readonly netns?: string | undefined;
}

interface ManagedPort extends IcmpPort {
  ensureOpen(): void;
  close(): void;
}

interface PortOptions {
  readonly native: Native;
  readonly family: IpFamily;
  readonly identifier: number;
  readonly firstSequence: number;
  readonly netnsPath?: string | undefined;
  readonly source?: string | undefined;
}

const sequenceCount = 0x10000;

export function createIcmpPorts({ native, netns }: IcmpPortsOptions): IcmpPorts {
  const ports = new Map<string, ManagedPort>();
  const prng = createPrng(randomSeed());
  let closed = false;

  function create(family: IpFamily, source: string | undefined): ManagedPort {
    return createPort({
      native,
      family,
      identifier: freeIdentifier(prng, [...ports.values()]),
      firstSequence: prng.below(sequenceCount),
      netnsPath: netns === undefined ? undefined : `/run/netns/${netns}`,
      source,
    });
  }

  return {
    port(family, source) {
      assert(!closed, 'no ICMP port is asked for after close');
      const key = `${family} ${source ?? ''}`;
      const port = ports.get(key) ?? create(family, source);
      ports.set(key, port);
      port.ensureOpen();
      return port;
    },
    droppedCount: () => ports.values().reduce((sum, port) => sum + port.droppedCount(), 0),
    close() {
      closed = true;
      for (const port of ports.values()) port.close();
    },
  };
}

/** Not guessed by chance by another pinger on this host, and not one of our other ports'. */
function freeIdentifier(prng: Prng, ports: readonly ManagedPort[]): number {
  const taken = new Set(ports.map((port) => port.identifier));
  assert(taken.size < sequenceCount, 'there are fewer ports than identifiers');
  let identifier = prng.below(0x10000);
  while (taken.has(identifier)) identifier = (identifier + 1) & 0xffff;
  return identifier;
}

/** An open socket, and the namespace it was opened in. */
interface OpenSocket {
  readonly socket: IcmpSocket;
  readonly netnsIdentity: string;
}

function createPort(options: PortOptions): ManagedPort {
  const { native, family, identifier, netnsPath } = options;
  const listeners = new Map<number, IcmpListener>();
  let open: OpenSocket | undefined;
  let droppedBefore = 0;
  let nextSequence = options.firstSequence;

  function onPacket(packet: Uint8Array): void {
    const message = family === 4 ? icmpOfIpv4Packet(packet) : packet;
    const parsed = message && parseIcmpMessage(family, message);
    if (message === undefined || parsed === undefined) return;
    const echo = parsed.t === 'error' ? parsed.quoted : parsed;
    if (echo.identifier === identifier) listeners.get(echo.sequence)?.(message);
  }

  function close(): void {
    if (open === undefined) return;
    open.socket.close();
    droppedBefore += open.socket.droppedCount();
    open = undefined;
  }

  function ensureOpen(): void {
    // Taken before the socket is opened: if the name changes hands in between, the next probe sees it.
    const netnsIdentity = identifyNetns(netnsPath);
    if (open?.netnsIdentity === netnsIdentity) return;
    close();
    open = { socket: native.openIcmp({ ...options, onPacket, onDeaf: close }), netnsIdentity };
  }

  return {
    identifier,
    ensureOpen,
    listen(listener) {
      assert(listeners.size < sequenceCount, 'fewer echoes are in flight than there are sequence numbers');
      while (listeners.has(nextSequence)) nextSequence = (nextSequence + 1) % sequenceCount;
      const sequence = nextSequence;
      nextSequence = (nextSequence + 1) % sequenceCount;
      listeners.set(sequence, listener);
      const stop = () => {
        if (listeners.get(sequence) === listener) listeners.delete(sequence);
      };
      return { sequence, stop };
    },
    send: (address, message) =>
      open === undefined ? constants.errno.EBADF : sendOrRenew(open.socket, address, message),
    droppedCount: () => droppedBefore + (open?.socket.droppedCount() ?? 0),
    close,
  };
}

/**
 * Requests that wait for a neighbour's link address stay on their socket's account for seconds. When silent
 * neighbours have filled it, the others must not suffer: the rest goes out through a fresh socket.
 */
function sendOrRenew(socket: IcmpSocket, address: string, message: Uint8Array): number {
  const errno = socket.send(address, message);
  // Linux says ENOBUFS for a full account of a raw socket; EAGAIN is what it says for others.
  if (errno !== constants.errno.ENOBUFS && errno !== constants.errno.EAGAIN) return errno;
  try {
    socket.renewSender();
  } catch (error) {
    if (isNativeError(error)) return -error.errno;
    throw error;
  }
  return socket.send(address, message);
}

/**
 * Device and inode of what the name stands for; empty when there is nothing. Two namespaces never share them
 * while one of our sockets lives in the first, because the socket keeps it alive.
 */
function identifyNetns(netnsPath: string | undefined): string {
  if (netnsPath === undefined) return '';
  const stat = statSync(netnsPath, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.dev}:${stat.ino}`;
}
