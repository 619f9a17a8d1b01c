// Which protocol the first bytes of a connection speak. Pure: it must not know sockets.

/** What a client of HTTP/2 sends first (RFC 9113, section 3.4). */
export const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** First byte of a TLS record that holds a handshake (RFC 8446, section 5.1). */
const tlsHandshake = 0x16;

export type Protocol = 'http1' | 'http2' | 'tls' | 'plain-on-tls';

/**
 * The protocol, or undefined while `bytes` are too few to say: at most 24 are needed. Without TLS all that is
 * not the preface of HTTP/2 is HTTP/1, whose parser answers what is wrong with it.
 */
export function protocolOf(bytes: Uint8Array, isTls: boolean): Protocol | undefined {
  if (bytes.length === 0) return undefined;
  if (isTls) return bytes[0] === tlsHandshake ? 'tls' : 'plain-on-tls';
  const length = Math.min(bytes.length, http2Preface.length);
  if (http2Preface.compare(bytes, 0, length, 0, length) !== 0) return 'http1';
  return length === http2Preface.length ? 'http2' : undefined;
}

const tlsOnlyText = 'This port speaks TLS only: use https://, or TLS in the gRPC client.\n';

/** For who speaks plain HTTP to a port with TLS. */
export const tlsOnlyAnswer = [
  'HTTP/1.1 400 Bad Request',
  'content-type: text/plain; charset=utf-8',
  `content-length: ${tlsOnlyText.length}`,
  'connection: close',
  '',
  tlsOnlyText,
].join('\r\n');
