// From a probe's verdict to VPP's acknowledgement, with 1,000 backends probed for real while 100 of them
// change their state each second.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { maglevYaml } from '../support/maglev-yaml.ts';
import { startMaglevd } from '../support/maglevd.ts';
import { waitUntil } from '../support/process-group.ts';
import { startVppTarget } from '../support/vpp-target.ts';
import { BrokenRun, type Trial } from '../trial.ts';

const count = 1000;
const port = 8181;
const periodMs = 20_000;
const startPatienceMs = 10_000;
const programPath = fileURLToPath(new URL('../support/flapping-server.ts', import.meta.url));

export const vppVerdict: Trial = {
  name: 'vpp-verdict',
  about: "from a probe's verdict to VPP's acknowledgement, 1,000 backends, 100 transitions per second",
  needs: [],
  async run(context) {
    const { processes, cpus, seconds, progress } = context;
    const target = await startVppTarget(context);
    const args = [programPath, ...[port, count, periodMs].map(String)];
    const server = processes.start({ name: 'flapping', cpu: cpus.target, command: process.execPath, args });
    await waitUntil('the backends answer', server, startPatienceMs, async () => server.output() !== '');
    const check = ['type: http', `port: ${port}`, 'interval: 1s', 'timeout: 1s', 'rise: 1', 'fall: 1'];
    const vpp = ['--vpp-api-addr', target.paths.apiPath, '--vpp-stats-addr', target.paths.statsPath];
    const maglevd = await startMaglevd(context, maglevYaml(count, check), vpp);
    await waitUntil('VPP is programmed', maglevd, startPatienceMs, async () => {
      return (
        countLines(maglevd.output(), 'vpp-lb-as-weight') + countLines(maglevd.output(), 'vpp-lb-as-add') >=
        count
      );
    });
    process.kill(server.pid, 'SIGUSR2');
    // By then each backend has turned ill once, and half of them are well again.
    await sleep(periodMs);
    const skipped = maglevd.output().length;
    progress(`counting for ${seconds} s`);
    await sleep(seconds * 1000);
    await maglevd.stop();
    const delays = readDelays(maglevd.output().slice(skipped));
    await target.empty();
    if (delays.length < seconds * 10) throw new BrokenRun(`only ${delays.length} transitions reached VPP`);
    const quantile = (share: number) => delays[Math.ceil(share * delays.length) - 1] ?? Number.NaN;
    return {
      figures: [
        { name: 'verdict to VPP, p50', unit: 'ms', value: quantile(0.5) },
        { name: '- p99', unit: 'ms', value: quantile(0.99), bar: { on: 'value', max: 10 } },
        { name: '- longest', unit: 'ms', value: quantile(1) },
        { name: '- transitions', unit: '', value: delays.length },
      ],
      notes: [`Against ${target.name}; read from maglevd's log, which has whole milliseconds.`],
    };
  },
};

const countLines = (text: string, message: string) => text.split(`"msg":"${message}"`).length - 1;

interface LogLine {
  readonly time: string;
  readonly msg: string;
  readonly backend?: string;
}

/** Milliseconds from each transition to the acknowledgement of its weight, sorted. */
function readDelays(text: string): readonly number[] {
  const verdicts = new Map<string, number>();
  const delays: number[] = [];
  for (const line of text.split('\n').slice(1, -1)) {
    const { time, msg, backend = '' } = JSON.parse(line) as LogLine;
    const atMs = Date.parse(time);
    if (msg === 'backend-transition') verdicts.set(backend, atMs);
    const verdictMs = verdicts.get(backend);
    if (msg !== 'vpp-lb-as-weight' || verdictMs === undefined) continue;
    delays.push(atMs - verdictMs);
    verdicts.delete(backend);
  }
  return delays.sort((a, b) => a - b);
}
