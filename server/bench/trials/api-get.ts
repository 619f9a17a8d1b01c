// What dashboards, scripts and gRPC clients ask for most, beside Fastify alone with the same bytes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { maglevYaml } from '../support/maglev-yaml.ts';
import { apiPort, apiUrl, startMaglevd } from '../support/maglevd.ts';
import { httpPort, startNginx } from '../support/nginx.ts';
import { readCpuTime } from '../support/proc.ts';
import { type Program, waitUntil } from '../support/process-group.ts';
import { streamPackages } from '../support/stream-trial.ts';
import { BrokenRun, type Figure, type Trial, type TrialContext } from '../trial.ts';

const count = 1000;
const listPath = '/api/v1/backends';
const onePath = `${listPath}/backend-0`;
const plainPort = 9092;
/** Enough that the server always has something to do: with few, it is how fast an idle client wakes up. */
const connections = 32;
/** Each server writes these itself. */
const serverHeaders: readonly string[] = ['connection', 'content-length', 'date', 'keep-alive'];
const startPatienceMs = 10_000;
const warmUpSeconds = 2;
/** So often each of two servers is asked, in turns, so that a neighbour on this machine meets both. */
const rounds = 5;
/** Two paths at two servers, and gRPC. */
const sharesOfTime = 5 * rounds;
const ratioMin = 0.8;
const programPath = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url));

export const apiGet: Trial = {
  name: 'api-get',
  about:
    'GET of one backend and of 1,000, beside Fastify with the same bytes; gRPC GetBackend beside the GET',
  needs: streamPackages,
  async run(context) {
    await startNginx(context);
    // Each backend is probed once and then left alone, so that nothing but the API runs.
    const rhythm = ['interval: 1h', 'fast-interval: 1s', 'rise: 1', 'fall: 1'];
    const yaml = maglevYaml(count, ['type: http', `port: ${httpPort}`, ...rhythm]);
    const maglevd = await startMaglevd(context, yaml);
    const one = await compare(context, maglevd, onePath);
    const list = await compare(context, maglevd, listPath);
    const grpc = await askGrpc(context, maglevd, one.own);
    const noGrpc = grpc.length > 0 ? [] : ['GetBackend does not answer over gRPC: not measured.'];
    return {
      figures: [
        ...figuresOf('GET one', one, { on: 'ratio', min: ratioMin }),
        ...grpc,
        ...figuresOf('GET 1,000', list),
      ],
      notes: [
        `${one.bytes} and ${list.bytes} bytes per answer, ${connections} connections.`,
        `The client is on the other CPU; medians of ${rounds} rounds.`,
        ...noGrpc,
      ],
    };
  },
};

interface Server {
  readonly program: Program;
  readonly port: number;
  readonly path: string;
  /** What asks: a program in support/. */
  readonly client: string;
}

interface Load {
  readonly answers: number;
  readonly seconds: number;
  readonly cpuMs: number;
}

interface Comparison {
  readonly own: Load;
  readonly plain: Load;
  readonly bytes: number;
}

const ratePerSecond = ({ answers, seconds }: Load) => answers / seconds;
const cpuPerAnswer = ({ cpuMs, answers }: Load) => cpuMs / answers;

function figuresOf(name: string, { own, plain }: Comparison, bar?: Figure['bar']): readonly Figure[] {
  const beside = (of: (load: Load) => number) => ({
    value: of(own),
    baseline: { name: 'plain Fastify', value: of(plain) },
  });
  return [
    { name: `${name}: requests per second`, unit: '', ...beside(ratePerSecond), ...(bar && { bar }) },
    { name: '- CPU per request', unit: 'ms', ...beside(cpuPerAnswer) },
  ];
}

async function compare(context: TrialContext, program: Program, path: string): Promise<Comparison> {
  const client = 'load-client.ts';
  const maglevd = { program, port: apiPort, path, client };
  const answer = await fetch(apiUrl + path);
  const headers = [...answer.headers].filter(([name]) => !serverHeaders.includes(name));
  const bytes = Buffer.from(await answer.arrayBuffer());
  const plain = {
    program: await startPlain(context, bytes, Object.fromEntries(headers)),
    port: plainPort,
    path: '/',
    client,
  };
  const loads: [Load[], Load[]] = [[], []];
  for (const server of [plain, maglevd]) await ask(context, server, warmUpSeconds);
  for (let round = 0; round < rounds; round++) {
    loads[0].push(await load(context, plain));
    loads[1].push(await load(context, maglevd));
  }
  await plain.program.stop();
  return { own: medianLoad(loads[1]), plain: medianLoad(loads[0]), bytes: bytes.length };
}

/** Over HTTP/2 without TLS, as gRPC clients do; nothing where the daemon does not speak it. */
async function askGrpc(context: TrialContext, program: Program, rest: Load): Promise<readonly Figure[]> {
  const path = '/maglev.v1.MaglevService/GetBackend';
  const headers = { 'content-type': 'application/json' };
  const probe = await fetch(apiUrl + path, { method: 'POST', headers, body: '{"backend":"backend-0"}' });
  if (!probe.ok) return [];
  const server = { program, port: apiPort, path, client: 'grpc-load-client.ts' };
  await ask(context, server, warmUpSeconds);
  const loads: Load[] = [];
  for (let round = 0; round < rounds; round++) loads.push(await load(context, server));
  const own = medianLoad(loads);
  const name = 'GET one';
  const rate = { value: ratePerSecond(own), baseline: { name, value: ratePerSecond(rest) } };
  const cpu = { value: cpuPerAnswer(own), baseline: { name, value: cpuPerAnswer(rest) } };
  return [
    { name: 'gRPC GetBackend: calls per second', unit: '', ...rate },
    { name: '- CPU per call', unit: 'ms', ...cpu },
  ];
}

async function startPlain(
  { directory, processes, cpus }: TrialContext,
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<Program> {
  const file = join(directory, 'answer.json');
  writeFileSync(file, bytes);
  const args = [programPath('plain-server.ts'), file, String(plainPort), JSON.stringify(headers)];
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

async function load(context: TrialContext, server: Server): Promise<Load> {
  const seconds = context.seconds / sharesOfTime;
  context.progress(`${server.program.name}, ${server.path}: asking for ${seconds.toFixed(1)} s`);
  const before = readCpuTime(server.program.pid);
  const answers = await ask(context, server, seconds);
  const after = readCpuTime(server.program.pid);
  const cpuMs = after.userMs + after.systemMs - before.userMs - before.systemMs;
  return { answers, seconds, cpuMs };
}

async function ask({ processes, cpus }: TrialContext, server: Server, seconds: number): Promise<number> {
  const args = [programPath(server.client), server.port, server.path, connections, seconds].map(String);
  const client = processes.start({ name: 'load-client', cpu: cpus.target, command: process.execPath, args });
  if ((await client.ended()) !== 0) throw new BrokenRun(client.output());
  return Number(client.output());
}

/** The one of middle rate, so that what a neighbour spoils or spares does not count. */
function medianLoad(loads: readonly Load[]): Load {
  const sorted = loads.toSorted((a, b) => ratePerSecond(a) - ratePerSecond(b));
  const median = sorted[sorted.length >> 1];
  if (median === undefined) throw new BrokenRun('nothing was measured');
  return median;
}
