// Real maglevt processes, and configurations for them.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const launcher: string = fileURLToPath(new URL('../../bin/maglevt', import.meta.url));

export interface TestVip {
  readonly name: string;
  readonly address?: string;
  readonly port: number;
  readonly protocol?: 'tcp' | 'udp';
  readonly type?: 'http' | 'https' | 'tcp';
}

/** Writes a maglev.yaml that lives as long as the test; gives its path. */
export function writeConfig(t: TestContext, vips: readonly TestVip[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'maglevt-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'maglev.yaml');
  writeFileSync(path, configText(vips));
  return path;
}

export function configText(vips: readonly TestVip[]): string {
  const checks = vips.map(
    ({ name, port, type = 'http' }) => `    ${name}: { type: ${type}, port: ${port} }\n`,
  );
  const backendOf = ({ address = '' }: TestVip) => (address.includes(':') ? '"2001:db8::1"' : '192.0.2.1');
  const backends = vips.map(
    (vip) => `    ${vip.name}: { address: ${backendOf(vip)}, healthcheck: ${vip.name} }\n`,
  );
  const frontends = vips.map(({ name, address = '127.0.0.1', protocol = 'tcp', port }) => {
    const pool = `{ name: p, backends: { ${name}: {} } }`;
    const place = `address: "${address}", protocol: ${protocol}, port: ${port}`;
    return `    ${name}: { ${place}, pools: [ ${pool} ] }\n`;
  });
  return `maglev:
  vpp: { lb: { ipv4-src-address: 192.0.2.9, ipv6-src-address: "2001:db8::9" } }
  healthchecks:
${checks.join('')}  backends:
${backends.join('')}  frontends:
${frontends.join('')}`;
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves once `pattern` has been written to standard output. */
  awaitOutput(pattern: RegExp): Promise<void>;
  readonly ended: Promise<Run>;
}

export function startMaglevt(t: TestContext, words: readonly string[]): Running {
  const child = spawn(launcher, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watcher of watchers) watcher();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<Run>();
  child.on('close', (code) => end({ code, stdout, stderr }));
  return {
    child,
    ended,
    awaitOutput(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const look = () => {
        if (pattern.test(stdout)) resolve();
      };
      watchers.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without ${pattern}: ${stderr}${stdout}`)));
      return promise;
    },
  };
}

export const runMaglevt = (t: TestContext, ...words: readonly string[]): Promise<Run> =>
  startMaglevt(t, words).ended;
