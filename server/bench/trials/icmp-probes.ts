// Echoes that the kernel itself answers, beside the floor, and fping where it is installed.
import { floorBaseline, floorPackages } from '../support/floor.ts';
import { backendAddress, maglevYaml } from '../support/maglev-yaml.ts';
import { hasProgram } from '../support/packages.ts';
import { type Baseline, runDuel } from '../support/probe-duel.ts';
import type { Trial, TrialContext } from '../trial.ts';

const count = 500;
const floorRatioMax = 1.3;
const fping = { name: 'fping', program: 'fping' };

export const icmpProbes: Trial = {
  name: 'icmp-probes',
  about: '500 ICMP backends at 1 s, beside a minimal C loop, and fping where it is installed',
  needs: floorPackages,
  async run(context) {
    const yaml = maglevYaml(count, ['type: icmp', 'interval: 1s', 'timeout: 1s']);
    const floor = floorBaseline(context, 'icmp', { count, port: 0 }, floorRatioMax);
    const hasFping = hasProgram(fping);
    const baselines = hasFping ? [floor, fpingBaseline(context)] : [floor];
    const { figures, notes } = await runDuel(context, {
      yaml,
      counter: 'Icmp OutEchos',
      bars: {},
      baselines,
    });
    const missing = hasFping ? [] : ['Without fping, which is not there (apt-get install fping).'];
    return { figures, notes: [...notes, ...missing] };
  },
};

function fpingBaseline({ processes, cpus }: TrialContext): Baseline {
  const addresses = Array.from({ length: count }, (_, index) => backendAddress(index));
  return {
    name: 'fping',
    async start() {
      // One echo per address and second for ever, 1 ms apart, without a word until the end.
      const args = ['-q', '-l', '-p', '1000', '-i', '1', ...addresses];
      return processes.start({ name: 'fping', cpu: cpus.prober, command: 'fping', args });
    },
  };
}
