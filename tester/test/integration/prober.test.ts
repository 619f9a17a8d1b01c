// The prober against real servers on loopback: every class of error, flows, the header, keep-alive, IPv6.
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { realClock } from '../../src/clock.ts';
import type { Report, Result } from '../../src/outcome.ts';
import { startProber } from '../../src/prober.ts';
import { makeQuestions, type ProbeOptions } from '../../src/questions.ts';
import type { Target } from '../../src/targets.ts';
import { closedPort, serveHttp, serveHttps, serveTcp } from '../support/servers.ts';

const plainOptions: ProbeOptions = {
  intervalMs: 20,
  timeoutMs: 150,
  uri: '/health?x=1',
  header: 'X-IPng-Frontend',
  insecure: false,
  keepalive: false,
  inFlightMax: 1,
  count: 5,
};

const targetOf = (port: number, more: Partial<Target> = {}): Target => ({
  names: ['vip'],
  address: '127.0.0.1',
  family: 4,
  protocol: 'tcp',
  port,
  kind: 'http',
  probePort: port,
  reason: 'the test says so',
  ...more,
});

/** Until every target has had its count. */
function probe(t: TestContext, targets: readonly Target[], more: Partial<ProbeOptions> = {}) {
  const options = { ...plainOptions, ...more };
  const { promise, resolve } = Promise.withResolvers<{ results: Result[]; reports: Report[] }>();
  const reports: Report[] = [];
  const prober = startProber({
    clock: realClock,
    questions: makeQuestions(targets, options, 'maglevt/test'),
    options,
    report(report) {
      reports.push(report);
      prober.taken();
      if (!report.finished) return;
      prober.stop();
      resolve({ reports, results: reports.flatMap(({ results }) => results) });
    },
  });
  t.after(() => prober.stop());
  return { prober, reports, done: promise };
}

const answerOk: RequestListener = (_, response) => {
  response.setHeader('X-IPng-Frontend', 'nginx0').end('ok\n');
};

async function probeOne(
  t: TestContext,
  port: number,
  more: Partial<ProbeOptions> = {},
  target: Partial<Target> = {},
) {
  const { results } = await probe(t, [targetOf(port, target)], more).done;
  assert.equal(results.length, more.count ?? 5);
  return results;
}

test('a probe is one flow: one connection, one request, as written', async (t) => {
  const requests: string[] = [];
  const ports = new Set<number | undefined>();
  const port = await serveHttp(t, (request, response) => {
    requests.push(
      `${request.method} ${request.url} ${request.headers.host} ${request.headers['user-agent']}`,
    );
    ports.add(request.socket.remotePort);
    answerOk(request, response);
  });
  const results = await probeOne(t, port);
  assert.deepEqual(new Set(requests), new Set([`GET /health?x=1 127.0.0.1:${port} maglevt/test`]));
  assert.equal(ports.size, 5, 'five source ports');
  for (const result of results) {
    assert.deepEqual([result.verdict, result.status, result.value, result.detail], ['ok', 200, 'nginx0', '']);
    assert.ok(result.latencyMs > 0 && result.latencyMs < 150);
  }
});

test('with keepalive it is one connection for all; one that the server ended is no failure', async (t) => {
  const ports: (number | undefined)[] = [];
  const sockets: Socket[] = [];
  const port = await serveHttp(t, (request, response) => {
    ports.push(request.socket.remotePort);
    answerOk(request, response);
    // After the third answer the server is tired of it, without having said so.
    if (ports.length === 3) response.on('finish', () => request.socket.destroySoon());
    sockets.push(request.socket);
  });
  const results = await probeOne(t, port, { keepalive: true, count: 8 });
  assert.deepEqual(
    results.map(({ verdict }) => verdict),
    new Array(8).fill('ok'),
  );
  assert.equal(new Set(ports).size, 2);
});

test('IPv6, with its own Host', async (t) => {
  const hosts = new Set<string | undefined>();
  const port = await serveHttp(
    t,
    (request, response) => {
      hosts.add(request.headers.host);
      answerOk(request, response);
    },
    '::1',
  );
  const results = await probeOne(t, port, {}, { address: '::1', family: 6 });
  assert.ok(results.every(({ verdict }) => verdict === 'ok'));
  assert.deepEqual(Array.from(hosts), [`[::1]:${port}`]);
});

test('a redirect passes and is not followed', async (t) => {
  const urls: (string | undefined)[] = [];
  const port = await serveHttp(t, (request, response) => {
    urls.push(request.url);
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  const results = await probeOne(t, port);
  assert.ok(results.every(({ verdict, status }) => verdict === 'ok' && status === 302));
  assert.deepEqual(new Set(urls), new Set(['/health?x=1']));
});

const faults: readonly (readonly [
  what: string,
  verdict: string,
  detail: RegExp,
  onSocket: (socket: Socket) => void,
])[] = [
  ['a silent server', 'timeout', /^no answer within 150 ms$/, () => undefined],
  [
    'half an answer',
    'timeout',
    /^answer incomplete within/,
    (socket) => socket.once('data', () => socket.write('HTTP/1.1 200')),
  ],
  [
    '503',
    'http-err',
    /^HTTP 503$/,
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n')),
  ],
  ['no HTTP', 'http-err', /not HTTP/, (socket) => socket.write('SSH-2.0-x\r\n')],
  [
    'an end without a word',
    'net-err',
    /closed without an answer/,
    (socket) => socket.once('data', () => socket.end()),
  ],
  ['a reset', 'net-err', /reset/, (socket) => socket.once('data', () => socket.resetAndDestroy())],
  [
    'a body cut short',
    'net-err',
    /in the middle of the body/,
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')),
  ],
];
for (const [what, verdict, detail, onSocket] of faults) {
  test(`${what} is ${verdict}`, async (t) => {
    const results = await probeOne(t, await serveTcp(t, onSocket), { count: 3 });
    for (const result of results) {
      assert.equal(result.verdict, verdict, result.detail);
      assert.match(result.detail, detail);
      if (verdict === 'timeout') assert.ok(result.latencyMs >= 149, `${result.latencyMs}`);
    }
  });
}

test('a closed port is net-err, for http and for a connect', async (t) => {
  const port = await closedPort();
  for (const kind of ['http', 'tcp'] as const) {
    for (const { verdict, detail } of await probeOne(t, port, {}, { kind })) {
      assert.deepEqual([verdict, detail], ['net-err', 'connection refused']);
    }
  }
});

test('a connect passes without a word', async (t) => {
  const seen: string[] = [];
  const port = await serveTcp(t, (socket) => socket.on('data', (bytes) => seen.push(String(bytes))));
  const results = await probeOne(t, port, {}, { kind: 'tcp' });
  assert.ok(results.every(({ verdict, status }) => verdict === 'ok' && status === 0));
  assert.deepEqual(seen, []);
});

test('https: an unknown issuer and a wrong name fail, --insecure and nothing else takes them', async (t) => {
  const names = new Set<unknown>();
  const port = await serveHttps(t, (request, response) => {
    names.add((request.socket as unknown as { servername: unknown }).servername);
    answerOk(request, response);
  });
  const https = { kind: 'https', probePort: port } as const;
  const strict = await probeOne(t, port, { timeoutMs: 2000 }, https);
  for (const { verdict, detail } of strict) {
    assert.equal(verdict, 'net-err');
    assert.match(detail, /self-signed certificate/);
  }
  const lax = await probeOne(t, port, { timeoutMs: 2000, insecure: true, host: 'maglev.test:8443' }, https);
  assert.ok(
    lax.every(({ verdict, value }) => verdict === 'ok' && value === 'nginx0'),
    JSON.stringify(lax),
  );
  assert.deepEqual(Array.from(names), ['maglev.test']);
  const plain = await serveHttp(t, answerOk);
  for (const { detail } of await probeOne(t, plain, { timeoutMs: 2000 }, { kind: 'https' })) {
    assert.equal(detail, 'the answer is not TLS');
  }
});

test('one probe in flight, or as many as asked; what is left out is said', async (t) => {
  for (const inFlightMax of [1, 3]) {
    let open = 0;
    let openMax = 0;
    const port = await serveTcp(t, (socket) => {
      open += 1;
      openMax = Math.max(openMax, open);
      socket.resume();
      socket.on('close', () => {
        open -= 1;
      });
    });
    const { done } = probe(t, [targetOf(port)], { inFlightMax, count: 6 });
    const { reports } = await done;
    assert.equal(openMax, inFlightMax);
    assert.ok(reports.reduce((sum, { skipped }) => sum + skipped, 0) > 0);
  }
});

test('header values are made harmless', async (t) => {
  const port = await serveTcp(t, (socket) =>
    socket.once('data', () =>
      socket.end('HTTP/1.1 200 OK\r\nX-IPng-Frontend: a\x1b[2Jb\r\nContent-Length: 0\r\n\r\n'),
    ),
  );
  const [result] = await probeOne(t, port);
  assert.equal(result?.value, 'a?[2Jb');
});

test('a pause ends what is under way without a result; afterwards it goes on', async (t) => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  let silent = true;
  const port = await serveHttp(t, (request, response) => {
    if (silent) ask();
    else answerOk(request, response);
  });
  const { prober, done } = probe(t, [targetOf(port)], { timeoutMs: 60_000, count: 4 });
  await asked;
  prober.pause();
  silent = false;
  prober.resume();
  const { results } = await done;
  assert.deepEqual(
    results.map(({ verdict }) => verdict),
    ['ok', 'ok', 'ok'],
  );
});

test('drain waits for the last verdict', async (t) => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const port = await serveTcp(t, () => ask());
  const { prober, done } = probe(t, [targetOf(port)], { count: 1000 });
  await asked;
  prober.drain();
  const { results } = await done;
  assert.deepEqual(
    results.map(({ verdict }) => verdict),
    ['timeout'],
  );
});
