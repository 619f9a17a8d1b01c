// A subscriber of server-sent events on a connection of its own. It must not know what serves them.
import assert from 'node:assert/strict';
import { type IncomingMessage, request as openRequest } from 'node:http';
import type { EventJson } from '../../src/api/event-schemas.ts';

export interface SseBlock {
  readonly id?: string;
  readonly event?: string;
  readonly data?: EventJson;
  readonly retry?: string;
}

export interface SseClient {
  readonly response: IncomingMessage;
  readonly blocks: readonly SseBlock[];
  /** Events so far, without the greeting. */
  events(): readonly EventJson[];
  /** The first event that fits, from number `from` on, now or within the time. */
  waitFor(fits: (event: EventJson) => boolean, from?: number): Promise<EventJson>;
  /** Takes nothing more from the socket. */
  pause(): void;
  resume(): void;
  /** Resolves when the server, or `close`, has ended the stream. */
  readonly ended: Promise<void>;
  close(): void;
}

const patienceMs = 20_000;

/** Rejects unless the answer is 200 with an event stream. */
export async function openSse(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<SseClient> {
  const opened = Promise.withResolvers<IncomingMessage>();
  const request = openRequest(url, { agent: false, headers }, opened.resolve);
  request.once('error', opened.reject);
  request.end();
  const response = await opened.promise;
  assert.equal(response.statusCode, 200, url);
  assert.equal(response.headers['content-type'], 'text/event-stream');
  const blocks: SseBlock[] = [];
  const waiters = new Set<() => void>();
  const ended = Promise.withResolvers<void>();
  let rest = '';
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    const pieces = (rest + text).split('\n\n');
    rest = pieces.pop() ?? '';
    blocks.push(...pieces.map(parseBlock));
    for (const wake of waiters) wake();
  });
  // A stream that is cut is an end as well: tests look at what came before it.
  response.on('error', () => ended.resolve());
  response.on('close', () => ended.resolve());
  const events = () => blocks.flatMap(({ data }) => (data ? [data] : []));
  return {
    response,
    blocks,
    events,
    async waitFor(fits, from = 0) {
      const timeout = AbortSignal.timeout(patienceMs);
      for (;;) {
        const found = events().slice(from).find(fits);
        if (found) return found;
        const { promise, resolve } = Promise.withResolvers<void>();
        waiters.add(resolve);
        timeout.addEventListener('abort', () => resolve(), { once: true });
        await promise;
        waiters.delete(resolve);
        const told = () => `no such event among ${JSON.stringify(events().slice(-20))}`;
        if (timeout.aborted) assert.fail(told());
      }
    },
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    ended: ended.promise,
    close: () => void request.destroy(),
  };
}

function parseBlock(text: string): SseBlock {
  const block: Record<string, unknown> = {};
  for (const line of text.split('\n')) {
    const match = /^(id|event|data|retry): (.*)$/.exec(line);
    assert.ok(match, `no line of an event stream: ${line}`);
    const [, name = '', value = ''] = match;
    block[name] = name === 'data' ? JSON.parse(value) : value;
  }
  return block;
}
