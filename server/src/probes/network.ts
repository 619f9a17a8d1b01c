// Where probes get their sockets: the one door to the outside for every prober.
// Knows namespaces and source addresses; knows no protocol above TCP and ICMP, save whom TLS may trust.
import { Socket } from 'node:net';
import type { IpFamily } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Native } from '../native.ts';
import { createProbeEngine, type ProbeEngine } from './engine.ts';
import { createIcmpIdentifiers, type IcmpIdentifiers } from './icmp-identifiers.ts';
import { createIcmpPayloads, type IcmpPayloads } from './icmp-payloads.ts';
import { createTlsContexts, type TlsContexts } from './tls.ts';

export interface ConnectOptions {
  readonly address: string;
  readonly family: IpFamily;
  readonly port: number;
  /** Source address, same family; absent: the kernel chooses. */
  readonly source?: string | undefined;
}

export interface ProbeNetwork {
  readonly clock: Clock;
  /** Name of the namespace of all sockets; absent: the one the process is in. */
  readonly netns: string | undefined;
  /** Plain connections and echoes, on a thread of their own. */
  readonly engine: ProbeEngine;
  /**
   * For TLS, a TCP socket on its way to `address`; what the world does comes as its events, never before this
   * returns.
   * Throws a NativeError when a namespace cannot be entered, a source address cannot be bound there, or
   * descriptors have run out; in the root namespace those come as an 'error' event too.
   */
  connect(options: ConnectOptions): Socket;
  readonly icmpIdentifier: IcmpIdentifiers;
  readonly icmpPayload: IcmpPayloads;
  /**
   * The shared TLS contexts that trust the system's CAs and those of `caPem`. (OpenSSL passes over what is no
   * PEM.)
   */
  tlsContext(caPem?: string): TlsContexts;
  /** Closes the shared sockets. Probes in flight must have been cancelled before. */
  close(): void;
}

export interface ProbeNetworkOptions {
  readonly native: Native;
  /** Name of the network namespace that all probes run in; absent: the one the process is in. */
  readonly netns?: string | undefined;
  readonly clock: Clock;
}

export function createProbeNetwork({ native, netns, clock }: ProbeNetworkOptions): ProbeNetwork {
  const netnsPath = netns === undefined ? undefined : `/run/netns/${netns}`;
  const engine = createProbeEngine({ native, netnsPath });
  return {
    clock,
    netns,
    engine,
    connect: netnsPath === undefined ? connectHere : (options) => connectThere(native, netnsPath, options),
    icmpIdentifier: createIcmpIdentifiers(),
    icmpPayload: createIcmpPayloads(),
    tlsContext: createTlsContexts(),
    close: () => engine.close(),
  };
}

/** Without the addon: adopting a descriptor costs several system calls more, 10 % of a plain probe's CPU. */
function connectHere({ address, port, source }: ConnectOptions): Socket {
  const socket = new Socket();
  return socket.connect(
    source === undefined ? { host: address, port } : { host: address, port, localAddress: source },
  );
}

/** The namespace is entered by its name for each socket: one made anew under the same name counts at once. */
function connectThere(native: Native, netnsPath: string, options: ConnectOptions): Socket {
  const { address, family, port, source } = options;
  const fd = native.openSocket({
    family,
    type: 'stream',
    protocol: 0,
    netnsPath,
    ...(source === undefined ? {} : { source }),
  });
  const socket = new Socket({ fd });
  return socket.connect({ host: address, port });
}
