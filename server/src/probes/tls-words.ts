// TLS failures in words for people: what is wrong with a certificate, what a handshake error means.
// Pure: it takes certificates, error codes and the time; it opens nothing.
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { parseAddress } from '../lib/address.ts';
import { certificateChainLengthMax, certificateNamesShownMax } from '../lib/limits.ts';
import type { SystemError } from './net-error.ts';

/** As OpenSSL's errors come out of Node; `reason` is OpenSSL's own text. */
export interface TlsError extends SystemError {
  readonly reason?: string;
}

const wordsByVerifyCode: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'unable to verify: issuer unknown',
  UNABLE_TO_GET_ISSUER_CERT: 'unable to verify: issuer unknown',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to verify: issuer unknown',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to verify: issuer unknown',
  CERT_SIGNATURE_FAILURE: 'certificate signature is wrong',
  CERT_CHAIN_TOO_LONG: 'certificate chain is too long',
  CERT_REVOKED: 'certificate revoked',
  INVALID_CA: 'a certificate of the chain is not a CA',
  INVALID_PURPOSE: 'certificate is not meant for TLS servers',
  PATH_LENGTH_EXCEEDED: 'certificate chain is longer than its CA allows',
};

/**
 * What is wrong with a certificate that OpenSSL did not accept.
 * @param code OpenSSL's name of the fault, as in `TLSSocket.authorizationError`
 * @param wallMs milliseconds since the Unix epoch
 */
export function describeVerifyError(code: string, leaf: X509Certificate | undefined, wallMs: number): string {
  if (code === 'CERT_HAS_EXPIRED') return describeExpiry(leaf, wallMs);
  if (code === 'CERT_NOT_YET_VALID') return describeStart(leaf, wallMs);
  return wordsByVerifyCode[code] ?? `certificate not accepted: ${code}`;
}

function describeExpiry(leaf: X509Certificate | undefined, wallMs: number): string {
  for (const [depth, certificate] of chain(leaf).entries()) {
    const agoMs = wallMs - certificate.validToDate.getTime();
    if (agoMs >= 0) return `${depth === 0 ? '' : 'issuer '}certificate expired ${describeSpan(agoMs)} ago`;
  }
  return 'a certificate of the chain has expired';
}

function describeStart(leaf: X509Certificate | undefined, wallMs: number): string {
  for (const [depth, certificate] of chain(leaf).entries()) {
    const inMs = certificate.validFromDate.getTime() - wallMs;
    if (inMs > 0)
      return `${depth === 0 ? '' : 'issuer '}certificate not yet valid, starts in ${describeSpan(inMs)}`;
  }
  return 'a certificate of the chain is not yet valid';
}

/** The leaf and its issuers, as the server sent them; bounded, since the server may send what it likes. */
function chain(leaf: X509Certificate | undefined): X509Certificate[] {
  const certificates: X509Certificate[] = [];
  for (
    let next = leaf;
    next && certificates.length < certificateChainLengthMax;
    next = next.issuerCertificate
  ) {
    certificates.push(next);
  }
  return certificates;
}

/** A length of time in its largest whole unit: "3 days", "1 hour". */
export function describeSpan(spanMs: number): string {
  const units = [
    ['day', 24 * 3600_000],
    ['hour', 3600_000],
    ['minute', 60_000],
    ['second', 1000],
  ] as const;
  const [name, unitMs] = units.find(([, ms]) => spanMs >= ms) ?? ['second', 1000];
  const count = Math.floor(spanMs / unitMs);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/**
 * Why the certificate does not belong to `identity` (a DNS name or an IP literal); undefined when it does.
 * The subject's common name counts only where there are no alternative names, as with HAProxy and OpenSSL.
 */
export function describeIdentityError(certificate: X509Certificate, identity: string): string | undefined {
  const isMatch = isIP(identity) ? certificate.checkIP(identity) : certificate.checkHost(identity);
  if (isMatch !== undefined) return undefined;
  const names = namesOf(certificate);
  if (names.length === 0) return `certificate names nobody, not ${identity}`;
  const shown = names.slice(0, certificateNamesShownMax).join(', ');
  const more = names.length - certificateNamesShownMax;
  return `certificate is for ${shown}${more > 0 ? ` and ${more} more` : ''}, not ${identity}`;
}

function namesOf(certificate: X509Certificate): string[] {
  const alternative = (certificate.subjectAltName ?? '')
    .split(', ')
    .map((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? '')
    .filter((name) => name !== '')
    .map(canonicalName);
  if (alternative.length > 0) return alternative;
  const commonName = /^CN=(.+)$/m.exec(certificate.subject ?? '')?.[1];
  return commonName === undefined ? [] : [commonName];
}

/** OpenSSL writes IPv6 addresses with all their zeros. */
function canonicalName(name: string): string {
  const parsed = parseAddress(name);
  return parsed.ok ? parsed.address.text : name;
}

/** Records that cannot be TLS: what OpenSSL says when the peer speaks another protocol. */
const notTlsReasons = /wrong version number|packet length too long|http request|record layer failure/;

/** True for errors of TLS itself, as opposed to those of the connection below it. */
export function isTlsError({ code = '', reason }: TlsError): boolean {
  return (
    code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || (code === 'EPROTO' && reason !== undefined)
  );
}

/** Why the handshake did not come to its end. */
export function describeHandshakeError(error: TlsError): string {
  const { code = 'unknown error', syscall, reason } = error;
  if (isTlsError(error)) {
    const alert = /alert (?:number \d+ )?(.+)$/.exec(reason ?? '')?.[1];
    if (alert !== undefined) return `server sent TLS alert "${alert}"`;
    if (reason !== undefined && notTlsReasons.test(reason)) return `not a TLS server (${reason})`;
    return `TLS handshake failed: ${reason ?? code}`;
  }
  // Node gives an orderly end during the handshake the same code; only the real reset names a call.
  if (code === 'ECONNRESET' && syscall === undefined) return 'connection closed during the TLS handshake';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'connection reset during the TLS handshake';
  return `connection lost during the TLS handshake: ${code}`;
}
