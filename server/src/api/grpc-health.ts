// grpc.health.v1: whether this daemon serves, for load balancers and orchestrators. It knows one fact, which
// the daemon sets; of backends and their health it must not know.
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect';
import { Code, ConnectError } from '@connectrpc/connect';
import { Health, HealthCheckResponse_ServingStatus as Status } from '@vpp-maglev/proto/health';
import { MaglevService } from '@vpp-maglev/proto/maglev';
import { abortError } from './grpc-errors.ts';

/** Whether the API answers: false while the daemon starts and while it stops. */
export interface Serving {
  isServing(): boolean;
  set(serving: boolean): void;
  /** Calls `listener` after each change, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

export function createServing(): Serving {
  let current = false;
  const listeners = new Set<() => void>();
  return {
    isServing: () => current,
    set(serving) {
      if (serving === current) return;
      current = serving;
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The empty name stands for the server as a whole. */
const services = ['', MaglevService.typeName];

/** Streams end when `closing` is aborted. */
export function addHealth(router: ConnectRouter, serving: Serving, closing: AbortSignal): void {
  const statusNow = () => (serving.isServing() ? Status.SERVING : Status.NOT_SERVING);

  async function* watch({ service }: { readonly service: string }, { signal }: HandlerContext) {
    const isKnown = services.includes(service);
    let wake = Promise.withResolvers<void>();
    const rouse = () => wake.resolve();
    const release = serving.onChange(rouse);
    signal.addEventListener('abort', rouse, { once: true });
    closing.addEventListener('abort', rouse, { once: true });
    try {
      let told: Status | undefined;
      for (;;) {
        // Before the look: a change between the look and the wait is not missed.
        wake = Promise.withResolvers<void>();
        const status = isKnown ? statusNow() : Status.SERVICE_UNKNOWN;
        if (status !== told) yield { status };
        told = status;
        if (signal.aborted || closing.aborted) throw abortError(signal);
        await wake.promise;
      }
    } finally {
      release();
      closing.removeEventListener('abort', rouse);
    }
  }

  router.service(Health, {
    check({ service }) {
      if (services.includes(service)) return { status: statusNow() };
      throw new ConnectError(`no such service: ${service}`, Code.NotFound);
    },
    list: () => ({ statuses: Object.fromEntries(services.map((name) => [name, { status: statusNow() }])) }),
    watch,
  });
}
