// Takes a backend out for maintenance and back in, through the generated SDK: pauses it, waits until no frontend gives it
// weight and VPP no buckets, runs a command, resumes it. When something fails after the pause, the backend stays paused.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Backend, client, type Problem } from '../build/sdk/maglev.ts';

const usage = `drain-backend <backend> <reason> [command ...]

Environment
  MAGLEV_SERVER     where maglevd answers (http://localhost:9090)
  MAGLEV_USER       user and password, or
  MAGLEV_PASSWORD
  MAGLEV_TOKEN      a token; maglevd on the same machine wants neither
`;
const pollMs = 200;
const drainMsMax = 60_000;

/** Says where maglevd is and who we are; every call after it uses both. */
function configureClient(env: NodeJS.ProcessEnv): void {
  const username = env['MAGLEV_USER'];
  const password = env['MAGLEV_PASSWORD'];
  const bearer = env['MAGLEV_TOKEN'];
  client.configure({
    serverUrl: env['MAGLEV_SERVER'] ?? 'http://localhost:9090',
    clientHeader: false,
    timeout: 10_000,
    auth: {
      ...(username !== undefined && password !== undefined && { basic: { username, password } }),
      ...(bearer !== undefined && { bearer }),
    },
  });
}

/** Places that still send flows to the backend: `frontend/pool`. */
async function placesWithWeight({ name }: Backend): Promise<string[]> {
  const { frontends } = await client.listFrontends({ query: { backend: name } });
  return frontends.flatMap((frontend) =>
    frontend.pools
      .filter(({ backends }) =>
        backends.some(
          (entry) => entry.name === name && (entry.effectiveWeight > 0 || (entry.buckets ?? 0) > 0),
        ),
      )
      .map((pool) => `${frontend.name}/${pool.name}`),
  );
}

async function waitUntilDrained(backend: Backend): Promise<void> {
  const endMs = performance.now() + drainMsMax;
  for (;;) {
    const places = await placesWithWeight(backend);
    if (places.length === 0) return;
    if (performance.now() > endMs) {
      throw new Error(`${backend.name} still has weight in ${places.join(', ')}: it stays paused`);
    }
    await sleep(pollMs);
  }
}

function runCommand([command, ...args]: readonly string[]): void {
  if (command === undefined) return;
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) throw new Error(`${command}: ${error.message}: the backend stays paused`);
  if (status !== 0) throw new Error(`${command} ended with ${status ?? signal}: the backend stays paused`);
}

async function drain(name: string, reason: string, command: readonly string[]): Promise<void> {
  const { backends } = await client.listBackends();
  for (const backend of backends) console.log(`${backend.name} ${backend.state}`);
  const paused = await client.pauseBackend({ path: { backend: name }, body: { reason } });
  console.log(`${paused.name} is ${paused.state}: ${reason}`);
  await waitUntilDrained(paused);
  console.log(`${paused.name} has no weight in ${paused.frontends.join(', ') || 'any frontend'}`);
  runCommand(command);
  const resumed = await client.resumeBackend({ path: { backend: name }, body: { reason } });
  console.log(`${resumed.name} is ${resumed.state}`);
}

/** What went wrong in one line: a problem document says it itself. */
function describeFailure(error: unknown): string {
  if (error instanceof ApiError) {
    const problem = error.body as Partial<Problem> | undefined;
    return `${error.status} ${problem?.code ?? ''}: ${problem?.detail ?? error.statusText}`;
  }
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message || cause.name}` : error.message;
}

const [name, reason, ...command] = process.argv.slice(2);
if (name === undefined || reason === undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  configureClient(process.env);
  try {
    await drain(name, reason, command);
  } catch (error) {
    process.stderr.write(`drain-backend: ${describeFailure(error)}\n`);
    process.exitCode = 1;
  }
}
