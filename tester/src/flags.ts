// The flags of maglevt: names, kinds, bounds, defaults, help. Data only; arguments.ts reads them.
import * as limits from './limits.ts';

interface FlagCommon {
  readonly name: string;
  readonly alias?: string;
  readonly initial: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
}
export type FlagDefinition =
  | (FlagCommon & { readonly kind: 'text' | 'boolean' | 'list' })
  | (FlagCommon & { readonly kind: 'duration' | 'integer'; readonly min: number; readonly max: number });

export const flagDefinitions = [
  {
    name: 'config',
    kind: 'list',
    initial: '/etc/vpp-maglev/maglev.yaml',
    value: 'FILE',
    help: 'maglev.yaml with the VIPs; may be repeated, or a comma list',
  },
  {
    name: 'interval',
    kind: 'duration',
    initial: '100ms',
    value: 'TIME',
    min: limits.intervalMsMin,
    max: limits.intervalMsMax,
    help: 'between two probes of a VIP, +-10 %',
  },
  {
    name: 'timeout',
    kind: 'duration',
    initial: '2s',
    value: 'TIME',
    min: limits.timeoutMsMin,
    max: limits.timeoutMsMax,
    help: 'for one probe, from its first packet to the whole answer',
  },
  {
    name: 'uri',
    alias: 'path',
    kind: 'text',
    initial: '/.well-known/ipng/healthz',
    value: 'PATH',
    help: 'what http and https probes ask for',
  },
  {
    name: 'host',
    kind: 'text',
    initial: '',
    value: 'NAME',
    help: 'Host header, and the name that a certificate must carry (default: the VIP)',
  },
  {
    name: 'header',
    kind: 'text',
    initial: 'X-IPng-Frontend',
    value: 'NAME',
    help: 'response header whose values are tallied; empty = none',
  },
  { name: 'insecure', kind: 'boolean', initial: 'false', help: 'take any certificate' },
  {
    name: 'keepalive',
    kind: 'boolean',
    initial: 'false',
    help: 'reuse connections: one flow stays on one backend',
  },
  {
    name: 'in-flight',
    kind: 'integer',
    initial: '1',
    value: 'N',
    min: 1,
    max: limits.inFlightMax,
    help: 'probes that may be under way per VIP',
  },
  {
    name: 'filter',
    kind: 'text',
    initial: '',
    value: 'REGEX',
    help: 'only VIPs whose name or address:port matches (RE2)',
  },
  {
    name: 'duration',
    kind: 'duration',
    initial: '0',
    value: 'TIME',
    min: 0,
    max: limits.runDurationMsMax,
    help: 'end after this time; 0 = never',
  },
  {
    name: 'count',
    kind: 'integer',
    initial: '0',
    value: 'N',
    min: 0,
    max: limits.probeCountMax,
    help: 'end after so many probes of each VIP; 0 = never',
  },
  {
    name: 'json',
    kind: 'boolean',
    initial: 'false',
    help: 'one JSON line per second and a summary, no screen',
  },
  {
    name: 'resolve-from',
    kind: 'text',
    initial: '',
    value: 'URL',
    help: 'show beside each VIP what this maglevd says of it (port 9090 unless given)',
  },
  { name: 'version', kind: 'boolean', initial: 'false', help: 'print version, commit and date' },
  { name: 'help', kind: 'boolean', initial: 'false', help: 'print this text' },
] as const satisfies readonly FlagDefinition[];

export type FlagName = (typeof flagDefinitions)[number]['name'];

const initialText = ({ kind, initial }: FlagDefinition) =>
  kind === 'boolean' || initial === '' || initial === '0' ? '' : ` (default ${initial})`;

/** The text of `--help`. */
export function usageText(): string {
  const lines = (flagDefinitions as readonly FlagDefinition[]).map((flag) => {
    const names = `--${flag.name}${flag.alias === undefined ? '' : `, --${flag.alias}`}`;
    const head = flag.value === undefined ? names : `${names} ${flag.value}`;
    return `  ${head.padEnd(21)} ${flag.help}${initialText(flag)}`;
  });
  return `usage: maglevt [flags]

Hits every VIP of maglev.yaml files as a client would, and shows what comes back.

${lines.join('\n')}

Not on a terminal it writes JSON lines, as with --json.
Exit status: 0 all probes passed, 1 a VIP failed (JSON only), 2 wrong flags or configuration.
`;
}
