// Real processes on a loopback of our own: VPP as the simulator plays it, backends that do as they are told,
// and a maglevd between them. It must not know what is done to them.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FrontendJson } from '../../src/api/schemas.ts';
import type { LbStateJson } from '../../src/api/vpp-schemas.ts';
import {
  eventually,
  type GuardedProcess,
  makeDirectory,
  removeDirectory,
  spawnGuarded,
} from '../support/guarded-process.ts';
import { askHttp } from '../support/http-request.ts';
import type { Maglevd } from '../support/maglevd.ts';

const simulatorPath = fileURLToPath(new URL('../../bench/support/simulator-program.ts', import.meta.url));
const backendsPath = fileURLToPath(new URL('./backends.ts', import.meta.url));

/** Resolves with the program once it has said `ready`. */
async function startProgram(path: string, args: readonly string[], wrapper: readonly string[] = []) {
  const program = await spawnGuarded([...wrapper, process.execPath, path, ...args], { stdio: 'pipe' });
  const lines = createInterface({ input: program.child.stdout as NodeJS.ReadableStream });
  const said: string[] = [];
  lines.on('line', (line) => said.push(line));
  let errorText = '';
  program.child.stderr?.setEncoding('utf8').on('data', (text) => {
    errorText += text;
  });
  await eventually(`${path} is ready`, 60_000, () => {
    assert.equal(program.child.exitCode, null, errorText);
    return said.includes('ready') ? true : undefined;
  });
  return program;
}

export interface SimulatedVpp {
  readonly flags: readonly string[];
  readonly apiPath: string;
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL; its sockets stay as files. */
  kill(): Promise<void>;
  /** Another process takes its place, empty. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startVpp(): Promise<SimulatedVpp> {
  const directory = makeDirectory('rig-vpp');
  const [apiPath, statsPath] = [join(directory, 'api.sock'), join(directory, 'stats.sock')];
  const launch = () => {
    // As VPP does.
    for (const path of [apiPath, statsPath]) rmSync(path, { force: true });
    return startProgram(simulatorPath, [apiPath, statsPath]);
  };
  let program: GuardedProcess = await launch();
  return {
    apiPath,
    flags: ['--vpp-api-addr', apiPath, '--vpp-stats-addr', statsPath],
    get pid() {
      return program.pid;
    },
    signal: (signal) => void program.child.kill(signal),
    kill: () => program.kill(),
    async start() {
      program = await launch();
    },
    async stop() {
      await program.kill();
      removeDirectory(directory);
    },
  };
}

export interface Backends {
  readonly port: number;
  /** How an address answers from now on; see backends.ts. */
  set(address: string, behaviour: string): void;
  kill(): Promise<void>;
}

/** @param netns name of a namespace to answer in */
export async function startBackends(port: number, netns?: string): Promise<Backends> {
  const wrapper = netns === undefined ? [] : ['ip', 'netns', 'exec', netns];
  const program = await startProgram(backendsPath, [String(port)], wrapper);
  return {
    port,
    set: (address, behaviour) => void program.child.stdin?.write(`${address} ${behaviour}\n`),
    kill: () => program.kill(),
  };
}

export interface RigConfig {
  readonly port: number;
  readonly backendCount: number;
  readonly weight?: number;
  readonly netns?: string;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly addressOf?: (index: number) => string;
}

const perFrontend = 10;
export const backendAddress = (index: number) => `127.2.0.${index + 1}`;

/** Backends b0, b1, ... in frontends of ten, half of each in a standby pool. */
export function rigYaml({ port, backendCount, weight = 100, netns, ...times }: RigConfig): string {
  const { intervalMs = 2000, timeoutMs = 1500, addressOf = backendAddress } = times;
  const fastMs = Math.round(intervalMs / 2);
  const lines = ['maglev:'];
  if (netns !== undefined) lines.push(`  healthchecker: { netns: ${netns} }`);
  lines.push(
    '  vpp: { lb: { ipv4-src-address: 127.0.0.1, sync-interval: ' +
      '10s, startup-min-delay: 0s, startup-max-delay: 5s } }',
    '  healthchecks:',
    `    http-ok: { type: http, port: ${port}, interval: ${intervalMs}ms, fast-interval: ${fastMs}ms,`,
    `      down-interval: ${intervalMs}ms, timeout: ${timeoutMs}ms, rise: 2, fall: 2 }`,
    '  backends:',
  );
  for (let index = 0; index < backendCount; index++) {
    lines.push(`    b${index}: { address: ${addressOf(index)}, healthcheck: http-ok }`);
  }
  lines.push('  frontends:');
  for (let first = 0; first < backendCount; first += perFrontend) {
    const names = Array.from({ length: Math.min(perFrontend, backendCount - first) }, (_, i) => first + i);
    const pool = (part: readonly number[]) => part.map((i) => `b${i}: { weight: ${weight} }`).join(', ');
    const half = Math.ceil(names.length / 2);
    lines.push(
      `    f${first / perFrontend}:`,
      `      address: 127.1.0.${1 + first / perFrontend}`,
      '      protocol: tcp',
      '      port: 80',
      '      new-flows-table-length: 256',
      '      pools:',
      `        - { name: primary, backends: { ${pool(names.slice(0, half))} } }`,
    );
    const rest = names.slice(half);
    if (rest.length > 0) lines.push(`        - { name: standby, backends: { ${pool(rest)} } }`);
  }
  return `${lines.join('\n')}\n`;
}

/** Undefined: VPP, looked at now, holds what is desired. Else what is not so, or why it is not known. */
export async function findDifference(maglevd: Maglevd): Promise<string | undefined> {
  const answer = await maglevd.post('/vpp/lb/sync');
  if (answer.status !== 200) return answer.body;
  const { inSync, ...counts } = JSON.parse(answer.body) as Record<string, unknown>;
  if (inSync !== true || Object.values(counts).some((count) => count !== 0)) return answer.body;
  const { frontends } = await maglevd.api<{ frontends: readonly FrontendJson[] }>('/frontends');
  const state = await askHttp(`${maglevd.apiUrl}/api/v1/vpp/lb/state`);
  if (state.status !== 200) return state.body;
  const { vips } = JSON.parse(state.body) as LbStateJson;
  if (vips.length !== frontends.length) return `${vips.length} VIPs for ${frontends.length} frontends`;
  for (const frontend of frontends) {
    const vip = vips.find((one) => one.frontend === frontend.name);
    const wanted = frontend.pools.flatMap(({ backends }) => backends);
    const held = vip?.applicationServers ?? [];
    if (wanted.length !== held.length) return `${frontend.name}: ${held.length} of ${wanted.length} servers`;
    for (const { name, programmedWeight } of wanted) {
      const server = held.find(({ backend }) => backend === name);
      if (server?.weight !== programmedWeight) {
        return `${frontend.name} ${name}: ${server?.weight}, not ${programmedWeight}`;
      }
    }
  }
  return undefined;
}

/** Waits until VPP holds what is desired; throws with what is not so. */
export async function waitForSync(maglevd: Maglevd, patienceMs = 40_000): Promise<number> {
  const startMs = performance.now();
  let difference: string | undefined;
  await eventually('VPP holds what is desired', patienceMs, async () => {
    difference = await findDifference(maglevd);
    return difference === undefined ? true : undefined;
  }).catch((error: Error) => assert.fail(`${error.message}: ${difference}`));
  return performance.now() - startMs;
}
