// show vpp info: the connection to VPP and the VPP behind it.
import type { VppInfo } from '../../../api/shapes.ts';
import { ageOf, formatTime } from '../../../format/age.ts';
import { type Cell, cell, type Report, type Tone, type View } from '../../../format/report.ts';
import type { AskCommand } from '../../command.ts';

export const showVppInfo: AskCommand = {
  kind: 'show',
  line: 'show vpp info',
  help: 'the connection to VPP, and the VPP behind it',
  async run(api, _asked, signal) {
    const body = await api.call('GetVPPInfo', {}, signal);
    return { body, report: (view) => reportVppInfo(body, view) };
  },
};

const tones: Readonly<Record<string, Tone>> = {
  connected: 'good',
  connecting: 'unsure',
  disabled: 'off',
};

export function reportVppInfo(info: VppInfo, view: View): Report {
  const facts: [string, Cell][] = [['connection', cell(info.connection, tones[info.connection] ?? 'bad')]];
  const add = (label: string, value: string | number | undefined) => {
    if (value !== undefined) facts.push([label, cell(value)]);
  };
  const age = (at: string | undefined) =>
    at === undefined ? undefined : `${ageOf(at, view.nowMs)} (${formatTime(at)})`;
  add('reason', info.reason);
  add('connected for', age(info.connectTime));
  add('version', info.version);
  add('built', info.buildDate);
  add('build directory', info.buildDirectory);
  add('pid', info.pid);
  add('uptime', age(info.bootTime));
  if (info.apiSent !== undefined) add('API calls', `${info.apiSent}, ${info.apiReceived ?? 0} replies`);
  if (info.missingCapabilities.length > 0) {
    facts.push(['missing', cell(info.missingCapabilities.join(', '), 'bad')]);
  }
  return [{ kind: 'facts', facts }];
}
