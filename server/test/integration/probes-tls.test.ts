// The TLS layer of the tcp and https probes: certificates right and wrong, and handshakes that go wrong. For
// each, the exact code and words.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import type { TlsParams } from '../../src/config/config.ts';
import type { ProbeCode } from '../../src/health/result-code.ts';
import type { ProbeNetwork } from '../../src/probes/network.ts';
import {
  behaviours,
  greet,
  hangUpAtOnce,
  onFirstBytes,
  resetAtOnce,
  silent,
  tlsAlert,
} from '../support/behaviours.ts';
import {
  type Authority,
  createAuthority,
  createSelfSigned,
  daysFromNow,
  type Identity,
  type LeafOptions,
} from '../support/certificates.ts';
import { type Behaviour, serve } from '../support/misbehaving-server.ts';
import { httpsCheck, probeOnce, tcpCheck, testNetwork } from '../support/probe-run.ts';

let network: ProbeNetwork;
let authority: Authority;
let stranger: Authority;
let plain: Identity;

before(() => {
  network = testNetwork();
  authority = createAuthority('test CA');
  stranger = createAuthority('another CA');
  plain = authority.issue({ addresses: ['127.0.0.1', '::1'], dnsNames: ['a.example'] });
});
after(() => network.close());

/** Runs a tcp check with TLS and an https check against one server, and gives both results. */
async function probeBoth(behaviour: Behaviour, serverTls: TlsOptions | undefined, options: Options = {}) {
  const server = await serve(behaviour, {
    address: options.address ?? '127.0.0.1',
    ...(serverTls && { tls: serverTls }),
  });
  const tls = { insecureSkipVerify: false, caPem: authority.certPem, ...options.tls };
  const host = options.host === undefined ? {} : { host: options.host };
  try {
    const tcp = await probeOnce(tcpCheck(server.port, tls), server, network, options.timeoutMs);
    const https = await probeOnce(httpsCheck(server.port, tls, host), server, network, options.timeoutMs);
    return { tcp, https };
  } finally {
    await server.close();
  }
}

interface Options {
  readonly address?: string;
  readonly tls?: Partial<TlsParams>;
  readonly host?: string;
  readonly timeoutMs?: number;
}

async function assertRefused(identity: Identity, detail: string, options?: Options): Promise<void> {
  const expected = { ok: false, code: 'L6RSP', detail };
  const { tcp, https } = await probeBoth(behaviours.ok, tlsOf(identity), options);
  assert.deepEqual({ tcp, https }, { tcp: expected, https: expected });
}

async function assertAccepted(identity: Identity, options?: Options): Promise<void> {
  const { tcp, https } = await probeBoth(behaviours.ok, tlsOf(identity), options);
  assert.deepEqual(tcp, { ok: true, code: 'L6OK', detail: 'TLSv1.3' });
  assert.deepEqual(https, { ok: true, code: 'L7OK', detail: 'HTTP 200' });
}

const tlsOf = ({ certPem, keyPem }: Identity): TlsOptions => ({ cert: certPem, key: keyPem });
const named = (name: string): Options => ({ tls: { serverName: name } });

describe('a certificate in good order is accepted', () => {
  const rows: readonly [name: string, leaf: LeafOptions, options: Options][] = [
    ['for an IPv4 address', { addresses: ['127.0.0.1'] }, {}],
    ['for an IPv6 address', { addresses: ['::1'] }, { address: '::1' }],
    ['for a server name', { dnsNames: ['a.example'] }, named('a.example')],
    ['for a server name with a final dot', { dnsNames: ['a.example'] }, named('a.example.')],
    ['for a name among many', { dnsNames: ['a.example', 'b.example'] }, named('b.example')],
    ['with a wildcard', { dnsNames: ['*.example.org'] }, named('www.example.org')],
    ['whose only name is the common name', { commonName: 'a.example' }, named('a.example')],
    [
      'that names a revocation list nobody serves',
      { addresses: ['127.0.0.1'], crlUrl: 'http://127.0.0.1:1/' },
      {},
    ],
  ];
  for (const [name, leaf, options] of rows) test(name, () => assertAccepted(authority.issue(leaf), options));

  test('for the host of the check, port and all left aside', async () => {
    const identity = authority.issue({ dnsNames: ['h.example'] });
    const { https } = await probeBoth(behaviours.ok, tlsOf(identity), { host: 'h.example:8443' });
    assert.equal(https.code, 'L7OK');
  });
  test('by way of an intermediate', () =>
    assertAccepted(authority.createIntermediate().issue({ addresses: ['127.0.0.1'] })));
  test("also when it is on its CA's revocation list: that is not looked at", async () => {
    const identity = authority.issue({
      addresses: ['127.0.0.1'],
      serialNumber: '2b',
      crlUrl: 'http://127.0.0.1:1/',
    });
    assert.match(authority.revocationListPem(['2b']), /X509 CRL/);
    await assertAccepted(identity);
  });
});

describe('a certificate that is wrong is refused, in words', () => {
  const rows: readonly [detail: string, leaf: LeafOptions, options?: Options][] = [
    [
      'certificate expired 3 days ago',
      { addresses: ['127.0.0.1'], notBefore: daysFromNow(-90), notAfter: daysFromNow(-3.5) },
    ],
    [
      'certificate expired 1 hour ago',
      { addresses: ['127.0.0.1'], notBefore: daysFromNow(-90), notAfter: daysFromNow(-1.5 / 24) },
    ],
    [
      'certificate not yet valid, starts in 2 days',
      { addresses: ['127.0.0.1'], notBefore: daysFromNow(2.5) },
    ],
    ['certificate is for a.example, not 127.0.0.1', { dnsNames: ['a.example'] }],
    ['certificate is for 127.0.0.2, not 127.0.0.1', { addresses: ['127.0.0.2'] }],
    ['certificate is for ::2, not ::1', { addresses: ['::2'] }, { address: '::1' }],
    ['certificate is for a.example, not b.example', { dnsNames: ['a.example'] }, named('b.example')],
    [
      'certificate is for *.example.org, not a.b.example.org',
      { dnsNames: ['*.example.org'] },
      named('a.b.example.org'),
    ],
    ['certificate is for leaf, not b.example', {}, named('b.example')],
    [
      'certificate is for a.example, b.example, c.example and 2 more, not f.example',
      { dnsNames: ['a.example', 'b.example', 'c.example', 'd.example', 'e.example'] },
      named('f.example'),
    ],
  ];
  for (const [detail, leaf, options] of rows) {
    test(detail, () => assertRefused(authority.issue(leaf), detail, options));
  }
  test('self-signed certificate', () =>
    assertRefused(createSelfSigned({ addresses: ['127.0.0.1'] }), 'self-signed certificate'));
  test('an unknown CA', () =>
    assertRefused(stranger.issue({ addresses: ['127.0.0.1'] }), 'unable to verify: issuer unknown'));
  test('an unknown CA that is sent along', () => {
    const { certPem, keyPem } = stranger.issue({ addresses: ['127.0.0.1'] });
    const identity = { certPem: certPem + stranger.certPem, keyPem };
    return assertRefused(identity, 'unable to verify: issuer unknown');
  });
  test('an expired intermediate', () => {
    const intermediate = authority.createIntermediate({ notAfter: daysFromNow(-10.5) });
    return assertRefused(
      intermediate.issue({ addresses: ['127.0.0.1'] }),
      'issuer certificate expired 10 days ago',
    );
  });
  test('control characters in its name are escaped', () =>
    assertRefused(
      authority.issue({ commonName: 'evil\x1b[2J\u202e.example' }),
      'certificate is for evil\\1B[2J\\u{202e}.example, not b.example',
      named('b.example'),
    ));
});

test('insecure-skip-verify accepts every one of them', async () => {
  const skip: Options = { tls: { insecureSkipVerify: true, serverName: 'b.example' } };
  for (const identity of [
    stranger.issue({ dnsNames: ['a.example'], notBefore: daysFromNow(-9), notAfter: daysFromNow(-3) }),
    createSelfSigned({ notBefore: daysFromNow(3) }),
  ]) {
    await assertAccepted(identity, skip);
  }
});

test('without a CA file only the system is trusted', async () => {
  const server = await serve(behaviours.ok, { tls: tlsOf(plain) });
  const result = await probeOnce(tcpCheck(server.port, { insecureSkipVerify: false }), server, network);
  assert.deepEqual(result, { ok: false, code: 'L6RSP', detail: 'unable to verify: issuer unknown' });
  await server.close();
});

test('SNI carries names and no addresses; ALPN says http/1.1', async () => {
  const seen: unknown[] = [];
  const note: Behaviour = (peer) => {
    const socket = peer.socket as import('node:tls').TLSSocket;
    seen.push([socket.servername || false, socket.alpnProtocol]);
    behaviours.ok(peer);
  };
  const serverTls = { ...tlsOf(plain), ALPNProtocols: ['h2', 'http/1.1'] };
  await probeBoth(note, serverTls, named('a.example'));
  await probeBoth(note, serverTls);
  assert.deepEqual(seen, [
    ['a.example', false],
    ['a.example', 'http/1.1'],
    [false, false],
    [false, 'http/1.1'],
  ]);
});

describe('a handshake that goes wrong', { concurrency: 8 }, () => {
  const weak: TlsOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  const asksBack: TlsOptions = { requestCert: true, rejectUnauthorized: true };
  type Row = readonly [name: string, behaviour: Behaviour, tls: TlsOptions | undefined, detail: string];
  const rows: readonly Row[] = [
    ['garbage', greet('220 mail.example ESMTP\r\n'), undefined, 'not a TLS server (wrong version number)'],
    ['an HTTP server', behaviours.unavailable, undefined, 'TLS handshake not done in time'],
    ['binary garbage', behaviours.binary, undefined, 'not a TLS server (wrong version number)'],
    ['a reset', onFirstBytes(({ reset }) => reset()), undefined, 'connection reset during the TLS handshake'],
    [
      'a close',
      onFirstBytes(({ socket }) => socket.end()),
      undefined,
      'connection closed during the TLS handshake',
    ],
    ['a close at once', hangUpAtOnce, undefined, 'connection closed during the TLS handshake'],
    ['the alert certificate_revoked', tlsAlert(44), undefined, 'server sent TLS alert "certificate revoked"'],
    ['the alert handshake_failure', tlsAlert(40), undefined, 'server sent TLS alert "handshake failure"'],
    ['only TLS 1.1', behaviours.ok, weak, 'server sent TLS alert "protocol version"'],
    [
      'no common ALPN',
      behaviours.ok,
      { ALPNProtocols: ['h2'] },
      'server sent TLS alert "no application protocol"',
    ],
    [
      'a client certificate wanted (TLS 1.2)',
      behaviours.ok,
      { ...asksBack, maxVersion: 'TLSv1.2' },
      'server sent TLS alert "handshake failure"',
    ],
    [
      'a client certificate wanted (TLS 1.3)',
      behaviours.ok,
      asksBack,
      'server sent TLS alert "certificate required"',
    ],
    ['silence', silent, undefined, 'TLS handshake not done in time'],
    [
      'half a record',
      greet(Uint8Array.of(0x16, 3, 3, 0x40, 0, 2)),
      undefined,
      'TLS handshake not done in time',
    ],
  ];
  // A tcp check names no protocol, and has its answer before a TLS 1.3 server looks for the certificate.
  const tcpPasses = new Set(['no common ALPN', 'a client certificate wanted (TLS 1.3)']);
  for (const [name, behaviour, tls, detail] of rows) {
    test(`${name}: ${detail}`, async () => {
      const isTimeout = detail.endsWith('in time');
      const code: ProbeCode = isTimeout ? 'L6TOUT' : 'L6RSP';
      for (const address of ['127.0.0.1', '::1']) {
        const options = { address, ...(isTimeout && { timeoutMs: 500 }) };
        const { tcp, https } = await probeBoth(behaviour, tls && { ...tlsOf(plain), ...tls }, options);
        assert.deepEqual(https, { ok: false, code, detail });
        assert.deepEqual(tcp, tcpPasses.has(name) ? { ok: true, code: 'L6OK', detail: 'TLSv1.3' } : https);
      }
    });
  }
});

test('a server that closes or resets right after the handshake', async () => {
  const closed = await probeBoth(hangUpAtOnce, tlsOf(plain));
  assert.equal(closed.tcp.code, 'L6OK');
  assert.deepEqual(closed.https, { ok: false, code: 'L7RSP', detail: 'connection closed without a reply' });
  const reset = await probeBoth(resetAtOnce, tlsOf(plain));
  assert.deepEqual(reset.https, {
    ok: false,
    code: 'L7RSP',
    detail: 'connection reset before the reply was whole',
  });
});
