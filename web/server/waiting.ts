// Waiting that a signal ends. It must not know for what.
import type { Clock } from '@vpp-maglev/server/clock';

/** Resolves after `delayMs`, or with the signal. */
export function rest(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = clock.setTimer(delayMs, end);
  signal.addEventListener('abort', end);
  return promise.finally(() => {
    timer.cancel();
    signal.removeEventListener('abort', end);
  });
}

/**
 * The values of `source` until it ends or the signal comes, also when `source` ignores it. Rejects as it
 * does.
 */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await nextOf(iterator, signal);
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: whoever ignores the signal may ignore this as well. Its rejection says nothing new.
    iterator.return?.()?.then(undefined, () => undefined);
  }
}

/** A promise for each step: one that lived as long as the stream would gather what waits for it. */
function nextOf<T>(iterator: AsyncIterator<T>, signal: AbortSignal): Promise<IteratorResult<T> | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<T> | undefined>();
  const abort = () => resolve(undefined);
  signal.addEventListener('abort', abort);
  iterator.next().then(resolve, reject);
  return promise.finally(() => signal.removeEventListener('abort', abort));
}
