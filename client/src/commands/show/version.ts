// show version: what the daemon runs, and this client beside it.
import { cell } from '../../format/report.ts';
import { clientVersion } from '../../version.ts';
import type { AskCommand } from '../command.ts';

export const showVersion: AskCommand = {
  kind: 'show',
  line: 'show version',
  isPrepared: true,
  help: 'versions of the daemon and of this program',
  async run(api, _asked, signal) {
    const body = await api.call('GetVersion', {}, signal);
    const daemon = `${body.version} (commit ${body.commit}, ${body.date}, Node.js ${body.node})`;
    return {
      body,
      report: () => [
        {
          kind: 'facts',
          facts: [
            ['maglevd', cell(daemon)],
            ['maglevc', cell(clientVersion())],
          ],
        },
      ],
    };
  },
};
