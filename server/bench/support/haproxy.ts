// The baseline of TCP, HTTP and HTTPS probes: HAProxy that does nothing but check servers, on one thread.
// It must not know maglevd.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TrialContext } from '../trial.ts';
import { backendAddress } from './maglev-yaml.ts';
import { type Program, waitUntil } from './process-group.ts';

const startPatienceMs = 30_000;

export interface HaproxyOptions {
  readonly count: number;
  readonly port: number;
  /** Lines of the backend that say how to check, e.g. `option httpchk GET /`. */
  readonly backendLines: readonly string[];
  /** More words for every server, e.g. `check-ssl verify none`. */
  readonly serverWords: string;
}

function configText(options: HaproxyOptions, directory: string): string {
  const servers = Array.from(
    { length: options.count },
    (_, index) => `  server s${index} ${backendAddress(index)}:${options.port}`,
  );
  return `global
  nbthread 1
  stats socket ${directory}/haproxy.sock mode 600 level admin
defaults
  mode tcp
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  timeout check 1s
frontend idle
  bind unix@${directory}/idle.sock
  default_backend bench
backend bench
${options.backendLines.map((line) => `  ${line}`).join('\n')}
  default-server check inter 1s rise 2 fall 3 ${options.serverWords}
${servers.join('\n')}
`;
}

/** Starts it on the prober's processor; resolves once every server was checked and is up. */
export async function startHaproxy(context: TrialContext, options: HaproxyOptions): Promise<Program> {
  const { directory, processes, cpus } = context;
  const path = join(directory, 'haproxy.cfg');
  writeFileSync(path, configText(options, directory));
  const args = ['-db', '-f', path];
  const program = processes.start({ name: 'haproxy', cpu: cpus.prober, command: 'haproxy', args });
  await waitUntil('HAProxy has all servers up', program, startPatienceMs, async () => {
    const servers = await readServers(directory);
    return servers.filter(({ isChecked }) => isChecked).length === options.count;
  });
  return program;
}

/** Checks of servers that were up and did not pass, since the start. */
export async function countFailedChecks(directory: string): Promise<number> {
  return (await readServers(directory)).reduce((sum, { failedCount }) => sum + failedCount, 0);
}

interface ServerStatus {
  readonly isChecked: boolean;
  readonly failedCount: number;
}

async function readServers(directory: string): Promise<readonly ServerStatus[]> {
  const csv = await ask(join(directory, 'haproxy.sock'), 'show stat bench 4 -1');
  const [heading = '', ...lines] = csv.trim().split('\n');
  const names = heading.replace(/^# /, '').split(',');
  const field = (line: string, name: string) => line.split(',')[names.indexOf(name)] ?? '';
  return lines.map((line) => ({
    isChecked: field(line, 'status') === 'UP' && /^L\dOK$/.test(field(line, 'check_status')),
    failedCount: Number(field(line, 'chkfail')),
  }));
}

/** An answer of no text while the socket is not there yet. */
async function ask(path: string, command: string): Promise<string> {
  const socket = connect(path);
  socket.write(`${command}\n`);
  try {
    return await text(socket);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return '';
    throw error;
  }
}
