// A maglevd as the dashboard asks it: by RPC name, in REST's JSON. Two siblings fill it: `local` in process,
// `remote` over gRPC. It must not know what is done with the answers.
import { ApiError } from '@vpp-maglev/server/errors';
import type { EventJson } from '../src/contract.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Who wants a change, for the records of the daemon that makes it. */
export interface ChangeCaller {
  /** Name of the credential. */
  readonly user: string;
  /** Where the browser is. */
  readonly address: string;
  readonly requestId: string;
}

export interface MaglevdSource {
  /** As configured: `host:port`, or `local`. */
  readonly name: string;
  /**
   * In this very process: there is nothing to connect to, and it is asked only while somebody watches. To
   * others the connection is kept up all the time.
   */
  readonly isInProcess: boolean;
  /**
   * Calls an operation; gives what REST answers. Rejects with ApiError: the daemon's own refusal, in its
   * words, or `unavailable` when it cannot be asked.
   */
  call(rpc: string, request: Json, caller?: ChangeCaller): Promise<Json>;
  /** Events from behind `lastEventId`, or with a first picture. Ends with the signal; rejects as `call`. */
  watch(request: { readonly lastEventId?: string }, signal: AbortSignal): AsyncIterable<EventJson>;
  /** Ends its connection. */
  stop(): void;
}

/** Operations that change something; all others are questions. */
export const changeOperations = [
  'PauseBackend',
  'ResumeBackend',
  'EnableBackend',
  'DisableBackend',
  'SetFrontendPoolBackendWeight',
  'SyncVPPLBState',
  'ReloadConfig',
  'CheckConfig',
] as const;

export type ChangeOperation = (typeof changeOperations)[number];

export function isChange(rpc: string): rpc is ChangeOperation {
  return changeOperations.some((name) => name === rpc);
}

/** A failure as the API names it; what is none of its own is told as what it is. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError('internal', error instanceof Error ? error.message : String(error));
}
