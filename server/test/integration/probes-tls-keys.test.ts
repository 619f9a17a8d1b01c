// Which key the first message of a TLS probe carries, and that no server is out of reach for it: servers that
// speak one group alone, or TLS 1.2 alone, are probed twice, and a relay between counts the first messages.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as net from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import type { ProbeNetwork } from '../../src/probes/network.ts';
import { behaviours } from '../support/behaviours.ts';
import { createSelfSigned, type Identity } from '../support/certificates.ts';
import { serve } from '../support/misbehaving-server.ts';
import { httpsCheck, prepare, runProbe, tcpCheck, testNetwork } from '../support/probe-run.ts';

let network: ProbeNetwork;
let identity: Identity;
const checks = { tcp: tcpCheck, https: httpsCheck };

before(() => {
  network = testNetwork();
  identity = createSelfSigned({ addresses: ['127.0.0.1'] });
});
after(() => network.close());

/** By its length: a key of ML-KEM-768 alone has 1,184 bytes, and all else below half of that. */
type Hello = 'classic' | 'hybrid';

/** The ClientHellos (RFC 8446 4.1.2) among the records that arrived together. */
function hellosIn(bytes: Buffer): Hello[] {
  const hellos: Hello[] = [];
  for (let at = 0; at + 5 < bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) {
    const length = bytes.readUInt16BE(at + 3);
    // What is encrypted may begin with any byte, but no such message of a client is as long.
    const isHello = bytes[at] === 22 && bytes[at + 5] === 1 && length > 150;
    if (isHello) hellos.push(length > 1184 ? 'hybrid' : 'classic');
  }
  return hellos;
}

interface Relay {
  readonly port: number;
  /** Where to: may change between connections. */
  target: number;
  /** Those that came since the last call. */
  takeHellos(): readonly Hello[];
  close(): void;
}

async function relayTo(target: number): Promise<Relay> {
  let hellos: Hello[] = [];
  const server = net.createServer((client) => {
    const upstream = net.connect({ host: '127.0.0.1', port: relay.target });
    client.on('data', (bytes: Buffer) => hellos.push(...hellosIn(bytes)));
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const relay: Relay = {
    port: (server.address() as net.AddressInfo).port,
    target,
    takeHellos() {
      const taken = hellos;
      hellos = [];
      return taken;
    },
    close: () => server.close(),
  };
  return relay;
}

type Row = readonly [
  name: string,
  tls: TlsOptions,
  first: readonly Hello[],
  second: readonly Hello[],
  version?: string,
];

const atOnce: readonly Hello[] = ['classic'];
const twice: readonly Hello[] = ['classic', 'classic'];
const rows: readonly Row[] = [
  ['X25519', { ecdhCurve: 'X25519' }, atOnce, atOnce],
  ['P-256', { ecdhCurve: 'P-256' }, twice, twice],
  ['P-384', { ecdhCurve: 'P-384' }, twice, twice],
  ['P-521', { ecdhCurve: 'P-521' }, twice, twice],
  ['X448', { ecdhCurve: 'X448' }, twice, twice],
  ['ffdhe2048', { ecdhCurve: 'ffdhe2048' }, twice, twice],
  ['ffdhe3072', { ecdhCurve: 'ffdhe3072' }, twice, twice],
  ['X25519MLKEM768', { ecdhCurve: 'X25519MLKEM768' }, ['classic', 'hybrid'], ['hybrid']],
  ['what OpenSSL 3.5 prefers', {}, ['classic', 'hybrid'], ['hybrid']],
  ['TLS 1.2', { maxVersion: 'TLSv1.2' }, atOnce, atOnce, 'TLSv1.2'],
  ['P-256 in TLS 1.2', { maxVersion: 'TLSv1.2', ecdhCurve: 'P-256' }, atOnce, atOnce, 'TLSv1.2'],
  ['P-384 in TLS 1.2', { maxVersion: 'TLSv1.2', ecdhCurve: 'P-384' }, atOnce, atOnce, 'TLSv1.2'],
];

describe('a server is reached that speaks nothing but', () => {
  for (const [name, tls, first, second, version = 'TLSv1.3'] of rows) {
    for (const kind of ['tcp', 'https'] as const) {
      test(`${name}: ${kind}`, async () => {
        const { certPem, keyPem } = identity;
        const server = await serve(behaviours.ok, { tls: { cert: certPem, key: keyPem, ...tls } });
        const relay = await relayTo(server.port);
        const check = checks[kind](relay.port, { insecureSkipVerify: true });
        const prepared = prepare(check, server, network);
        const passed =
          kind === 'tcp'
            ? { ok: true, code: 'L6OK', detail: version }
            : { ok: true, code: 'L7OK', detail: 'HTTP 200' };
        for (const hellos of [first, second, second]) {
          assert.deepEqual(await runProbe(prepared), passed);
          assert.deepEqual(relay.takeHellos(), hellos);
        }
        relay.close();
        await server.close();
      });
    }
  }
});

test('a server that has changed its mind is followed both ways', async () => {
  const tls = { cert: identity.certPem, key: identity.keyPem };
  const modern = await serve(behaviours.ok, { tls });
  const classic = await serve(behaviours.ok, { tls: { ...tls, ecdhCurve: 'X25519' } });
  const relay = await relayTo(modern.port);
  const prepared = prepare(tcpCheck(relay.port, { insecureSkipVerify: true }), modern, network);
  const seen: (readonly Hello[])[] = [];
  for (const { port } of [modern, modern, classic, classic, modern]) {
    relay.target = port;
    assert.equal((await runProbe(prepared)).code, 'L6OK');
    seen.push(relay.takeHellos());
  }
  assert.deepEqual(seen, [['classic', 'hybrid'], ['hybrid'], ['hybrid'], ['classic'], ['classic', 'hybrid']]);
  relay.close();
  await modern.close();
  await classic.close();
});
