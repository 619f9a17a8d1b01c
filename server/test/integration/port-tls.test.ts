// TLS on the port: both protocols by negotiation, clients' certificates, renewal, and who does not speak TLS.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import type { PortLimits } from '../../src/api/port-limits.ts';
import { openTlsFiles } from '../../src/api/tls-files.ts';
import { must } from '../../src/lib/assert.ts';
import { realClock } from '../../src/lib/clock.ts';
import { createAuthority, daysFromNow, type Identity } from '../support/certificates.ts';
import {
  connectRaw,
  connectSession,
  createTestLog,
  getOver,
  startTestApp,
  waitUntil,
} from '../support/port-app.ts';

const run = promisify(execFile);
const authority = createAuthority('authority of the server');
const clients = createAuthority('authority of clients');
const issue = (commonName: string) => authority.issue({ commonName, addresses: ['127.0.0.1'] });

async function startTls(t: TestContext, limits: Partial<PortLimits> = {}, asksClients = true) {
  const directory = mkdtempSync(join(tmpdir(), 'maglev-port-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const write = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const first = issue('first');
  const paths = {
    cert: write('cert', first.certPem),
    key: write('key', first.keyPem),
    clientCa: asksClients ? write('clients', clients.certPem) : '',
  };
  const files = must(openTlsFiles(paths, realClock, createTestLog()), 'TLS');
  const started = await startTestApp({ tls: files, limits });
  t.after(async () => {
    await started.app.close();
    files.close();
  });
  return { ...started, files, write };
}

const show = ({ certPem, keyPem }: Identity) => ({ cert: certPem, key: keyPem });

/** What `/who` says to HTTP/1.1 over TLS with these options. */
async function askWho(port: number, options: ConnectionOptions = {}): Promise<Record<string, unknown>> {
  const socket = await shakeHands(port, options);
  socket.write('GET /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString().split('\r\n\r\n')[1] ?? '');
}

async function shakeHands(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.certPem, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

test('negotiation gives HTTP/2 or HTTP/1.1, none gives HTTP/1.1', async (t) => {
  const { portNumber, write } = await startTls(t, {}, false);
  const ca = write('ca', authority.certPem);
  for (const [flag, version] of [
    ['--http2', '2.0'],
    ['--http1.1', '1.1'],
    ['--no-alpn', '1.1'],
  ] as const) {
    const url = `https://127.0.0.1:${portNumber}/who`;
    const { stdout } = await run('curl', ['-sS', '--cacert', ca, flag, url]);
    const expected = { kind: 'tcp', address: '127.0.0.1', isTls: true, ip: '127.0.0.1', version };
    assert.deepEqual(JSON.parse(stdout), expected, flag);
  }
  await assert.rejects(shakeHands(portNumber, { ALPNProtocols: ['spdy/1'] }), /no application protocol/);
  const socket = await shakeHands(portNumber, { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(socket.alpnProtocol, 'h2');
  socket.destroy();
});

test('TLS 1.1 is refused, 1.2 and 1.3 are not', async (t) => {
  const { portNumber } = await startTls(t);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { minVersion: version, maxVersion: version };
    assert.equal((await askWho(portNumber, options))['isTls'], true, version);
  }
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await assert.rejects(shakeHands(portNumber, old), /alert protocol version|unsupported protocol/);
});

test("a client's certificate gives its name when it verifies, and a reason when not", async (t) => {
  const { portNumber } = await startTls(t);
  const good = clients.issue({ commonName: 'alice', isClient: true });
  const foreign = createAuthority('another').issue({ commonName: 'mallory', isClient: true });
  const expired = clients.issue({ commonName: 'carol', isClient: true, notAfter: daysFromNow(-0.5) });
  const ofServer = clients.issue({ commonName: 'server' });
  for (const [identity, certificateName, certificateFault] of [
    [good, 'alice', undefined],
    [undefined, undefined, undefined],
    [foreign, undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [expired, undefined, 'CERT_HAS_EXPIRED'],
    [ofServer, undefined, 'INVALID_PURPOSE'],
  ] as const) {
    const options = identity ? show(identity) : {};
    const overHttp1 = await askWho(portNumber, options);
    const url = `https://127.0.0.1:${portNumber}`;
    const session = await connectSession(url, { ca: authority.certPem, ...options });
    const overHttp2 = JSON.parse((await getOver(session, '/who')).body);
    session.close();
    for (const who of [overHttp1, overHttp2]) {
      assert.equal(who['certificateName'], certificateName);
      assert.equal(who['certificateFault'], certificateFault);
      assert.equal(who['address'], '127.0.0.1');
    }
  }
});

test('a resumed connection keeps the name of its certificate', async (t) => {
  const { portNumber } = await startTls(t);
  const options = {
    ...show(clients.issue({ commonName: 'alice', isClient: true })),
    maxVersion: 'TLSv1.3' as const,
  };
  const first = await shakeHands(portNumber, options);
  first.write('GET /who HTTP/1.1\r\nhost: x\r\n\r\n');
  const [ticket] = (await once(first, 'session')) as [Buffer];
  first.destroy();
  const second = await shakeHands(portNumber, { ...options, session: ticket });
  assert.equal(second.isSessionReused(), true);
  second.destroy();
  assert.equal((await askWho(portNumber, { ...options, session: ticket }))['certificateName'], 'alice');
});

test('renewed files serve new connections; those that are open stay', async (t) => {
  const { portNumber, files, write } = await startTls(t);
  const url = `https://127.0.0.1:${portNumber}`;
  const session = await connectSession(url, { ca: authority.certPem });
  const http1 = await shakeHands(portNumber);
  const nameSeen = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;
  assert.equal(nameSeen(http1), 'first');

  const second = issue('second');
  write('cert', second.certPem);
  assert.match(files.reload() ?? '', /does not belong/);
  const between = await shakeHands(portNumber);
  assert.equal(nameSeen(between), 'first');
  between.destroy();
  write('key', second.keyPem);
  assert.equal(files.reload(), undefined);

  const after = await shakeHands(portNumber);
  assert.equal(nameSeen(after), 'second');
  after.destroy();
  const alice = show(clients.issue({ commonName: 'alice', isClient: true }));
  assert.equal((await askWho(portNumber, alice))['certificateName'], 'alice', 'clients are asked as before');
  assert.equal((await getOver(session, '/who')).status, 200);
  http1.write('GET /who HTTP/1.1\r\nhost: x\r\n\r\n');
  assert.match(String((await once(http1, 'data'))[0]), /200 OK/);
  session.close();
  http1.destroy();
});

test('plain HTTP on the port with TLS is told so', async (t) => {
  const { portNumber, port } = await startTls(t, { portDecideMsMax: 500 });
  const answer = await fetch(`http://127.0.0.1:${portNumber}/who`);
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /speaks TLS only/);
  const curled = await run('curl', [
    '-sS',
    '--http2-prior-knowledge',
    `http://127.0.0.1:${portNumber}/`,
  ]).catch((error: Error) => error);
  assert.ok(curled instanceof Error);
  // One that does not close its side is let go all the same.
  const client = await connectRaw({ port: portNumber });
  client.socket.write('GET / HTTP/1.1\r\n');
  await client.until(/speaks TLS only/);
  await waitUntil(() => port.counts().open === 0, 'the port lets go');
  client.socket.destroy();
});

test('a handshake that drips, or breaks, holds no place', async (t) => {
  const { portNumber, port, log } = await startTls(t, { portDecideMsMax: 300 });
  const dripping = await connectRaw({ port: portNumber });
  const hello = Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), Buffer.alloc(500)]);
  let sent = 0;
  const drip = setInterval(() => dripping.socket.write(hello.subarray(sent, ++sent)), 30);
  t.after(() => clearInterval(drip));
  const broken = await connectRaw({ port: portNumber });
  broken.socket.write(Buffer.concat([Buffer.from([0x16, 3, 1, 0, 5]), Buffer.from('hello')]));
  await broken.ended();
  await dripping.ended();
  await waitUntil(() => port.counts().open === 0 && port.counts().undecided === 0, 'the port lets go');
  assert.ok(log.lines.some(({ message }) => message === 'tls-handshake-failed'));
  dripping.socket.destroy();
  broken.socket.destroy();
});

test('a stop ends TLS connections of both protocols within a second', async (t) => {
  const { app, portNumber } = await startTls(t);
  const session = await connectSession(`https://127.0.0.1:${portNumber}`, { ca: authority.certPem });
  const stream = session.request({ ':path': '/stream' });
  stream.on('error', () => undefined);
  await once(stream, 'data');
  const http1 = await shakeHands(portNumber);
  http1.on('error', () => undefined);
  const begun = await connectRaw({ port: portNumber });
  begun.socket.write(Buffer.from([0x16, 3, 1]));
  const started = performance.now();
  await app.close();
  assert.ok(performance.now() - started < 1_000);
  for (const each of [session, http1, begun.socket]) each.destroy();
});
