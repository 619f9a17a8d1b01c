// How long an operator waits for the first answer: maglevc as it is bundled for packages, beside Node itself.
// Register it in server/bench/trials.ts. It needs `node client/scripts/bundle.ts` before.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { BrokenRun, type Trial } from '../../server/bench/trial.ts';

const bundlePath = fileURLToPath(new URL('../build/maglevc.cjs', import.meta.url));
const rounds = 41;

/** Answers as maglevd does, at once: measured is the client. */
async function startDaemon() {
  const body = JSON.stringify({
    version: '0.1.0',
    commit: '0123456789ab',
    date: '2026-11-23',
    node: '26.10.0',
  });
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Milliseconds from start to end. */
async function timeRun(words: readonly string[]): Promise<number> {
  const startMs = performance.now();
  const child = spawn(process.execPath, words, { stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new BrokenRun(`node ${words.join(' ')}: exit code ${code}`);
  return performance.now() - startMs;
}

/** What a run takes when little else runs: everything that disturbs only adds. */
const lowerQuartile = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)] ?? Number.NaN;

export const clientStartUp: Trial = {
  name: 'client-start-up',
  about: 'maglevc show version as bundled for packages, beside node -e 0',
  needs: [],
  async run({ progress }) {
    if (!existsSync(bundlePath)) throw new BrokenRun('there is no bundle: run node client/scripts/bundle.ts');
    const { server, address } = await startDaemon();
    const words = [bundlePath, '--server', address, 'show', 'version'];
    const bundled: number[] = [];
    const bare: number[] = [];
    // In turns, so that what else the machine does meets both.
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await timeRun(['-e', '0']));
      bundled.push(await timeRun(words));
      if (round % 10 === 0) progress(`round ${round + 1} of ${rounds}`);
    }
    server.close();
    const baseline = { name: 'node -e 0', value: lowerQuartile(bare) };
    const bar = { on: 'ratio', max: 1.6 } as const;
    return {
      figures: [{ name: 'show version', unit: 'ms', value: lowerQuartile(bundled), baseline, bar }],
      notes: [`Lower quartile of ${rounds} runs in turns, against a server that only answers.`],
    };
  },
};
