// Puts together what a machine needs to run vpp-maglev, below a folder that stands for `/`: for the Debian package
// and for the container image alike. As a program: `node stage.ts ARCHITECTURE FOLDER`.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { bundle, rootDir } from './bundle.ts';
import { collectLicenses } from './licenses.ts';
import { type Architecture, runtimeFolder, targets } from './runtime.ts';

export const libDir = 'usr/lib/vpp-maglev';
export const docDir = 'usr/share/doc/vpp-maglev';
const buildDir = join(rootDir, 'build');

/** Room for new objects, three times as many MB: a probe leaves few behind. Saves a fifth of the memory. */
const smallHeap = '--max-semi-space-size=4';
/** Programs, as a shell finds them. `exec`: the service manager then talks with Node itself. */
const launchers: Readonly<Record<string, string>> = {
  'usr/sbin/maglevd': `${smallHeap} /${libDir}/maglevd.mjs`,
  'usr/sbin/maglevd-frontend': `/${libDir}/maglevd-frontend.mjs`,
  'usr/bin/maglevc': `/${libDir}/maglevc/maglevc.cjs`,
};

/** From the repository to the package, as they are. */
const copies: readonly (readonly [from: string, to: string])[] = [
  ['server/build/build-info.json', `${libDir}/build-info.json`],
  ['node_modules/@fastify/swagger-ui/static', `${libDir}/static`],
  ['web/dist', `${libDir}/web`],
  ['client/build', `${libDir}/maglevc`],
  ['debian/maglev.yaml', `usr/share/vpp-maglev/maglev.yaml`],
];

const stripWords = ['--strip-unneeded', '--remove-section=.comment', '--remove-section=.note'];

/** What is built before, by the workspaces' own recipes. */
export function buildParts(): void {
  for (const workspace of ['server', 'client', 'web']) {
    const words = ['run', '--silent', '--if-present', 'build', '--workspace', workspace];
    execFileSync('npm', words, { cwd: rootDir, stdio: 'inherit' });
  }
  const missing = copies.map(([from]) => from).filter((from) => !existsSync(join(rootDir, from)));
  if (missing.length > 0) throw new Error(`not built: ${missing.join(', ')}`);
}

function run(command: string, ...words: readonly string[]): void {
  execFileSync(command, words, { cwd: rootDir, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Fills `folder`, which must be new, for one architecture. Needs `buildParts`. */
export async function stage(architecture: Architecture, folder: string): Promise<void> {
  const place = (path: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    return join(folder, path);
  };
  const { triplet } = targets[architecture];
  const runtime = runtimeFolder(architecture, buildDir);
  const strip = (from: string, to: string) => run(`${triplet}-strip`, ...stripWords, '-o', to, from);
  strip(join(runtime, 'bin/node'), place(`${libDir}/node`));
  chmodSync(join(folder, libDir, 'node'), 0o755);
  const native = join(buildDir, `native-${architecture}`);
  run('make', '--silent', '-C', 'server/native', `CC=${triplet}-gcc`, `BUILD=${native}`);
  strip(join(native, 'maglev.node'), place(`${libDir}/maglev.node`));
  await bundle('server/src/main.ts', place(`${libDir}/maglevd.mjs`));
  await bundle('web/server/main.ts', place(`${libDir}/maglevd-frontend.mjs`));
  for (const [from, to] of copies) cpSync(join(rootDir, from), place(to), { recursive: true });
  writeManifest(place(`${libDir}/package.json`));
  for (const [path, program] of Object.entries(launchers)) {
    // Threads that allocate little need no arena each.
    const words = `export MALLOC_ARENA_MAX=1\nexec /${libDir}/node ${program} "$@"`;
    writeFileSync(place(path), `#!/bin/sh\n${words}\n`);
  }
  copyFileSync(join(runtime, 'LICENSE'), place(`${docDir}/LICENSE.nodejs`));
  writeFileSync(place(`${docDir}/LICENSES.npm`), collectLicenses());
  // Compiled code of maglevc is for one processor, and never the same twice: the package's postinst makes it.
  rmSync(join(folder, libDir, 'maglevc/program.cache'), { force: true });
  setModes(folder);
}

/** Name and version, as the sources read them from their own manifest. */
function writeManifest(path: string): void {
  const { version, homepage } = JSON.parse(readFileSync(join(rootDir, 'server/package.json'), 'utf8'));
  writeFileSync(path, `${JSON.stringify({ name: 'vpp-maglev', version, homepage, type: 'module' })}\n`);
}

/** Independent of the umask: programs 755, all else 644. */
function setModes(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isProgram = /\/usr\/s?bin\//.test(path) || basename(path) === 'node';
    chmodSync(path, entry.isDirectory() || isProgram ? 0o755 : 0o644);
  }
}

if (import.meta.main) {
  const [architecture, folder] = process.argv.slice(2);
  if (!architecture || !(architecture in targets) || !folder) {
    throw new Error(`usage: stage.ts ${Object.keys(targets).join('|')} FOLDER`);
  }
  buildParts();
  await stage(architecture as Architecture, resolve(folder));
}
