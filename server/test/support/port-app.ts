// A Fastify application behind a port of our own, with routes that tests need, and clients of both protocols.
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type SecureClientSessionOptions,
} from 'node:http2';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance } from 'fastify';
import { createPort, type Port, type PortOptions } from '../../src/api/port.ts';
import { connectionOf } from '../../src/api/port-connection.ts';
import { type Clock, realClock, type Timer } from '../../src/lib/clock.ts';
import type { Log, LogLine } from '../../src/lib/log.ts';

export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface TestLog extends Log {
  readonly lines: LoggedLine[];
}

export function createTestLog(): TestLog {
  const lines: LoggedLine[] = [];
  const line =
    (level: string): LogLine =>
    (message, attributes = {}) =>
      void lines.push({ level, message, attributes });
  return {
    isDebug: true,
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    lines,
  };
}

/** The real clock, which knows how many of its timers are pending. */
export function createCountingClock(): Clock & { pendingTimerCount(): number } {
  const pending = new Set<Timer>();
  return {
    ...realClock,
    setTimer(delayMs, fn) {
      const inner = realClock.setTimer(delayMs, () => {
        pending.delete(timer);
        fn();
      });
      const timer = {
        cancel() {
          pending.delete(timer);
          inner.cancel();
        },
      };
      pending.add(timer);
      return timer;
    },
    pendingTimerCount: () => pending.size,
  };
}

export interface TestApp {
  readonly app: FastifyInstance;
  readonly port: Port;
  readonly portNumber: number;
  readonly log: TestLog;
}

/** `/who` tells the connection, `/echo` the body, `/stream` never ends by itself, `/never` never answers. */
export function addTestRoutes(app: FastifyInstance, port: Port, endsStreams: boolean): void {
  app.get('/who', async ({ raw, ip }) => ({ ...connectionOf(raw), ip, version: raw.httpVersion }));
  app.post('/echo', async ({ body }) => body);
  app.get('/big', async () => 'x'.repeat(16 * 1024 * 1024));
  app.get('/never', () => undefined);
  app.get('/stream', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write(': hello\n\n');
    if (endsStreams) port.closing.addEventListener('abort', () => reply.raw.end(), { once: true });
  });
}

interface Extras {
  readonly host?: string;
  readonly endsStreams?: boolean;
  readonly routes?: (app: FastifyInstance, port: Port) => unknown;
}

/** Starts it on a port that the system chooses; `app.close()` is the caller's. */
export async function startTestApp(
  options: Partial<PortOptions> = {},
  { host = '127.0.0.1', endsStreams = false, routes }: Extras = {},
): Promise<TestApp> {
  const log = createTestLog();
  const port = createPort({ clock: realClock, log, ...options });
  const app = fastify({ serverFactory: port.serverFactory, forceCloseConnections: false });
  addTestRoutes(app, port, endsStreams);
  await routes?.(app, port);
  const portNumber = await port.listen(app, { host, port: 0 }, 'grpc-addr');
  return { app, port, portNumber, log };
}

/** A connection on which tests write bytes themselves; what comes is gathered. */
export interface RawClient {
  readonly socket: Socket;
  text(): string;
  /** Resolves once what came fits; rejects when the connection ends before. */
  until(wanted: RegExp | string): Promise<string>;
  /** Resolves to all that came, at the end. */
  ended(): Promise<string>;
}

export async function connectRaw(
  target: { port: number; host?: string } | { path: string },
): Promise<RawClient> {
  const socket = connect({
    allowHalfOpen: true,
    ...('path' in target ? target : { host: '127.0.0.1', ...target }),
  });
  const failures: Error[] = [];
  let text = '';
  const watchers = new Set<() => void>();
  const wake = () => {
    for (const watcher of watchers) watcher();
  };
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
    wake();
  };
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    wake();
  });
  socket.on('error', (error) => failures.push(error));
  socket.on('end', end).on('close', end);
  await once(socket, 'connect');
  const waitFor = (isDone: () => boolean) =>
    new Promise<string>((resolve, reject) => {
      const watcher = () => {
        if (!isDone() && !hasEnded) return;
        watchers.delete(watcher);
        if (isDone()) resolve(text);
        else reject(new Error(`the connection ended after: ${text} ${failures.join()}`));
      };
      watchers.add(watcher);
      watcher();
    });
  return {
    socket,
    text: () => text,
    until: (wanted) =>
      waitFor(() => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text))),
    ended: () => waitFor(() => hasEnded),
  };
}

/** Waits for what no event tells of. */
export async function waitUntil(isSo: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`never: ${what}`);
    await sleep(10);
  }
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A session to the port; errors of the session are not failures of a test by themselves. */
export async function connectSession(
  url: string,
  options: SecureClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const session = connectHttp2(url, options);
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
}

export async function getOver(session: ClientHttp2Session, path: string, body?: string): Promise<Answer> {
  const stream = session.request(
    body === undefined
      ? { ':path': path }
      : { ':path': path, ':method': 'POST', 'content-type': 'application/json' },
  );
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const answered = once(stream, 'response');
  stream.end(body);
  const [headers] = (await answered) as [{ ':status': number }];
  await once(stream, 'end');
  return { status: headers[':status'], body: Buffer.concat(chunks).toString() };
}
