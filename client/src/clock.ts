// The one home of time: the wall clock, and waiting. Nothing else may ask what time it is.

/** Milliseconds since 1970. */
export function wallMs(): number {
  return Date.now();
}

/** Calls `then` once after `delayMs`; the answer takes that back. */
export function after(delayMs: number, then: () => void): () => void {
  const timer = setTimeout(then, delayMs);
  return () => clearTimeout(timer);
}

/** Resolves after `delayMs`, or when `signal` is aborted; never rejects. */
export function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return Promise.resolve();
  const cancel = after(delayMs, resolve);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(cancel);
}
