// Real servers on loopback that behave as asked, and a certificate for them. They end with the test.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Gives the port. */
export async function serveHttp(
  t: TestContext,
  answer: RequestListener,
  address = '127.0.0.1',
): Promise<number> {
  const server = createHttpServer(answer);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server.listen(0, address), 'listening');
  return (server.address() as AddressInfo).port;
}

export async function serveHttps(t: TestContext, answer: RequestListener): Promise<number> {
  const server = createHttpsServer(makeCertificate(t), answer);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

export async function serveTcp(t: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Self-signed, for maglev.test. */
function makeCertificate(t: TestContext): { key: Buffer; cert: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), 'maglevt-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [keyPath, certPath] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=maglev.test', '-addext', 'subjectAltName=DNS:maglev.test'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', keyPath, '-out', certPath], {
    stdio: 'ignore',
  });
  return { key: readFileSync(keyPath), cert: readFileSync(certPath) };
}
