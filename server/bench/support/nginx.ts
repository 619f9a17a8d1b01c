// What is probed: one nginx with one worker that answers 200 on every loopback address.
// It must not know who probes it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TrialContext } from '../trial.ts';
import { waitUntil } from './process-group.ts';

export const httpPort = 8080;
export const httpsPort = 8443;
const startPatienceMs = 10_000;

function configText(directory: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${directory}/${name};`,
  );
  // In a namespace made without root there is no other user to change to.
  return `daemon off;
user root;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
${temporary.join('\n')}
  access_log off;
  ssl_certificate ${directory}/bench.pem;
  ssl_certificate_key ${directory}/bench.key;
  # Every handshake is a whole one, whoever comes.
  ssl_session_cache off;
  ssl_session_tickets off;
  server {
    listen ${httpPort} backlog=4096;
    listen ${httpsPort} ssl backlog=4096;
    location / { return 200 "ok\\n"; }
  }
}
`;
}

/** Starts it on the target's processor; resolves once it accepts connections. */
export async function startNginx({ directory, processes, cpus }: TrialContext): Promise<void> {
  mkdirSync(directory, { recursive: true });
  writeCertificate(directory);
  const path = join(directory, 'nginx.conf');
  writeFileSync(path, configText(directory));
  const args = ['-p', directory, '-e', 'stderr', '-c', path];
  const program = processes.start({ name: 'nginx', cpu: cpus.target, command: 'nginx', args });
  await waitUntil('nginx accepts connections', program, startPatienceMs, () => accepts(httpPort));
}

function writeCertificate(directory: string): void {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const files = ['-keyout', join(directory, 'bench.key'), '-out', join(directory, 'bench.pem')];
  const request = ['req', '-x509', '-nodes', '-days', '2', '-subj', '/CN=bench', ...curve, ...files];
  execFileSync('openssl', request, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
