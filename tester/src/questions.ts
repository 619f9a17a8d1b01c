// How each target is asked: the request and the names, made once. Pure but for the TLS context.
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Question } from './line.ts';
import { formatEndpoint, type Target } from './targets.ts';

/** What of the command line goes to the probing thread; plain data. */
export interface ProbeOptions {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly uri: string;
  readonly host?: string;
  readonly header?: string;
  readonly insecure: boolean;
  readonly keepalive: boolean;
  readonly inFlightMax: number;
  readonly count?: number;
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** By target; undefined for one that is not probed. */
export function makeQuestions(
  targets: readonly Target[],
  options: ProbeOptions,
  userAgent: string,
): (Question | undefined)[] {
  const needsTls = targets.some(({ kind }) => kind === 'https');
  const secureContext = needsTls ? createSecureContext() : undefined;
  return targets.map((target) => {
    const { kind, address, probePort: port } = target;
    if (kind === 'none' || port === undefined) return undefined;
    const name = bareHost(options.host) ?? address;
    return {
      kind,
      address,
      port,
      request: kind === 'tcp' ? '' : requestText(target, port, options, userAgent),
      headerName: options.header?.toLowerCase() ?? '',
      certificateName: name,
      serverName: isIP(name) === 0 ? name : '',
      insecure: options.insecure,
      ...(secureContext && { secureContext }),
      timeoutMs: options.timeoutMs,
    };
  });
}

/** Without port and brackets. */
function bareHost(host: string | undefined): string | undefined {
  if (host === undefined || isIP(host) !== 0) return host;
  const bracketed = /^\[([^\]]*)\](?::[0-9]*)?$/.exec(host)?.[1];
  return bracketed ?? host.replace(/:[0-9]*$/, '');
}

function requestText(target: Target, port: number, options: ProbeOptions, userAgent: string): string {
  const own = formatEndpoint(target.address, port);
  const isDefault = defaultPorts[target.kind] === port;
  const ownHost = isDefault ? own.slice(0, own.lastIndexOf(':')) : own;
  const host = options.host ?? ownHost;
  const lines = [
    `GET ${options.uri} HTTP/1.1`,
    `Host: ${isIP(host) === 6 ? `[${host}]` : host}`,
    `User-Agent: ${userAgent}`,
    'Accept: */*',
    `Connection: ${options.keepalive ? 'keep-alive' : 'close'}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
