// show healthcheck <name>: every value that it works with.
import type { HealthCheck } from '../../api/shapes.ts';
import { formatDuration } from '../../format/age.ts';
import { type Cell, cell, type Report } from '../../format/report.ts';
import type { AskCommand } from '../command.ts';

export const showHealthCheck: AskCommand = {
  kind: 'show',
  line: 'show healthcheck <healthcheck>',
  help: 'one health check with all its values',
  async run(api, { values }, signal) {
    const body = await api.call('GetHealthCheck', { healthcheck: values.healthcheck ?? '' }, signal);
    return { body, report: () => reportHealthCheck(body) };
  },
};

/** Keys of the configuration file, as operators know them. */
const paramNames: Readonly<Record<string, string>> = {
  method: 'method',
  path: 'path',
  host: 'host',
  headers: 'headers',
  responseCode: 'response-code',
  responseRegexp: 'response-regexp',
  tls: 'tls',
  serverName: 'server-name',
  insecureSkipVerify: 'insecure-skip-verify',
  caFile: 'ca-file',
};

export function reportHealthCheck(check: HealthCheck): Report {
  const facts: [string, Cell][] = [
    ['healthcheck', cell(check.name, 'strong')],
    ['type', cell(check.type)],
  ];
  const add = (label: string, value: string | number | undefined) => {
    if (value !== undefined) facts.push([label, cell(value)]);
  };
  add('port', check.port);
  add('interval', formatDuration(check.interval));
  add('fast-interval', formatDuration(check.fastInterval));
  add('down-interval', formatDuration(check.downInterval));
  add('timeout', formatDuration(check.timeout));
  add('rise', check.rise);
  add('fall', check.fall);
  add('probe-ipv4-src', check.probeIpv4Src);
  add('probe-ipv6-src', check.probeIpv6Src);
  for (const [name, value] of Object.entries(check.params ?? {})) {
    add(paramNames[name] ?? name, paramText(value));
  }
  return [{ kind: 'facts', facts }];
}

function paramText(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, text]) => `${name}: ${text}`)
      .join(', ');
  }
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}
