// What the dashboard's tests share: real maglevds, a dashboard in this process before them, pages to serve,
// and a browser's side of the stream.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request as openRequest } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { realClock } from '@vpp-maglev/server/clock';
import { makeDirectory, removeDirectory } from '../../../server/test/support/guarded-process.ts';
import { createTestLog } from '../../../server/test/support/port-app.ts';
import type { FleetMessage } from '../../src/contract.ts';
import type { Credentials } from '../admin-access.ts';
import { startFrontend } from '../frontend.ts';
import { createRemoteSource } from '../remote-source.ts';

export const alice: Credentials = { user: 'alice', password: 'correct horse' };

/** Value of the header `authorization`. */
export function basic({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Three static backends and a standby: all is well from the start, and nothing is probed. */
export const staticConfig = `maglev:
  vpp: { lb: { ipv4-src-address: 127.0.0.1, startup-min-delay: 0s, startup-max-delay: 0s } }
  backends:
    b1: { address: 127.0.0.11 }
    b2: { address: 127.0.0.12 }
    b3: { address: 127.0.0.13 }
    spare: { address: 127.0.0.14 }
  frontends:
    www:
      address: 127.0.0.80
      protocol: tcp
      port: 80
      new-flows-table-length: 1024
      pools:
        - { name: primary, backends: { b1: {}, b2: {}, b3: { weight: 50 } } }
        - { name: standby, backends: { spare: {} } }
    api:
      address: 127.0.0.81
      protocol: tcp
      port: 80
      new-flows-table-length: 1024
      pools:
        - { name: primary, backends: { b1: {} } }
        - { name: standby, backends: { spare: {}, b2: {} } }
`;

/** As a build leaves it; removed with the test. */
export function makePages(t: TestContext): string {
  const directory = makeDirectory('pages');
  t.after(() => removeDirectory(directory));
  mkdirSync(join(directory, 'assets'));
  writeFileSync(join(directory, 'assets', 'index-0a1b2c.js'), 'export const page = 1;\n');
  const script = readFileSync(join(directory, 'assets', 'index-0a1b2c.js'));
  writeFileSync(join(directory, 'assets', 'index-0a1b2c.js.gz'), gzipSync(script));
  writeFileSync(join(directory, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>\n');
  writeFileSync(
    join(directory, 'index.html'),
    '<!doctype html><title>maglev</title><script type="module" src="./assets/index-0a1b2c.js"></script>\n',
  );
  return directory;
}

export interface TestFrontend {
  readonly url: string;
  readonly log: ReturnType<typeof createTestLog>;
  readonly counts: () => { readonly browsers: number; readonly dropped: number };
}

/** A dashboard of the maglevds at these URLs, stopped with the test. */
export async function startTestFrontend(
  t: TestContext,
  apiUrls: readonly string[],
  options: { readonly admin?: Credentials } = {},
): Promise<TestFrontend> {
  const log = createTestLog();
  const sources = apiUrls.map((baseUrl) =>
    createRemoteSource({ clock: realClock, name: new URL(baseUrl).host, baseUrl }),
  );
  const frontend = await startFrontend({
    ...{ sources, listen: { host: '127.0.0.1', port: 0 }, clock: realClock, log },
    distPath: makePages(t),
    ...options,
  });
  t.after(() => frontend.stop());
  const { streams } = frontend.dashboard;
  return { url: `http://127.0.0.1:${frontend.port}`, log, counts: () => streams.counts() };
}

export interface Received {
  readonly id: string | undefined;
  readonly message: FleetMessage;
  readonly atMs: number;
}

export interface FleetStream {
  readonly response: IncomingMessage;
  readonly received: readonly Received[];
  /** The first message that fits, from number `from` on. */
  waitFor(fits: (message: FleetMessage) => boolean, from?: number): Promise<Received>;
  readonly ended: Promise<void>;
  close(): void;
}

const patienceMs = 20_000;

/** Closed with the test. */
export async function openStream(
  t: TestContext,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<FleetStream> {
  const opened = Promise.withResolvers<IncomingMessage>();
  const request = openRequest(url, { agent: false, headers }, opened.resolve);
  request.once('error', opened.reject);
  request.end();
  t.after(() => request.destroy());
  const response = await opened.promise;
  assert.equal(response.statusCode, 200, url);
  assert.equal(response.headers['content-type'], 'text/event-stream');
  const received: Received[] = [];
  const ended = Promise.withResolvers<void>();
  let wake = Promise.withResolvers<void>();
  let rest = '';
  response.setEncoding('utf8').on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) received.push(...readBlock(block));
    wake.resolve();
    wake = Promise.withResolvers();
  });
  response.on('error', () => ended.resolve()).on('close', () => ended.resolve());
  return {
    response,
    received,
    async waitFor(fits, from = 0) {
      const endMs = performance.now() + patienceMs;
      for (;;) {
        const found = received.slice(from).find(({ message }) => fits(message));
        if (found) return found;
        const last = received.slice(-5).map(({ message }) => JSON.stringify(message).slice(0, 300));
        assert.ok(performance.now() < endMs, `no such message; the last were ${last.join('\n')}`);
        // Heartbeats come every second: the time is looked at as often.
        await wake.promise;
      }
    },
    ended: ended.promise,
    close: () => void request.destroy(),
  };
}

function readBlock(block: string): Received[] {
  const fields = new Map(
    block.split('\n').map((line): [string, string] => {
      const match = /^(id|data|retry): (.*)$/.exec(line);
      assert.ok(match, `no line of an event stream: ${line}`);
      return [match[1] as string, match[2] as string];
    }),
  );
  const data = fields.get('data');
  if (data === undefined) return [];
  return [{ id: fields.get('id'), message: JSON.parse(data), atMs: performance.now() }];
}
