// One scrape, written in parts; between them the clock stands, so that nothing else is measured.
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
    const writePage = async () => {
      let page: string | undefined;
      void daemon.metrics.render().then((text) => {
        page = text;
      });
      // Each turn that it waits for comes at once.
      for (; page === undefined; network.run(steadyMs)) await new Promise((resolve) => setImmediate(resolve));
      return page;
    };
    const [pageMs = 0, jsonMs = 0] = await compareWork(
      [
        { name: 'page', run: writePage },
        { name: 'JSON', run: () => JSON.stringify(snapshots) },
      ],
      rounds,
    );
    const pageBytes = Buffer.byteLength(await writePage());
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
