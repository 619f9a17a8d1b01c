// The bytes of an HTTP request: built once per prepared probe and sent as they are. Pure.
import type { HttpParams, IpFamily } from '../config/config.ts';
import { assert } from '../lib/assert.ts';

export interface RequestTarget {
  /** IP literal in canonical text. */
  readonly address: string;
  readonly family: IpFamily;
  readonly port: number;
  /** The scheme's own port, which the Host header leaves out. */
  readonly defaultPort: number;
}

/**
 * The request, whole. A configured header takes the place of ours of the same name (whatever its case);
 * names and values are sent as written, text as UTF-8.
 */
export function buildHttpRequest(params: HttpParams, target: RequestTarget, userAgent: string): Buffer {
  const configured = new Set(params.headers.map(([name]) => name.toLowerCase()));
  const own: [string, string][] = [
    ['Host', params.host ?? defaultHost(target)],
    ['User-Agent', userAgent],
    ['Connection', 'close'],
  ];
  const lines = [
    `${params.method} ${params.path} HTTP/1.1`,
    ...[...own.filter(([name]) => !configured.has(name.toLowerCase())), ...params.headers].map(
      ([name, value]) => `${name}: ${value}`,
    ),
  ];
  // The configuration refuses control characters; a line break that got past it would forge a request.
  for (const line of lines) assert(!/[\r\n\0]/.test(line), 'no line break inside a request line');
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8');
}

/** The address as Host names it: IPv6 in brackets, the port unless it is the scheme's own. */
export function defaultHost({ address, family, port, defaultPort }: RequestTarget): string {
  const host = family === 6 ? `[${address}]` : address;
  return port === defaultPort ? host : `${host}:${port}`;
}
