// The server's side of the contract under a test's hands: serves the built pages below /view/ and /admin/
// with the strict policy of the real one, streams what it is told to, and answers changes as the test says.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ChangeRequest, FleetMessage } from '../../src/contract.ts';
import type { FakeMaglevd } from './fake-maglevd.ts';

const distPath = join(import.meta.dirname, '..', '..', 'dist');
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const types: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
};

export interface ScriptedAnswer {
  readonly status: number;
  readonly body: unknown;
}
type Answerer = (request: ChangeRequest) => ScriptedAnswer | Promise<ScriptedAnswer>;

/** What a browser asked of the stream. */
export interface StreamRequest {
  readonly lastEventId: string | undefined;
}

export class ScriptedServer {
  readonly maglevds: readonly FakeMaglevd[];
  readonly streamRequests: StreamRequest[] = [];
  readonly changes: ChangeRequest[] = [];
  preview: Answerer = () => ({ status: 200, body: { summary: 'Nothing moves.', frontends: [] } });
  change: Answerer = () => ({ status: 200, body: {} });
  /** Connections stay as they are, nothing is said through them. */
  isMute = false;
  /** A daemon that hangs: new streams are taken, and get nothing. */
  isHung = false;
  #server: Server | undefined;
  #port = 0;
  #number = 0;
  #kept: { readonly number: number; readonly text: string }[] = [];
  readonly #streams = new Map<ServerResponse, { readonly canChange: boolean }>();
  #beat: NodeJS.Timeout | undefined;

  constructor(maglevds: readonly FakeMaglevd[]) {
    this.maglevds = maglevds;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens; again after `stop`, on the same port. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.#beat = setInterval(() => this.send({ t: 'heartbeat', at: new Date().toISOString() }), 1000);
  }

  async stop(): Promise<void> {
    clearInterval(this.#beat);
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    this.#streams.clear();
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** To all pages, and kept for those who come back. */
  send(...messages: readonly FleetMessage[]): void {
    if (this.isMute) return;
    for (const message of messages) {
      const isLasting = message.t !== 'heartbeat';
      if (isLasting) this.#number += 1;
      const id = isLasting ? `id: s-${this.#number}\n` : '';
      const text = `${id}data: ${JSON.stringify(message)}\n\n`;
      if (isLasting) this.#kept = [...this.#kept.slice(-500), { number: this.#number, text }];
      for (const stream of this.#streams.keys()) stream.write(text);
    }
  }

  /** Ends all streams as a proxy would: pages come back with the last id. */
  cut(): void {
    for (const stream of this.#streams.keys()) stream.destroy();
    this.#streams.clear();
  }

  /** What was kept is gone: whoever comes back gets the picture. */
  forget(): void {
    this.#kept = [];
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    const [, root = '', ...rest] = url.pathname.split('/');
    const path = rest.join('/');
    if (root !== 'view' && root !== 'admin') response.writeHead(404).end();
    else if (path === 'api/stream') this.#stream(request, url, response, root === 'admin');
    else if (root === 'admin' && path === 'api/preview') await this.#ask(request, response, this.preview);
    else if (root === 'admin' && path === 'api/change') {
      await this.#ask(request, response, (change) => {
        this.changes.push(change);
        return this.change(change);
      });
    } else this.#file(path, response);
  }

  #file(path: string, response: ServerResponse): void {
    const name = path === '' ? 'index.html' : path;
    const type = types[name.split('.').at(-1) ?? ''] ?? 'text/html';
    try {
      const bytes = readFileSync(join(distPath, name));
      response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }

  #stream(request: IncomingMessage, url: URL, response: ServerResponse, canChange: boolean): void {
    const header = request.headers['last-event-id'];
    const lastEventId =
      (typeof header === 'string' ? header : null) ?? url.searchParams.get('lastEventId') ?? undefined;
    this.streamRequests.push({ lastEventId });
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('retry: 300\n\n');
    this.#streams.set(response, { canChange });
    response.on('close', () => this.#streams.delete(response));
    if (this.isHung) return;
    const last = Number(lastEventId?.replace('s-', ''));
    const oldest = this.#kept[0]?.number;
    if (oldest !== undefined && last >= oldest - 1) {
      for (const { number, text } of this.#kept) if (number > last) response.write(text);
      return;
    }
    const picture: FleetMessage = {
      t: 'picture',
      at: new Date().toISOString(),
      canChange,
      maglevds: this.maglevds.map((maglevd) => maglevd.picture()),
    };
    response.write(`id: s-${this.#number}\ndata: ${JSON.stringify(picture)}\n\n`);
  }

  async #ask(request: IncomingMessage, response: ServerResponse, answer: Answerer): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { status, body } = await answer(JSON.parse(text) as ChangeRequest);
    const type = status < 300 ? 'application/json' : 'application/problem+json';
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
  }
}
