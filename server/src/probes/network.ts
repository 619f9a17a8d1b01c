// Where probes get their sockets: the one door to the outside for every prober.
// Knows namespaces and source addresses; knows no protocol above TCP and ICMP.
import type { Socket } from 'node:net';
import type { IpFamily } from '../config/config.ts';
import type { IcmpPort } from './icmp-port.ts';

export interface ConnectOptions {
  readonly address: string;
  readonly family: IpFamily;
  readonly port: number;
  /** Source address, same family; absent: the kernel chooses. */
  readonly source?: string;
  /**
   * Receives bytes as they come, in place of 'data' events (left out where TLS reads the socket).
   * The buffer is shared and reused after the call returns: copy what must stay.
   */
  readonly onBytes?: (buffer: Uint8Array, length: number) => void;
}

export interface ProbeNetwork {
  /**
   * A TCP socket on its way to `address`; what the world does comes as its events. Throws a NetworkError
   * when a namespace cannot be entered, a source address cannot be bound, or descriptors have run out.
   */
  connect(options: ConnectOptions): Socket;
  /** The shared raw socket for a family and source address; opened with the first use. Throws like `connect`. */
  icmpPort(family: IpFamily, source?: string): IcmpPort;
  /** Closes the shared sockets. Probes in flight must have been cancelled before. */
  close(): void;
}
