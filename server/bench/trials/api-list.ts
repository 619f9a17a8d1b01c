// The list that dashboards and scripts ask for most, beside Fastify alone with the same bytes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { maglevYaml } from '../support/maglev-yaml.ts';
import { apiPort, apiUrl, startMaglevd } from '../support/maglevd.ts';
import { httpPort, startNginx } from '../support/nginx.ts';
import { readCpuTime } from '../support/proc.ts';
import { type Program, waitUntil } from '../support/process-group.ts';
import { streamPackages } from '../support/stream-trial.ts';
import { BrokenRun, type Trial, type TrialContext } from '../trial.ts';

const count = 1000;
const path = '/api/v1/backends';
const plainPort = 9092;
const connections = 4;
const startPatienceMs = 10_000;
const warmUpSeconds = 2;
const programPath = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url));

export const apiList: Trial = {
  name: 'api-list',
  about: 'GET /api/v1/backends with 1,000 backends, beside Fastify with the same bytes',
  needs: streamPackages,
  async run(context) {
    await startNginx(context);
    // Each backend is probed once and then left alone, so that nothing but the API runs.
    const check = [
      'type: http',
      `port: ${httpPort}`,
      'interval: 1h',
      'fast-interval: 1s',
      'rise: 1',
      'fall: 1',
    ];
    const maglevd = { program: await startMaglevd(context, maglevYaml(count, check)), port: apiPort, path };
    const bytes = Buffer.from(await (await fetch(apiUrl + path)).arrayBuffer());
    const plain = { program: await startPlain(context, bytes), port: plainPort, path: '/' };
    const loads: Load[] = [];
    for (const server of [plain, maglevd, maglevd, plain]) loads.push(await load(context, server));
    const [first, second, third, fourth] = loads as [Load, Load, Load, Load];
    const own = joinLoads(second, third);
    const theirs = joinLoads(first, fourth);
    const name = 'plain Fastify';
    const compared = (of: (load: Load) => number) => ({
      value: of(own),
      baseline: { name, value: of(theirs) },
    });
    return {
      figures: [
        { name: 'requests per second', unit: '', ...compared((load) => load.answers / load.seconds) },
        { name: 'CPU per request', unit: 'ms', ...compared((load) => load.cpuMs / load.answers) },
      ],
      notes: [`${bytes.length} bytes per answer, ${connections} connections, client on the other CPU.`],
    };
  },
};

interface Server {
  readonly program: Program;
  readonly port: number;
  readonly path: string;
}

interface Load {
  readonly answers: number;
  readonly seconds: number;
  readonly cpuMs: number;
}

async function startPlain({ directory, processes, cpus }: TrialContext, bytes: Buffer): Promise<Program> {
  const file = join(directory, 'answer.json');
  writeFileSync(file, bytes);
  const args = [programPath('plain-server.ts'), file, String(plainPort)];
  const program = processes.start({
    name: 'plain-server',
    cpu: cpus.prober,
    command: process.execPath,
    args,
  });
  await waitUntil('plain Fastify answers', program, startPatienceMs, async () => {
    return await fetch(`http://127.0.0.1:${plainPort}/`).then(
      (answer) => answer.ok,
      () => false,
    );
  });
  return program;
}

/** A quarter of the time, after a warm-up of the same kind. */
async function load(context: TrialContext, server: Server): Promise<Load> {
  const seconds = context.seconds / 4;
  context.progress(`${server.program.name}: asking for ${seconds} s`);
  await ask(context, server, Math.min(seconds, warmUpSeconds));
  const before = readCpuTime(server.program.pid);
  const answers = await ask(context, server, seconds);
  const after = readCpuTime(server.program.pid);
  const cpuMs = after.userMs + after.systemMs - before.userMs - before.systemMs;
  return { answers, seconds, cpuMs };
}

async function ask({ processes, cpus }: TrialContext, server: Server, seconds: number): Promise<number> {
  const args = [programPath('load-client.ts'), server.port, server.path, connections, seconds].map(String);
  const client = processes.start({ name: 'load-client', cpu: cpus.target, command: process.execPath, args });
  if ((await client.ended()) !== 0) throw new BrokenRun(client.output());
  return Number(client.output());
}

function joinLoads(a: Load, b: Load): Load {
  return { answers: a.answers + b.answers, seconds: a.seconds + b.seconds, cpuMs: a.cpuMs + b.cpuMs };
}
