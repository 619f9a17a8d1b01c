// keepalived's published case (commit 238bf177): 2,277 virtual servers with 37,205 real ones, reloaded while
// all of them are probed. How long the loop stood still is what a client that asks all the time had to wait.
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseConfigBytes } from '../../src/config/parse.ts';
import { startFleet } from '../support/fleet.ts';
import { floorPackages, startResponder } from '../support/floor.ts';
import { maglevYaml } from '../support/maglev-yaml.ts';
import { apiPort, configPath, readCounted } from '../support/maglevd.ts';
import { medianOf } from '../support/stopwatch.ts';
import { BrokenRun, type Figure, type Trial } from '../trial.ts';

const count = 37_205;
const frontendCount = 2_277;
const port = 8080;
const rounds = 3;
const patienceMs = 120_000;
const restMs = 1_500;
const secondsMax = 1;
/** Every so many-th backend gets another weight in the changed file. */
const weightStep = 370;

interface Reload {
  readonly elapsedMs: number;
  readonly blockedMs: number;
}

export const reload: Trial = {
  name: 'reload',
  about: `${count.toLocaleString('en-US')} probed backends reloaded, the file as it was and changed`,
  needs: floorPackages,
  async run(context) {
    await startResponder(context, port);
    const check = ['type: http', `port: ${port}`, 'interval: 10s', 'timeout: 1s', 'rise: 2', 'fall: 3'];
    const yaml = (round: number) =>
      maglevYaml(count + round, check, {
        frontendCount,
        weightOf: (index) => (round > 0 && index % weightStep === 0 ? 50 + round : 100),
      });
    await startFleet(context, yaml(0), { count, patienceMs });
    const same: Reload[] = [];
    const changed: Reload[] = [];
    for (let round = 1; round <= rounds; round++) {
      context.progress(`round ${round} of ${rounds}`);
      same.push(await reloadOnce());
      writeFileSync(configPath(context), yaml(round));
      changed.push(await reloadOnce());
    }
    const { falseTransitions, late } = await readCounted();
    return {
      figures: [
        ...figuresOf('file unchanged', same),
        ...figuresOf('file changed', changed),
        { name: 'false transitions', unit: '', value: falseTransitions, bar: { on: 'value', max: 0 } },
        { name: 'late probes', unit: '', value: late },
        { name: 'reading and checking alone', unit: 's', value: timeParse(configPath(context)) / 1000 },
      ],
      notes: [
        `${frontendCount} frontends, all backends probed over HTTP at 10 s; the slowest of ${rounds} each.`,
        `Changed: ${Math.ceil(count / weightStep)} weights; one backend is added, and others move with it.`,
        'Longest wait: of a client that asks for /version again as soon as it is answered.',
      ],
    };
  },
};

function figuresOf(name: string, reloads: readonly Reload[]): readonly Figure[] {
  const slowest = Math.max(...reloads.map(({ elapsedMs }) => elapsedMs)) / 1000;
  const bar = { on: 'value', max: secondsMax } as const;
  return [
    { name: `${name}: until answered`, unit: 's', value: slowest, bar },
    { name: '- median', unit: 's', value: medianOf(reloads.map(({ elapsedMs }) => elapsedMs)) / 1000 },
    {
      name: '- longest wait',
      unit: 's',
      value: Math.max(...reloads.map(({ blockedMs }) => blockedMs)) / 1000,
    },
  ];
}

async function reloadOnce(): Promise<Reload> {
  const agent = new Agent({ keepAlive: true });
  let isOver = false;
  let blockedMs = 0;
  const watching = (async () => {
    while (!isOver) {
      const startMs = performance.now();
      await ask(agent, 'GET', '/api/v1/version');
      blockedMs = Math.max(blockedMs, performance.now() - startMs);
    }
  })();
  await sleep(restMs);
  blockedMs = 0;
  const startMs = performance.now();
  await ask(agent, 'POST', '/api/v1/config/reload');
  const elapsedMs = performance.now() - startMs;
  isOver = true;
  await watching;
  agent.destroy();
  return { elapsedMs, blockedMs };
}

function ask(agent: Agent, method: string, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const asked = request({ agent, port: apiPort, method, path }, (answer) => {
    if (answer.statusCode !== 200) reject(new BrokenRun(`${method} ${path}: ${answer.statusCode}`));
    answer.resume().on('end', resolve);
  });
  asked.on('error', reject).end();
  return promise;
}

/** In this process, after one run that is not counted. */
function timeParse(path: string): number {
  const bytes = readFileSync(path);
  parseConfigBytes(bytes);
  const startMs = performance.now();
  parseConfigBytes(bytes);
  return performance.now() - startMs;
}
