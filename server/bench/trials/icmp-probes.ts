// Echoes that the kernel itself answers, beside fping where it is installed.
import { backendAddress, maglevYaml } from '../support/maglev-yaml.ts';
import { hasProgram } from '../support/packages.ts';
import { type Baseline, runDuel } from '../support/probe-duel.ts';
import type { Trial, TrialContext } from '../trial.ts';

const count = 500;
const fping = { name: 'fping', program: 'fping' };

export const icmpProbes: Trial = {
  name: 'icmp-probes',
  about: '500 ICMP backends at 1 s, beside fping where it is installed',
  needs: [],
  async run(context) {
    const yaml = maglevYaml(count, ['type: icmp', 'interval: 1s', 'timeout: 1s']);
    const counter = 'Icmp OutEchos';
    const bars = {};
    if (hasProgram(fping)) return runDuel(context, { yaml, counter, bars, baseline: fpingBaseline(context) });
    const { figures, notes } = await runDuel(context, { yaml, counter, bars });
    return { figures, notes: [...notes, 'Without a baseline: fping is not there (apt-get install fping).'] };
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
