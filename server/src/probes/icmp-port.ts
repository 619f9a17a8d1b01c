// A raw ICMP socket shared by all echo probes of one family, source address and namespace.
// Knows packets and who waits for which sequence number; knows no health.

/** Receives one whole ICMP message (no IP header). Valid only during the call: copy what must stay. */
export type IcmpListener = (message: Uint8Array) => void;

export interface IcmpPort {
  /** Echo identifier that requests through this port carry. */
  readonly identifier: number;
  /** Reserves a free sequence number and names who hears what arrives for it. */
  listen(listener: IcmpListener): { readonly sequence: number; stop(): void };
  /** Sends one ICMP message (header and payload, no IP header). Returns 0 or a positive errno. */
  send(address: string, message: Uint8Array): number;
}
