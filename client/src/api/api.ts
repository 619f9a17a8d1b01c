// What a command may ask of the daemon, and the two ways in which that fails. It must not know any transport.
import type { Calls, MaglevEvent, WatchRequest } from './shapes.ts';

export type CallName = keyof Calls;

export interface Api {
  /** The REST body of the answer. Rejects with Refusal or Unreachable. */
  call<N extends CallName>(name: N, request: Calls[N][0], signal?: AbortSignal): Promise<Calls[N][1]>;
  /** Ends without an error when `signal` is aborted. */
  watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<MaglevEvent>;
  /** Asks for the version ahead, so that the answer comes while other things load. Never rejects. */
  prepare?(): Promise<void>;
  /** As it was given: `localhost:9090`. */
  readonly server: string;
  close(): void;
}

/** The daemon answered, and said no. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** Canonical code, e.g. `not_found`. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** There was no answer. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

// By name: a bundle in several parts holds these classes several times.
export const isRefusal = (error: unknown): error is Refusal =>
  error instanceof Error && error.name === 'Refusal';
export const isUnreachable = (error: unknown): error is Unreachable =>
  error instanceof Error && error.name === 'Unreachable';
