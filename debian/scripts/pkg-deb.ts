// `npm run pkg-deb`: the Debian packages of every architecture, into build/. Arguments: the architectures wanted;
// none: all. What is not of this machine's architecture needs Debian's cross compiler, and the registry once.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rootDir } from './bundle.ts';
import { writeDeb } from './deb.ts';
import { type Architecture, targets } from './runtime.ts';
import { buildParts, stage } from './stage.ts';

const bytesMax = 35 * 1024 * 1024;

function needTools(architectures: readonly Architecture[]): void {
  const tools = architectures.flatMap((each) => {
    const { triplet } = targets[each];
    return [`${triplet}-gcc`, `${triplet}-strip`];
  });
  for (const tool of ['dpkg-deb', 'make', ...tools]) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' });
    } catch (error) {
      const packages = 'apt-get install dpkg-dev make gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross';
      throw new Error(`${tool} is missing: ${packages}`, { cause: error });
    }
  }
}

function commitSeconds(): number {
  const { SOURCE_DATE_EPOCH: given } = process.env;
  if (given !== undefined) return Number(given);
  const words = ['log', '-1', '--format=%ct'];
  return Number(execFileSync('git', words, { cwd: rootDir, encoding: 'utf8' }));
}

async function main(words: readonly string[]): Promise<void> {
  const unknown = words.find((word) => !(word in targets));
  if (unknown !== undefined) throw new Error(`no such architecture: ${unknown}`);
  const architectures = (words.length > 0 ? words : Object.keys(targets)) as Architecture[];
  needTools(architectures);
  const { version } = JSON.parse(readFileSync(join(rootDir, 'package.json'), 'utf8'));
  const dateSeconds = commitSeconds();
  mkdirSync(join(rootDir, 'build'), { recursive: true });
  buildParts();
  for (const architecture of architectures) {
    const folder = join(rootDir, 'build', `stage-${architecture}`);
    const outfile = join(rootDir, 'build', `vpp-maglev_${version}_${architecture}.deb`);
    rmSync(folder, { recursive: true, force: true });
    await stage(architecture, folder);
    writeDeb({ architecture, version, dateSeconds, folder, outfile });
    rmSync(folder, { recursive: true });
    const { size } = statSync(outfile);
    process.stdout.write(`${relative(rootDir, outfile)}: ${(size / 1e6).toFixed(1)} MB\n`);
    if (size > bytesMax) throw new Error(`${outfile} is larger than ${bytesMax} bytes`);
  }
}

await main(process.argv.slice(2));
