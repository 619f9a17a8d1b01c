// One scrape. It runs in one piece: nothing is probed meanwhile.
import { maglevYaml } from '../support/maglev-yaml.ts';
import { compareWork } from '../support/stopwatch.ts';
import { parseOwn, startVirtualDaemon } from '../support/virtual-daemon.ts';
import type { Trial } from '../trial.ts';

const count = 1000;
const rounds = 15;
const steadyMs = 60_000;

export const metricsPage: Trial = {
  name: 'metrics-page',
  about: '/metrics with 1,000 backends, beside JSON.stringify of the same snapshots',
  needs: [],
  async run() {
    const config = parseOwn(maglevYaml(count, ['type: http', 'port: 80', 'interval: 1s']));
    const { daemon, network } = await startVirtualDaemon(() => ({ ok: true, config, warnings: [] }));
    network.run(steadyMs);
    // A Map would be an empty object in JSON.
    const snapshots = daemon.control
      .checker()
      .snapshots()
      .map(({ stats, ...snapshot }) => ({
        ...snapshot,
        stats: { ...stats, results: [...stats.results], transitions: [...stats.transitions] },
      }));
    const [pageMs = 0, jsonMs = 0] = await compareWork(
      [
        { name: 'page', run: () => daemon.metrics.render() },
        { name: 'JSON', run: () => JSON.stringify(snapshots) },
      ],
      rounds,
    );
    const pageBytes = Buffer.byteLength(await daemon.metrics.render());
    const jsonBytes = Buffer.byteLength(JSON.stringify(snapshots));
    await daemon.stop();
    const name = 'JSON.stringify';
    return {
      figures: [
        { name: 'CPU per page', unit: 'ms', value: pageMs, baseline: { name, value: jsonMs } },
        { name: 'bytes per page', unit: '', value: pageBytes, baseline: { name, value: jsonBytes } },
      ],
      notes: [`Median of ${rounds} runs in turns.`],
    };
  },
};
