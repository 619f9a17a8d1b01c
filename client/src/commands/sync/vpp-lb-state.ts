// sync vpp lb state: has the daemon read VPP and repair what differs, and says what it did.
import type { LbSync } from '../../api/shapes.ts';
import { cell, type Report, type View } from '../../format/report.ts';
import { stateCell } from '../../format/state.ts';
import type { AskCommand } from '../command.ts';

export const syncVppLbState: AskCommand = {
  kind: 'change',
  line: 'sync vpp lb state [<frontend>]',
  help: 'read VPP now and repair what differs',
  wordHelp: { '<frontend>': 'only this frontend; otherwise all' },
  async run(api, { values }, signal) {
    const request = values.frontend === undefined ? {} : { frontend: values.frontend };
    const body = await api.call('SyncVPPLBState', request, signal);
    return { body, report: (view) => reportSync(body, view) };
  },
};

export function reportSync(sync: LbSync, view: View): Report {
  return [
    {
      kind: 'facts',
      facts: [
        ['VIPs', cell(`${sync.vipsAdded} added, ${sync.vipsRemoved} removed`)],
        ['application servers', cell(`${sync.asesAdded} added, ${sync.asesRemoved} removed`)],
        ['weights', cell(`${sync.weightsChanged} changed`)],
        ['in sync', sync.inSync ? cell('yes', 'good') : stateCell('drift', view)],
      ],
    },
  ];
}
