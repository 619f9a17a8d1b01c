// DPVS's published test (tools/healthcheck/test/README.md there): all backends are black holes. Ours begins
// as a restart does: VPP holds every server at its full weight, and each of them is to be taken out.
import { setTimeout as sleep } from 'node:timers/promises';
import { blackHoleAddress, openBlackHole } from '../support/black-hole.ts';
import type { LogLine } from '../support/daemon-log.ts';
import { firstMs, lastMs, startFleet } from '../support/fleet.ts';
import { maglevYaml } from '../support/maglev-yaml.ts';
import { startVppTarget } from '../support/vpp-target.ts';
import { measureWindow } from '../support/window.ts';
import type { Figure, Trial } from '../trial.ts';

const count = 10_200;
const patienceMs = 120_000;
const warmUpMs = 10_000;
const bytesPerMegabyte = 1e6;
const rhythm = ['interval: 3s', 'fast-interval: 1s', 'timeout: 1s', 'rise: 1', 'fall: 1'];
/** What DPVS's page says of the same number. */
const dpvs = { cpuPercent: 55.5, megabytes: 307, seconds: 13 };

export const blackHoles: Trial = {
  name: 'black-holes',
  about: '10,200 TCP backends at 3 s whose packets vanish, as in the published test of DPVS',
  needs: [],
  isLong: true,
  async run(context) {
    const { seconds, cpus, progress } = context;
    const target = await startVppTarget(context);
    const close = openBlackHole();
    const vpp = ['--vpp-api-addr', target.paths.apiPath, '--vpp-stats-addr', target.paths.statsPath];
    const layout = { addressOf: blackHoleAddress };
    const options = { count, patienceMs, vpp };
    progress('programming all servers at their weight');
    const before = await startFleet(context, maglevYaml(count, [], layout), options);
    await before.waitFor('servers added to VPP', count, isAdded);
    await before.program.stop();
    progress('starting with all of them gone');
    const yaml = maglevYaml(count, ['type: tcp', 'port: 80', ...rhythm], layout);
    const { program, waitFor } = await startFleet(context, yaml, options);
    const downs = await waitFor('servers at weight 0 in VPP', count, isTakenOut);
    await sleep(warmUpMs);
    progress(`measuring for ${seconds} s`);
    const counter = 'Tcp ActiveOpens';
    const window = await measureWindow({ program, cpus, counter, seconds });
    await program.stop();
    close();
    return {
      figures: figuresOf(downs, window),
      notes: [
        `Health check: ${['tcp', ...rhythm].join(', ')}; 100 backends per frontend.`,
        `Against ${target.name}, which held every server at its weight; times are of its acknowledgements.`,
        'DPVS: as its page says of a Xeon E5-2650 v4; not measured here.',
      ],
    };
  },
};

const isAdded = ({ msg }: LogLine) => msg === 'vpp-lb-as-add';
const isTakenOut = ({ msg, weight }: LogLine) => msg === 'vpp-lb-as-weight' && weight === 0;

function figuresOf(
  downs: readonly LogLine[],
  window: Awaited<ReturnType<typeof measureWindow>>,
): readonly Figure[] {
  const { userMs, systemMs, elapsedMs, probes, residentBytes } = window;
  const beside = (value: number, published: number, max: number) => ({
    value,
    baseline: { name: 'DPVS, published', value: published },
    bar: { on: 'value', max } as const,
  });
  const share = (100 * (userMs + systemMs)) / elapsedMs;
  const spread = (lastMs(downs) - firstMs(downs)) / 1000;
  return [
    { name: 'share of one CPU', unit: '%', ...beside(share, dpvs.cpuPercent, 25) },
    {
      name: 'resident memory',
      unit: 'MB',
      ...beside(residentBytes / bytesPerMegabyte, dpvs.megabytes, 150),
    },
    { name: 'first to last programmed down', unit: 's', ...beside(spread, dpvs.seconds, 2) },
    { name: 'probes per second', unit: '', value: (1000 * probes) / elapsedMs },
  ];
}
