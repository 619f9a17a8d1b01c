import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority } from '../../test/support/certificates.ts';
import { describeHandshakeError, describeSpan, describeVerifyError, isTlsError } from './tls-words.ts';

const hourMs = 3600_000;
const dayMs = 24 * hourMs;

test('a length of time in its largest whole unit', () => {
  for (const [spanMs, text] of [
    [0, '0 seconds'],
    [999, '0 seconds'],
    [1000, '1 second'],
    [59_999, '59 seconds'],
    [60_000, '1 minute'],
    [2 * hourMs - 1, '1 hour'],
    [47 * hourMs, '1 day'],
    [1000 * dayMs, '1000 days'],
  ] as const) {
    assert.equal(describeSpan(spanMs), text);
  }
});

test('expiry is told by the time that is passed in', () => {
  const notBefore = new Date('2030-01-01T00:00:00Z');
  const notAfter = new Date('2030-02-01T00:00:00Z');
  const { certPem } = createAuthority('CA').issue({ notBefore, notAfter });
  const leaf = new X509Certificate(certPem);
  const at = (code: string, date: string) => describeVerifyError(code, leaf, Date.parse(date));
  assert.equal(at('CERT_HAS_EXPIRED', '2030-02-04T12:00:00Z'), 'certificate expired 3 days ago');
  assert.equal(at('CERT_HAS_EXPIRED', '2030-02-01T01:00:00Z'), 'certificate expired 1 hour ago');
  assert.equal(
    at('CERT_NOT_YET_VALID', '2029-12-31T23:59:00Z'),
    'certificate not yet valid, starts in 1 minute',
  );
  // OpenSSL meant one that the server did not send along, or the clock was set in between.
  assert.equal(at('CERT_HAS_EXPIRED', '2030-01-15T00:00:00Z'), 'a certificate of the chain has expired');
  assert.equal(
    at('CERT_NOT_YET_VALID', '2030-01-15T00:00:00Z'),
    'a certificate of the chain is not yet valid',
  );
  assert.equal(
    describeVerifyError('CERT_HAS_EXPIRED', undefined, 0),
    'a certificate of the chain has expired',
  );
  assert.equal(at('CERT_UNTRUSTED', '2030-01-15T00:00:00Z'), 'certificate not accepted: CERT_UNTRUSTED');
});

test('handshake errors', () => {
  for (const [error, text] of [
    [{ code: 'ECONNRESET', syscall: 'read' }, 'connection reset during the TLS handshake'],
    [{ code: 'EPIPE', syscall: 'write' }, 'connection reset during the TLS handshake'],
    [{ code: 'ECONNRESET' }, 'connection closed during the TLS handshake'],
    [{ code: 'ETIMEDOUT', syscall: 'read' }, 'connection lost during the TLS handshake: ETIMEDOUT'],
    [{ code: 'ERR_SSL_BAD_SIGNATURE', reason: 'bad signature' }, 'TLS handshake failed: bad signature'],
    [
      { code: 'ERR_SSL_X', reason: 'ssl/tls alert bad certificate' },
      'server sent TLS alert "bad certificate"',
    ],
    [{ code: 'ERR_TLS_DH_PARAM_SIZE' }, 'TLS handshake failed: ERR_TLS_DH_PARAM_SIZE'],
    [{}, 'connection lost during the TLS handshake: unknown error'],
  ] as const) {
    assert.equal(describeHandshakeError(error), text);
  }
  assert.ok(isTlsError({ code: 'EPROTO', reason: 'bad record type' }));
  assert.ok(!isTlsError({ code: 'EPROTO' }));
  assert.ok(!isTlsError({}));
});
