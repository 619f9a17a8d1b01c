// The list of maglevds as flags take it. Pure text: it opens nothing.
import { maglevdsMax } from './limits.ts';

/** Where a maglevd listens. */
export interface ServerAddress {
  /** As pages show it: `host:port`. */
  readonly name: string;
  /** `http://host:port` for plain HTTP/2, `https://host:port` for TLS. */
  readonly baseUrl: string;
}

const defaultPort = 9090;
const form = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?\/?$/;

/**
 * Parses `a:9090,b:9090`; without a port it is 9090, and `https://` asks for TLS. Empty parts are left out.
 * The refusal is the end of a sentence.
 */
export function parseServers(text: string): readonly ServerAddress[] | { readonly refusal: string } {
  const servers: ServerAddress[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const server = parseServer(part);
    if ('refusal' in server) return server;
    if (servers.some(({ name }) => name === server.name)) return { refusal: `names ${server.name} twice` };
    servers.push(server);
  }
  if (servers.length > maglevdsMax) return { refusal: `names more than ${maglevdsMax} maglevds` };
  return servers;
}

function parseServer(text: string): ServerAddress | { readonly refusal: string } {
  const [, scheme = 'http', host = '', digits = String(defaultPort)] = form.exec(text) ?? [];
  if (host === '') return { refusal: `"${text}" is not host:port, [IPv6]:port or https://host:port` };
  const port = Number(digits);
  if (port < 1 || port > 65535) return { refusal: `"${text}" has a port outside 1..65535` };
  const name = `${host}:${port}`;
  const baseUrl = `${scheme}://${name}`;
  return URL.canParse(baseUrl) ? { name, baseUrl } : { refusal: `"${text}" is no address` };
}
