// TLS over a connected socket: what to present, whom to trust, and the judgement of the server's certificate.
// Revocation is not checked: no CRL is fetched and no OCSP asked, since a probe must not depend on a third
// party's server. Sessions are never resumed, so that each probe sees the whole handshake and certificate.
// It must not know HTTP, nor who reads the bytes.
import { isIP, type Socket } from 'node:net';
import * as tls from 'node:tls';
import type { TlsParams } from '../config/config.ts';
import { tlsContextsMax } from '../lib/limits.ts';
import { describeIdentityError, describeVerifyError } from './tls-words.ts';

/** All of a handshake that is the same in every run. */
export interface TlsPlan {
  readonly context: tls.SecureContext;
  /** Name or IP literal that the certificate must carry. */
  readonly identity: string;
  readonly isVerified: boolean;
  readonly alpn: readonly string[];
}

/**
 * @param fallbackNames tried in order when no server name is configured: the host (it may carry a port), the
 * address
 * @param contextFor gives the shared context for a CA file's content
 */
export function planTls(
  params: TlsParams,
  fallbackNames: readonly [host: string | undefined, address: string],
  alpn: readonly string[],
  contextFor: (caPem?: string) => tls.SecureContext,
): TlsPlan {
  const [host, address] = fallbackNames;
  const identity = params.serverName ?? (host === undefined ? address : nameInHost(host));
  return {
    context: contextFor(params.caPem),
    // Neither SNI (RFC 6066 3) nor certificates know the final dot of an absolute name.
    identity: identity.replace(/\.$/, ''),
    isVerified: !params.insecureSkipVerify,
    alpn,
  };
}

/** `www.example.org:8443` -> `www.example.org`, `[2001:db8::1]:8443` -> `2001:db8::1`. */
export function nameInHost(host: string): string {
  const bracketed = /^\[(.*)\](?::\d+)?$/.exec(host);
  if (bracketed) return bracketed[1] ?? '';
  return isIP(host) ? host : host.replace(/:\d*$/, '');
}

/**
 * Starts the handshake on a connected socket. `rejectUnauthorized` is off only because Node's own check ends
 * the socket before its certificate can be described: `judgeCertificate` makes the same check, and must be
 * called on 'secureConnect' before anything is sent.
 */
export function startTls(socket: Socket, plan: TlsPlan): tls.TLSSocket {
  // SNI carries DNS names only (RFC 6066 3).
  const serverName = isIP(plan.identity) ? '' : plan.identity;
  return tls.connect({
    socket,
    secureContext: plan.context,
    servername: serverName,
    ALPNProtocols: [...plan.alpn],
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
}

/** What is wrong with the server's certificate; undefined when all is well or nobody asked. */
export function judgeCertificate(socket: tls.TLSSocket, plan: TlsPlan, wallMs: number): string | undefined {
  if (!plan.isVerified) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (!socket.authorized) {
    return describeVerifyError(String(socket.authorizationError), certificate, wallMs);
  }
  if (certificate === undefined) return 'server sent no certificate';
  return describeIdentityError(certificate, plan.identity);
}

/**
 * Contexts by CA file content: 1,000 checks share one, instead of each parsing all of the system's CAs (140
 * certificates, 20 ms and 1 MB each time). The least recently asked for leaves; who holds it keeps it alive.
 */
export function createTlsContexts(): (caPem?: string) => tls.SecureContext {
  const contexts = new Map<string, tls.SecureContext>();
  let systemCas: readonly string[] | undefined;
  return (caPem = '') => {
    systemCas ??= readSystemCas();
    const ca = caPem === '' ? systemCas : [...systemCas, caPem];
    const context = contexts.get(caPem) ?? tls.createSecureContext({ ca: [...ca], minVersion: 'TLSv1.2' });
    contexts.delete(caPem);
    contexts.set(caPem, context);
    const [oldest] = contexts.keys();
    if (contexts.size > tlsContextsMax && oldest !== undefined) contexts.delete(oldest);
    return context;
  };
}

/**
 * The host's CAs and those of NODE_EXTRA_CA_CERTS. A host without any (a bare container) gets the list that
 * Node.js carries. `ca` replaces OpenSSL's defaults, so these must be named beside a CA file of one's own.
 */
function readSystemCas(): readonly string[] {
  // The host's folder holds each certificate under several names.
  const system = new Set([...tls.getCACertificates('system'), ...tls.getCACertificates('extra')]);
  return [...(system.size > 0 ? system : tls.getCACertificates('bundled'))];
}
