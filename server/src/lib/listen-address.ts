// `host:port` as flags take it. Pure text: it opens nothing.

/** Where to listen. No host: every address of the machine, IPv6 and IPv4. */
export interface ListenAddress {
  readonly host?: string;
  readonly port: number;
}

/**
 * Parses `:9090`, `127.0.0.1:9090`, `[::1]:9090`, `localhost:9090`; port 0 lets the system choose.
 * The refusal is the end of a sentence.
 */
export function parseListenAddress(text: string): ListenAddress | { readonly refusal: string } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):([0-9]{1,5})$/.exec(text);
  if (!match) return { refusal: 'is not host:port, [IPv6]:port or :port' };
  const port = Number(match[3]);
  if (port > 65535) return { refusal: 'has a port above 65535' };
  const host = match[1] ?? match[2];
  return host ? { host, port } : { port };
}
