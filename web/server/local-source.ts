// The maglevd that serves the page itself, in process. It knows the two functions it is handed and nothing
// else of the daemon.
import type { EventJson } from '../src/contract.ts';
import type { ChangeCaller, Json, MaglevdSource } from './source.ts';

/** The name under which pages show the daemon that serves them. */
export const localName = 'local';

export interface LocalDaemon {
  /**
   * Calls an operation as a viewer, or, with a caller, as that operator. Rejects with the API's own ApiError.
   */
  call(rpc: string, request: Json, caller?: ChangeCaller): Promise<unknown>;
  watch(request: { readonly lastEventId?: string }, signal: AbortSignal): AsyncIterable<unknown>;
}

export function createLocalSource({ call, watch }: LocalDaemon): MaglevdSource {
  return {
    name: localName,
    isInProcess: true,
    call: async (rpc, request, caller) => (await call(rpc, request, caller)) as Json,
    watch: (request, signal) => watch(request, signal) as AsyncIterable<EventJson>,
    stop: () => undefined,
  };
}
