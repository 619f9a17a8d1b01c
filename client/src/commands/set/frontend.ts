// set frontend ... weight: one backend's weight in one pool, beside the file's or the file's again.
import type { Frontend } from '../../api/shapes.ts';
import { describeChange } from '../../format/change.ts';
import { line, type Report, type View } from '../../format/report.ts';
import type { AskCommand } from '../command.ts';

export const setFrontend: AskCommand = {
  kind: 'change',
  line:
    'set frontend <frontend> pool <pool> backend <backend> weight <weight>|default ' +
    '[flush] [reason <text>]',
  help: "set a backend's weight in a pool",
  wordHelp: {
    weight: 'the weight that it gets',
    default: "the configuration file's weight again",
    flush: 'cut its flows now; otherwise they drain',
    pool: 'in which pool',
    backend: 'of which backend',
  },
  async run(api, { values, given }, signal) {
    const { frontend = '', pool = '', backend = '', weight, text } = values;
    const before = await api.call('GetFrontend', { frontend }, signal);
    const wanted = given.has('default') ? { reset: true } : { weight: Number(weight) };
    const isFlush = given.has('flush');
    const request = {
      frontend,
      pool,
      backend,
      ...wanted,
      ...(isFlush && { flush: true }),
      ...(text !== undefined && { reason: text }),
    };
    const body = await api.call('SetFrontendPoolBackendWeight', request, signal);
    return { body, report: (view) => reportWeight(before, body, backend, isFlush, view) };
  },
};

export function reportWeight(
  before: Frontend,
  after: Frontend,
  backend: string,
  isFlush: boolean,
  view: View,
): Report {
  const flows = isFlush ? 'its flows are cut' : 'its flows drain';
  return [...describeChange(before, after, backend, view), line(`backend ${backend}: ${flows}`)];
}
