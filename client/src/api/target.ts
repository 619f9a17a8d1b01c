// Where the daemon is: what --server and MAGLEV_SERVER may say. Pure.

export type Target =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly isTls: boolean }
  | { readonly kind: 'unix'; readonly path: string };

export const defaultServer = 'localhost:9090';
const defaultPort = 9090;
const httpsPort = 443;

/** `host`, `host:port`, `:port`, `[v6]:port`, `unix:/path`, `http://...` or `https://...`. */
export function parseTarget(server: string): Target | { readonly refusal: string } {
  if (server.startsWith('unix:')) {
    const path = server.slice('unix:'.length).replace(/^\/\/\//, '/');
    return path.startsWith('/') ? { kind: 'unix', path } : { refusal: 'a socket is written unix:/path' };
  }
  const [, scheme, rest = ''] = /^(?:(https?):\/\/)?(.*?)\/?$/i.exec(server) ?? [];
  const isTls = scheme?.toLowerCase() === 'https';
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/\s@]*))(?::(\d{1,5}))?$/.exec(rest);
  // An address of IPv6 by itself, without brackets and port.
  if (match === null && /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(rest)) {
    return { kind: 'tcp', host: rest, port: isTls ? httpsPort : defaultPort, isTls };
  }
  const [, v6, name, digits] = match ?? [];
  if (match === null || (rest === '' && server !== '')) {
    return { refusal: 'write host:port, unix:/path or https://host:port' };
  }
  const port = digits === undefined ? (isTls ? httpsPort : defaultPort) : Number(digits);
  if (port < 1 || port > 65_535) return { refusal: `no port: ${digits}` };
  return { kind: 'tcp', host: v6 ?? (name || 'localhost'), port, isTls };
}

/** For an HTTP request to it; a Unix socket has no host of its own. */
export function authorityOf(target: Target): string {
  if (target.kind === 'unix') return 'localhost';
  return `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
}
