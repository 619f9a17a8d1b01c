// Asks a maglevd, now and then, what it says of its frontends: only to be compared with what is seen from
// here, never to decide anything. Shell.
import type { Clock, Timer } from './clock.ts';
import { daemonAnswerBytesMax, daemonIntervalMs, daemonTimeoutMs } from './limits.ts';
import { cleanText } from './text.ts';
import { daemonKey } from './update.ts';

export type DaemonStates = ReadonlyMap<string, string> | { readonly refusal: string };

/** `tell` gets each answer, or why there was none. Gives the function that ends it. */
export function watchDaemon(clock: Clock, url: string, tell: (states: DaemonStates) => void): () => void {
  const ending = new AbortController();
  let timer: Timer | undefined;
  const ask = async () => {
    const states = await askDaemon(url, ending.signal);
    if (ending.signal.aborted) return;
    tell(states);
    timer = clock.setTimer(daemonIntervalMs, () => void ask());
  };
  void ask();
  return () => {
    ending.abort();
    timer?.cancel();
  };
}

async function askDaemon(url: string, signal: AbortSignal): Promise<DaemonStates> {
  try {
    const response = await fetch(`${url}/api/v1/frontends`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(daemonTimeoutMs)]),
      redirect: 'error',
    });
    const text = await readBounded(response);
    if (!response.ok) return { refusal: `HTTP ${response.status}` };
    return readStates(JSON.parse(text)) ?? { refusal: 'its answer is no list of frontends' };
  } catch (error) {
    const { message, cause, name } = error as Error & { cause?: Error };
    if (name === 'TimeoutError') return { refusal: `no answer within ${daemonTimeoutMs} ms` };
    return { refusal: cleanText(cause?.message || message, 200) };
  }
}

async function readBounded({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > daemonAnswerBytesMax) throw new Error('its answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function readStates(answer: unknown): ReadonlyMap<string, string> | undefined {
  const frontends = (answer as { frontends?: unknown } | null)?.frontends;
  if (!Array.isArray(frontends)) return undefined;
  const states = new Map<string, string>();
  for (const frontend of frontends as Record<string, unknown>[]) {
    const { address, protocol, port, state } = frontend ?? {};
    if (typeof address !== 'string' || typeof protocol !== 'string' || typeof state !== 'string') continue;
    states.set(
      daemonKey(address, protocol, typeof port === 'number' ? port : undefined),
      cleanText(state, 16),
    );
  }
  return states;
}
