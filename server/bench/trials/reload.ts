// A reload that changes nothing. It runs in one piece: nothing is probed meanwhile.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { maglevYaml } from '../support/maglev-yaml.ts';
import { compareWork } from '../support/stopwatch.ts';
import { startVirtualDaemon } from '../support/virtual-daemon.ts';
import type { Trial } from '../trial.ts';

const count = 10_000;
const rounds = 7;
const steadyMs = 10_000;

export const reload: Trial = {
  name: 'reload',
  about: '10,000 backends reloaded without a change, beside reading and checking the file alone',
  needs: [],
  async run({ directory }) {
    const path = join(directory, 'reload.yaml');
    writeFileSync(path, maglevYaml(count, ['type: http', 'port: 80', 'interval: 1s']));
    const { daemon, network } = await startVirtualDaemon(() => loadConfig(path));
    network.run(steadyMs);
    const [reloadMs = 0, parseMs = 0] = await compareWork(
      [
        { name: 'reload', run: () => daemon.reload() },
        { name: 'parse', run: () => loadConfig(path) },
      ],
      rounds,
    );
    await daemon.stop();
    return {
      figures: [
        {
          name: 'CPU per reload',
          unit: 'ms',
          value: reloadMs,
          baseline: { name: 'load alone', value: parseMs },
        },
        { name: '- beyond the load', unit: 'ms', value: reloadMs - parseMs },
      ],
      notes: [`Median of ${rounds} runs in turns; ${count} backends in ${count / 100} frontends.`],
    };
  },
};
