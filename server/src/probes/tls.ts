// TLS over a connected socket: what to present, whom to trust, and the judgement of the server's certificate.
// Revocation is not checked: no CRL is fetched and no OCSP asked, since a probe must not depend on a third
// party's server. Sessions are never resumed, so that each probe sees the whole handshake and certificate.
// It must not know HTTP, nor who reads the bytes.
import { isIP, type Socket } from 'node:net';
import * as tls from 'node:tls';
import type { TlsParams } from '../config/config.ts';
import { tlsContextsMax } from '../lib/limits.ts';
import { describeIdentityError, describeVerifyError } from './tls-words.ts';

/** One trust in two forms, which differ in the keys that the client's first message carries. */
export interface TlsContexts {
  /** A key for X25519 alone. A server that insists on another group asks again, as TLS 1.3 provides. */
  readonly classic: tls.SecureContext;
  /** Keys as OpenSSL sends them: for the hybrid with ML-KEM, and for X25519. Made when first asked for. */
  hybrid(): tls.SecureContext;
}

/** All of a handshake that is the same in every run. */
export interface TlsPlan {
  readonly contexts: TlsContexts;
  /** Name or IP literal that the certificate must carry. */
  readonly identity: string;
  readonly isVerified: boolean;
  readonly alpn: readonly string[];
}

/** What the client's first message should carry for this server to have enough of it. */
export type KeyShares = 'classic' | 'hybrid';

const hybridGroup = 'X25519MLKEM768';

/**
 * Each group that OpenSSL 3.5 offers by default, so that no server is out of reach. Only the first has its
 * key made in advance: one of ML-KEM takes a tenth of a probe's CPU time, for nothing where the server knows
 * none. (P-256 in its place measures no better.)
 */
const groupsClassicFirst = [
  'X25519',
  'P-256',
  'X448',
  'P-384',
  'P-521',
  'ffdhe2048',
  'ffdhe3072',
  hybridGroup,
].join(':');

/**
 * @param fallbackNames tried in order when no server name is configured: the host (it may carry a port), the
 * address
 * @param contextsFor gives the shared contexts for a CA file's content
 */
export function planTls(
  params: TlsParams,
  fallbackNames: readonly [host: string | undefined, address: string],
  alpn: readonly string[],
  contextsFor: (caPem?: string) => TlsContexts,
): TlsPlan {
  const [host, address] = fallbackNames;
  const identity = params.serverName ?? (host === undefined ? address : nameInHost(host));
  return {
    contexts: contextsFor(params.caPem),
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
export function startTls(socket: Socket, plan: TlsPlan, keyShares: KeyShares): tls.TLSSocket {
  // SNI carries DNS names only (RFC 6066 3).
  const serverName = isIP(plan.identity) ? '' : plan.identity;
  const tlsSocket = tls.connect({
    socket,
    secureContext: keyShares === 'hybrid' ? plan.contexts.hybrid() : plan.contexts.classic,
    servername: serverName,
    ALPNProtocols: [...plan.alpn],
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  // Node takes the whole chain apart, a sixth of the probe's CPU time, to show it to `checkServerIdentity`.
  tlsSocket.getPeerCertificate = noCertificate;
  return tlsSocket;
}

const noCertificate = () => ({}) as tls.DetailedPeerCertificate;

/** After the handshake: what to begin the next one with, to spare this server and us a second round. */
export function keySharesFor(socket: tls.TLSSocket): KeyShares {
  const key = socket.getEphemeralKeyInfo();
  return key !== null && 'name' in key && key.name === hybridGroup ? 'hybrid' : 'classic';
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
export function createTlsContexts(): (caPem?: string) => TlsContexts {
  const contextsByPem = new Map<string, TlsContexts>();
  let systemCas: readonly string[] | undefined;
  return (caPem = '') => {
    systemCas ??= readSystemCas();
    const contexts = contextsByPem.get(caPem) ?? createContexts(systemCas, caPem);
    contextsByPem.delete(caPem);
    contextsByPem.set(caPem, contexts);
    const [oldest] = contextsByPem.keys();
    if (contextsByPem.size > tlsContextsMax && oldest !== undefined) contextsByPem.delete(oldest);
    return contexts;
  };
}

function createContexts(systemCas: readonly string[], caPem: string): TlsContexts {
  const options: tls.SecureContextOptions = {
    ca: caPem === '' ? [...systemCas] : [...systemCas, caPem],
    minVersion: 'TLSv1.2',
  };
  let hybrid: tls.SecureContext | undefined;
  return {
    classic: tls.createSecureContext({ ...options, ecdhCurve: groupsClassicFirst }),
    hybrid() {
      hybrid ??= tls.createSecureContext(options);
      return hybrid;
    },
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
